"""Charts of the notebook's scenarios, replayed. `python -m tests.notebook.charts docs/images` draws the docs'."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.report.figures import credits_chart
from keep3r_replay.protocols.keep3r_v2.report.series import Point, Series
from keep3r_replay.report.charts import picture
from tests.notebook.inference import Inferred, infer, start
from tests.notebook.market import PERIOD
from tests.notebook.trace import VIEWS, Trace, read_traces

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUR = 3_600


def series_of(trace: Trace, known: Inferred) -> Series:
    """The curve of a scenario, hour by hour and around every event."""
    return Series(list(_points(trace, known)), trace.works, trace.rewarded_at, trace.periods)


def _points(trace: Trace, known: Inferred) -> Iterator[Point]:
    market = start(trace, known)
    times = [time for time, _ in trace.samples[VIEWS[0]]]
    begins, ends = times[0], times[-1]
    boundaries = [time for time in trace.periods if begins < time <= ends]
    turns = [*boundaries, *(time + PERIOD for time in trace.rewarded_at if begins < time + PERIOD <= ends)]
    moments = {*range(begins, ends, _HOUR), *turns, *(time - 1 for time in turns), ends}
    works = dict(zip(trace.works, known.payments, strict=True))
    for now in sorted({*moments, *works}):
        yield Point(now, *market.views(now))
        if now in works:
            market.earn(now, works[now])
            market.pay(now, works[now])
            yield Point(now, *market.views(now))


def file_name(trace: Trace) -> str:
    """The chart's file."""
    return f"notebook-{trace.name.replace(' ', '-')}.svg"


def write(folder: Path) -> list[Path]:
    """Draw every scenario into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for trace in read_traces():
        files.append(folder / file_name(trace))
        files[-1].write_bytes(picture(credits_chart(series_of(trace, infer(trace)))))
    return files


if __name__ == "__main__":
    print("\n".join(map(str, write(Path(sys.argv[1])))))
