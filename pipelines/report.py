"""`keep3r report`: results as one page for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError
from keep3r_replay.extras import CHARTS, need

from .config import Store, load_config, setting
from .named import NAMES, AddressBook, book_beside

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.rooms import Pages

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

    results: str = setting(
        "folder of the results: of a replay with ledger=true, or of a what-if", default="results", store=Store.STAGED
    )
    lake: str | None = setting(
        "the lake that they were made from, for pages that tell more with it", default=None, store=Store.READ
    )
    report: str = setting("the page to write; a former one is replaced", default="report.html")
    job: str = setting("only this job: its address, the beginning of it, or its name", default="")
    keeper: str = setting("only this keeper: its address, the beginning of it, or its name", default="")
    names: str | None = setting(NAMES, default=None)
    charts: str | None = setting("folder for each chart as a file of its own; none: no files", default=None)
    format: Format = setting("format of those files", default=Format.png)
    width: Width = setting("wide for a desk, narrow for a phone", default=Width.wide)


def main(argv: list[str]) -> int:
    """Write the report; return the exit code. Raises `UsageError` for a protocol without a page."""
    config = load_config("report", ReportConfig, argv, summary=SUMMARY)
    need(CHARTS, "the report")
    from keep3r_replay.replay.results import check_whole

    results = Path(config.results)
    check_whole(results)
    protocol, pages = _pages(results)
    page = write_page(config)
    from keep3r_replay.replay.results import manifest_of
    from keep3r_replay.report.charts import NARROW, WIDE, write_pictures

    what_if = ", a what-if" if manifest_of(results)["configuration"].get("mode") == "what_if" else ""
    print(f"report {config.report}: {protocol.title}{what_if}, {page / 1e6:.1f} MB")
    if config.charts is not None:
        width = WIDE if config.width is Width.wide else NARROW
        charts = pages.charts(results, _subject(config))
        files = write_pictures(charts, Path(config.charts), config.format.value, width)
        print(f"charts {config.charts}: {counted(len(files), 'file')}")
    return 0


def write_page(config: ReportConfig, mark: str = "") -> int:
    """Write the page, with a mark at its end that only a program sees; returns its size in bytes.

    Raises:
        UsageError: the protocol has no page, the file is somebody's, or charts are not installed.
    """
    need(CHARTS, "the report")
    from keep3r_replay.lake.writer import write_bytes
    from keep3r_replay.report.named import linked, named
    from keep3r_replay.report.page import GENERATOR

    from .foreign import refuse_foreign

    refuse_foreign(Path(config.report), GENERATOR, "report")
    results = Path(config.results)
    _, pages = _pages(results)
    lake, book = _lake(config), _book(config)
    explorer = "" if lake is None else book.explorers.get(lake.deployment.chain_id, "")
    page = linked(named(pages.page(results, lake, _subject(config)), book.names), explorer).encode() + mark.encode()
    write_bytes(Path(config.report), page)
    return len(page)


def _subject(config: ReportConfig) -> str:
    """Whom the page is about alone: the beginning of a job's address, or `keeper ` and of a keeper's; empty: all.

    Raises:
        UsageError: both are named, or a name is nobody's.
    """
    if config.job and config.keeper:
        raise UsageError("job= or keeper=: a page is about one of them, or about all")
    book = _book(config)
    return f"keeper {book.address(config.keeper, 'keeper')}" if config.keeper else book.address(config.job, "job")


def _book(config: ReportConfig) -> AddressBook:
    return book_beside(Path(config.results), config.lake, config.names)


def _lake(config: ReportConfig) -> Lake | None:
    """The lake named; the bundled sample, if none is named and the results are of it."""
    if config.lake is not None:
        return keep3r_replay.open_lake(config.lake)
    from keep3r_replay.replay.results import manifest_of

    sample = keep3r_replay.open_lake(None)
    content = (sample.path / "manifest.json").read_bytes()
    same = manifest_of(Path(config.results)).get("inputs", {}).get("manifest.json")
    return sample if hashlib.sha256(content).hexdigest() == same else None


def _pages(results: Path) -> tuple[Protocol, Pages]:
    """The protocol of results, and its pages. Raises `UsageError` if it has none."""
    from keep3r_replay.protocols.registry import protocol_of_results
    from keep3r_replay.replay.results import manifest_of

    protocol = protocol_of_results(manifest_of(results))
    if protocol.pages is None:
        raise UsageError(f"there is no page of {protocol.title}")
    return protocol, protocol.pages
