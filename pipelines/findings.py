"""`keep3r findings`: what a replay found, by root cause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

from .config import load_config, setting
from .named import NAMES, book_beside

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.report.loaded import Loaded
    from keep3r_replay.report.root_causes import RootCause, Shown

SUMMARY = """Show what a replay found, by root cause: expected, observed, difference, transaction, what to type next.
Ends with 3 if there are findings, and with 0 if there are none but notices."""
FINDINGS = 3
_SHOWN = 20


@dataclass(frozen=True)
class FindingsConfig:
    """Settings of `keep3r findings`."""

    results: str = setting("folder of the results of a replay", default="results")
    lake: str | None = setting(
        "the lake that they are of, for dates and commands; the sample if it is that", default=None
    )
    number: int | None = setting("only the root cause of this finding", default=None)
    kind: str = setting("only root causes of this kind, as payment_mismatch", default="")
    all: bool = setting("also every finding that follows, and every root cause", default=False)
    names: str | None = setting(NAMES, default=None)
    export: str | None = setting("also write all findings to this file: .csv, .json, .parquet or .xlsx", default=None)


def main(argv: list[str]) -> int:
    """Print the findings; return the exit code. Raises `UsageError` for a number or a kind that there is not."""
    config = load_config("findings", FindingsConfig, argv, summary=SUMMARY)
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    from keep3r_replay.journal import NOTICE
    from keep3r_replay.report.loaded import load_results
    from keep3r_replay.report.root_causes import cause_lines, root_causes

    results = load_results(Path(config.results))
    if "findings" not in results.tables:
        raise UsageError(f"{config.results}: a what-if has no findings; keep3r compare tells two results apart")
    causes = root_causes(results.tables["findings"])
    shown = _shown(config, results)
    wanted = _wanted(config, causes)
    told = wanted if config.all else wanted[:_SHOWN]
    print("\n\n".join("\n".join(cause_lines(each, shown, every=config.all)) for each in told) or "nothing was found")
    if len(told) < len(wanted):
        print(f"\nand {len(wanted) - len(told):,} more: all=true shows them, export=FILE writes them")
    if config.export is not None:
        _export(results, shown, Path(config.export))
    return 0 if all(each.finding["severity"] == NOTICE for each in causes) else FINDINGS


def _wanted(config: FindingsConfig, causes: list[RootCause]) -> list[RootCause]:
    """The root causes that are asked for."""
    kinds = sorted({each.finding["kind"] for each in causes})
    if config.kind and config.kind not in kinds:
        raise UsageError(
            f"kind={config.kind[:60]}: no root cause is of that kind; there are {', '.join(kinds) or 'none'}"
        )
    found = [each for each in causes if not config.kind or each.finding["kind"] == config.kind]
    if config.number is None:
        return found
    numbered = [
        each for each in found if config.number in {each.finding["number"], *(row["number"] for row in each.following)}
    ]
    if not numbered:
        raise UsageError(f"number={config.number}: there is no such finding; they are counted from 1")
    return numbered


def _shown(config: FindingsConfig, results: Loaded) -> Shown:
    """What is known beside the findings: more with the lake than without. Raises `UsageError` for another lake."""
    from keep3r_replay.replay.moments import times_of
    from keep3r_replay.report.root_causes import Shown, explained_places, parties_in

    lake = _lake(config, results)
    blocks = results.tables["findings"]["block_number"].unique().to_list()
    named = "" if lake is not None and config.lake is None else f"lake={config.lake or 'FOLDER'}"
    return Shown(
        named,
        {} if lake is None else times_of(lake, blocks),
        explained_places(results.tables),
        parties_in(results.tables),
        book_beside(results.folder, config.lake, config.names),
        0 if lake is None else lake.deployment.chain_id,
    )


def _lake(config: FindingsConfig, results: Loaded) -> Lake | None:
    """The lake of the results: that which is named, or the sample if they are of it; None if nobody says."""
    from keep3r_replay.api import SAMPLE
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.results import lake_fingerprint

    lake = Lake.open(config.lake or SAMPLE)
    if lake_fingerprint(lake) == results.manifest.get("inputs"):
        return lake
    if config.lake is not None:
        raise UsageError(f"lake={config.lake}: {config.results} are not results of this lake as it is now")
    return None


def _export(results: Loaded, shown: Shown, target: Path) -> None:
    from keep3r_replay.report.export import export_table, with_names
    from keep3r_replay.report.root_causes import findings_export

    export_table(with_names(findings_export(results.tables["findings"], shown), shown.book.names), target)
    print(f"\ntable       {target}")
