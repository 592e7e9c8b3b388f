"""`keep3r state`: what a contract held of its jobs and keepers at the end of a block."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError

from .config import Store, load_config, setting
from .named import NAMES, book_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

SUMMARY = """Print the state at the end of a block as JSON: one job or keeper, or an overview. Amounts are in wei.
Of KUMA: one category, bond or account."""


@dataclass(frozen=True)
class StateConfig:
    """Settings of `keep3r state`."""

    block: int | None = setting("the block at whose end the state is asked for, or say at", default=None)
    at: str | None = setting(
        "a day, 2022-05-01 (as it begins), or a time, UTC: the last block not after it", default=None
    )
    lake: str | None = setting(
        "folder of the lake; the bundled sample if none is named", default=None, store=Store.READ
    )
    results: str = setting(
        "results of a replay of this lake, whose snapshots save most of the way", default="results", store=Store.STAGED
    )
    job: str | None = setting("address of a job", default=None)
    keeper: str | None = setting("address of a keeper", default=None)
    category: str | None = setting("of KUMA: a category, by its country, or currency/country/term", default=None)
    bond: str | None = setting("of KUMA: the number of a bond", default=None)
    account: str | None = setting("of KUMA: address of a holder", default=None)
    names: str | None = setting(NAMES, default=None)
    export: str | None = setting(
        "also write the state, a row for each value, to this file: .csv, .json, .parquet or .xlsx", default=None
    )
    keep3r: str | None = setting("address of the Keep3r contract; that in force at the block if none", default=None)


def main(argv: list[str]) -> int:
    """Print one state; return the exit code. Raises `UsageError` for no place, or a time that the lake lacks."""
    config = load_config("state", StateConfig, argv, summary=SUMMARY)
    from keep3r_replay.replay.moments import times_of
    from keep3r_replay.replay.results import is_results
    from keep3r_replay.report.times import moment

    if (config.block is None) == (config.at is None):
        raise UsageError("say block=NUMBER, or at=DATE as in at=2022-05-01 (keep3r state --help)")
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    lake = keep3r_replay.open_lake(config.lake)
    book = book_of(lake, config.names)
    block = _block_at(lake, str(config.at)) if config.block is None else config.block
    results = config.results if is_results(Path(config.results)) else None
    contract = None if config.keep3r is None else book.address(config.keep3r, "keep3r")
    try:
        state = keep3r_replay.state_at(lake, block, contract=contract, results=results)
    except UsageError:
        if results is None or config.results != StateConfig.results:
            raise
        # Nobody asked for these: they may be another lake's, or another version's.
        state = keep3r_replay.state_at(lake, block, contract=contract)
    kinds = ("job", "keeper", "category", "bond", "account")
    asked = {kind: getattr(config, kind) for kind in kinds}
    named = {kind: book.address(address, kind) for kind, address in asked.items() if address is not None}
    held = state.describe(**named)
    when = {"at": f"{moment(time)} UTC"} if (time := times_of(lake, [block]).get(block)) is not None else {}
    names = {"names": found} if (found := book.within(json.dumps([held, named]))) else {}
    print(json.dumps({"block": block, **when, **names, **held}, indent=1))
    if config.export is not None:
        from keep3r_replay.report.export import export_table
        from keep3r_replay.report.state_table import state_table

        export_table(state_table(block, held), Path(config.export))
    return 0


def _block_at(lake: Lake, at: str) -> int:
    """The last block that is not after a time. Raises `UsageError` as `replay.moments.block_at`, with dates."""
    from keep3r_replay.replay.moments import block_at, known_times
    from keep3r_replay.report.times import moment, seconds_of

    seconds = seconds_of(at)
    if (found := block_at(lake, seconds)) is not None:
        return found
    known = known_times(lake)
    told = "no time" if known is None else f"{moment(known[0])} to {moment(known[1])} UTC"
    raise UsageError(f"at={at}: the lake's blocks tell of {told}")
