"""Print what the audit makes of single changes: `python -m tests.mutations RECORDING... seed=1 per_kind=2`.

Each change is audited with the readings of the blocks after it, and again without any. Further options: `kinds=TEXT`
takes the kinds whose names hold a text. `skip=M most=N` takes the changes from the M-th on up to the N-th, in an order
of chance; `log=PATH` appends two lines a change, and without a recording prints the tables of all that a log tells: so
a long run can be made in parts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits import audit
from histories import History
from lakes import imported

from keep3r_replay.lake.reader import Lake
from mutations.kinds import mutations
from mutations.reasons import reason
from mutations.table import tables
from mutations.trial import trial
from mutations.tried import WITH, WITHOUT, Tried, append, read, tried
from mutations.verdicts import LATE, MISSED

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(arguments: list[str]) -> int:
    """Make the changes and print the tables; 1 if a change was missed or late and nothing says why it must be."""
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    recordings = [Path(argument) for argument in arguments if "=" not in argument]
    log = Path(options["log"]) if "log" in options else None
    lines: list[Tried] = [] if recordings or log is None else list(read(log))
    for recording in recordings:
        for both in _trials(recording, options):
            lines += both
            if log is not None:
                append(log, both)
    print("\n".join(tables(lines)))
    return int(any(line.verdict in {LATE, MISSED} and not reason(line.kind) for line in lines))


def _trials(recording: Path, options: dict[str, str]) -> Iterator[list[Tried]]:
    history, clean = History(recording), audit(Lake.open(imported(recording)))
    random = Random(f"{options.get('seed', '1')} {recording.name}")
    chosen = [
        mutation
        for mutation in mutations(history, clean, random, int(options.get("per_kind", "1")))
        if options.get("kinds", "") in mutation.kind
    ]
    random.shuffle(chosen)
    for mutation in chosen[int(options.get("skip", "0")) : int(options.get("most", len(chosen)))]:
        with tempfile.TemporaryDirectory() as folder:
            outcomes = trial(history, mutation, Path(folder) / "trial")
        yield [tried(recording.name, *each) for each in zip((WITH, WITHOUT), outcomes, strict=True)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
