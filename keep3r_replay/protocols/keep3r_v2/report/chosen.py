"""Which page a folder of results has, and of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.report.charts import report_charts
from keep3r_replay.protocols.keep3r_v2.report.keeper_page import keeper_work_chart, make_keeper_report
from keep3r_replay.protocols.keep3r_v2.report.page import JOBS_SHOWN, make_report
from keep3r_replay.protocols.keep3r_v2.report.results import Results
from keep3r_replay.protocols.keep3r_v2.report.what_if_charts import all_charts
from keep3r_replay.protocols.keep3r_v2.report.what_if_page import make_what_if_report
from keep3r_replay.protocols.keep3r_v2.report.what_if_results import WhatIfResults, what_if_summary
from keep3r_replay.protocols.keep3r_v2.statements.ends import ends
from keep3r_replay.protocols.keep3r_v2.statements.job import card_of
from keep3r_replay.protocols.keep3r_v2.statements.overpaid import compared_works

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.statements.job import JobCard
    from keep3r_replay.replay.rooms import Chart

_KEEPER = "keeper "
_OF = " of "


def page_of(folder: Path, lake: Lake | None, subject: str) -> str:
    """The page. Raises `InputError` and `UsageError` as `replay.rooms.Pages.page`."""
    summary = what_if_summary(folder)
    if summary is not None:
        what_if = WhatIfResults(folder, summary)
        return make_what_if_report(what_if, _jobs_of_what_if(what_if, subject), lake)
    results = Results(folder)
    if subject.startswith(_KEEPER):
        keeper = results.chosen(subject.removeprefix(_KEEPER), "keeper")
        works = results.tables["works"].filter(pl.col("keeper") == keeper)
        return make_keeper_report(results, keeper, None if lake is None else compared_works(lake, works), lake)
    jobs = [results.chosen(subject)] if subject else results.jobs()[:JOBS_SHOWN]
    return make_report(results, jobs, _cards(results, lake, jobs), alone=bool(subject), lake=lake)


def charts_of(folder: Path, subject: str) -> Sequence[Chart]:
    """The charts of that page."""
    summary = what_if_summary(folder)
    if summary is not None:
        what_if = WhatIfResults(folder, summary)
        return all_charts(what_if, _jobs_of_what_if(what_if, subject))
    results = Results(folder)
    if subject.startswith(_KEEPER):
        chart = keeper_work_chart(results, results.chosen(subject.removeprefix(_KEEPER), "keeper"))
        return [chart] if chart else []
    return report_charts(results, [results.chosen(subject)] if subject else results.jobs()[:JOBS_SHOWN], bool(subject))


def _jobs_of_what_if(what_if: WhatIfResults, subject: str) -> list[str]:
    if subject.startswith(_KEEPER):
        raise UsageError("a page of a what-if is about jobs; leave keeper= out")
    return [what_if.chosen(subject)] if subject else what_if.jobs_by_difference()[:JOBS_SHOWN]


def _cards(results: Results, lake: Lake | None, jobs: Sequence[str]) -> list[JobCard]:
    """Cards of these jobs, as their contracts' state at the end tells them; none without the lake."""
    if lake is None:
        return []
    plain = {name: _plain(frame) for name, frame in results.tables.items()}
    last = results.summary["blocks"][1]
    found = {end.address: end for end in ends(lake, plain, last, results.folder)}
    cards = []
    for job in jobs:
        address, _, contract = job.partition(_OF)
        end = found[contract] if contract else next(iter(found.values()))
        if address not in end.tables["job_states"]["job"]:
            return []
        cards.append(card_of(end, address))
    return cards


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Jobs by their address alone again, where `told_apart` named their contract."""
    if not {"keep3r", "job"} <= set(frame.columns):
        return frame
    return frame.with_columns(pl.col("job").str.split(_OF).list.first())
