"""`keep3r report`: results as one page for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pipelines.config import load_config, setting

SUMMARY = "Write results (with ledger=true, or of a what-if) as one HTML file that opens offline; charts as files too."


class Format(Enum):
    """How charts are written."""

    png = "png"
    svg = "svg"


class Width(Enum):
    """For which screen charts are drawn."""

    wide = "wide"
    narrow = "narrow"


@dataclass(frozen=True)
class ReportConfig:
    """Settings of `keep3r report`."""

    results: str = setting("folder of the results: of a replay with ledger=true, or of a what-if", default="results")
    report: str = setting("the page to write; a former one is replaced", default="report.html")
    job: str = setting("only this job: its address or the beginning of it", default="")
    charts: str | None = setting("folder for each chart as a file of its own; none: no files", default=None)
    format: Format = setting("format of those files", default=Format.png)
    width: Width = setting("wide for a desk, narrow for a phone", default=Width.wide)


def main(argv: list[str]) -> int:
    """Write the report; return the exit code."""
    config = load_config("report", ReportConfig, argv, summary=SUMMARY)
    from keep3r_replay.lake.writer import write_bytes
    from keep3r_replay.protocols.keep3r_v2.report.charts import write_charts
    from keep3r_replay.protocols.keep3r_v2.report.page import JOBS_SHOWN, make_report
    from keep3r_replay.protocols.keep3r_v2.report.results import Results
    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import what_if_summary
    from keep3r_replay.report.drawing import NARROW, WIDE
    from keep3r_replay.report.html import GENERATOR
    from pipelines.foreign import refuse_foreign

    refuse_foreign(Path(config.report), GENERATOR, "report")
    size = WIDE if config.width is Width.wide else NARROW
    what_if = what_if_summary(Path(config.results))
    if what_if is not None:
        return _report_what_if(config, what_if, size)
    results = Results(Path(config.results))
    jobs = [results.chosen(config.job)] if config.job else results.jobs()[:JOBS_SHOWN]
    page = make_report(results, jobs).encode()
    write_bytes(Path(config.report), page)
    print(f"report {config.report}: {len(jobs)} of {len(results.jobs())} jobs, {len(page) / 1e6:.1f} MB")
    if config.charts is not None:
        files = write_charts(results, jobs, Path(config.charts), config.format.value, size)
        print(f"charts {config.charts}: {len(files)} files")
    return 0


def _report_what_if(config: ReportConfig, summary: dict[str, Any], size: tuple[float, float]) -> int:
    from keep3r_replay.lake.writer import write_bytes
    from keep3r_replay.protocols.keep3r_v2.report.charts import write_pictures
    from keep3r_replay.protocols.keep3r_v2.report.page import JOBS_SHOWN
    from keep3r_replay.protocols.keep3r_v2.report.what_if_charts import all_charts
    from keep3r_replay.protocols.keep3r_v2.report.what_if_page import make_what_if_report
    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import WhatIfResults

    results = WhatIfResults(Path(config.results), summary)
    ordered = results.jobs_by_difference()
    jobs = [results.chosen(config.job)] if config.job else ordered[:JOBS_SHOWN]
    page = make_what_if_report(results, jobs).encode()
    write_bytes(Path(config.report), page)
    print(f"report {config.report}: a what-if, {len(jobs)} of {len(ordered)} jobs, {len(page) / 1e6:.1f} MB")
    if config.charts is not None:
        files = write_pictures(all_charts(results, jobs), Path(config.charts), config.format.value, size)
        print(f"charts {config.charts}: {len(files)} files")
    return 0
