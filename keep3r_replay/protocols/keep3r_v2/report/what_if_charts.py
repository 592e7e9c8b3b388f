"""Which charts the page of a what-if has: one list for the page and for files alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.report.charts import KEEPERS_SHOWN
from keep3r_replay.protocols.keep3r_v2.report.comparison_figures import comparison_chart
from keep3r_replay.protocols.keep3r_v2.report.keeper_figures import pairs_chart
from keep3r_replay.protocols.keep3r_v2.report.words import SIDES, most_keepers
from keep3r_replay.replay.rooms import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import WhatIfResults

_MARKS = "On the axis works that revert, are dropped or added; the dotted line: where the two part."
_PAID = "paid so far, KP3R"
AT_WORKS = "Between works nothing is drawn as it was: with ledger=true the curve shows the credits at any time."


def paid_chart(results: WhatIfResults) -> Chart | None:
    """What all jobs together paid; None where no works are kept."""
    if results.works is None or results.works.is_empty():
        return None
    caption = f"KP3R paid by all jobs up to each time. {_MARKS}"
    return Chart("paid", caption, comparison_chart(results.paid(), _PAID, steps=True))


def job_charts(results: WhatIfResults, job: str) -> Iterator[Chart]:
    """The charts of one job; none where no works are kept."""
    if results.works is None:
        return
    what = "Credits in total" if results.has_curves else "Credits as each work found and left them"
    note = "" if results.has_curves else f" {AT_WORKS}"
    yield Chart(
        f"credits-{job}",
        f"{what}, in KP3R. {_MARKS}{note}",
        comparison_chart(results.credits(job), "credits, KP3R", steps=False),
    )
    yield Chart(
        f"paid-{job}",
        f"KP3R paid by the job up to each time. {_MARKS}",
        comparison_chart(results.paid(job), _PAID, steps=True),
    )


def keeper_chart(results: WhatIfResults) -> Chart | None:
    """What keepers were paid on both sides; None if nobody was."""
    paid = [row for row in results.keepers if row["paid_baseline"] or row["paid_what_if"]]
    paid.sort(key=lambda row: (-max(row["paid_baseline"], row["paid_what_if"]), row["keeper"]))
    shown = paid[:KEEPERS_SHOWN]
    if not shown:
        return None
    names = [row["keeper"] for row in shown]
    pairs = {words: ([row[f"paid_{side}"] for row in shown], colour) for side, (words, colour) in SIDES.items()}
    caption = f"KP3R paid to {most_keepers(len(shown), 'was', 'were')} paid most on either side."
    return Chart("keepers", caption, pairs_chart(names, pairs, "KP3R"))


def all_charts(results: WhatIfResults, jobs: list[str]) -> list[Chart]:
    """Every chart of a page for these jobs."""
    charts = [paid_chart(results), *(chart for job in jobs for chart in job_charts(results, job))]
    return [chart for chart in [*charts, keeper_chart(results)] if chart is not None]
