"""`keep3r state`: what a contract held of its jobs and keepers at the end of a block."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import keep3r_replay

from .config import load_config, setting

SUMMARY = """Print the state at the end of a block as JSON: one job or keeper, or an overview. Amounts are in wei.
Of KUMA: one category, bond or account."""


@dataclass(frozen=True)
class StateConfig:
    """Settings of `keep3r state`."""

    block: int = setting("the block at whose end the state is asked for")
    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    results: str = setting("results of a replay of this lake, whose snapshots save most of the way", default="results")
    job: str | None = setting("address of a job", default=None)
    keeper: str | None = setting("address of a keeper", default=None)
    category: str | None = setting("of KUMA: a category, by its country, or currency/country/term", default=None)
    bond: str | None = setting("of KUMA: the number of a bond", default=None)
    account: str | None = setting("of KUMA: address of a holder", default=None)
    keep3r: str | None = setting("address of the Keep3r contract; that in force at the block if none", default=None)


def main(argv: list[str]) -> int:
    """Print one state; return the exit code."""
    config = load_config("state", StateConfig, argv, summary=SUMMARY)
    from keep3r_replay.replay.results import is_results

    results = config.results if is_results(Path(config.results)) else None
    state = keep3r_replay.state_at(
        keep3r_replay.open_lake(config.lake), config.block, contract=config.keep3r, results=results
    )
    kinds = ("job", "keeper", "category", "bond", "account")
    asked = {kind: getattr(config, kind) for kind in kinds}
    named = {kind: address for kind, address in asked.items() if address is not None}
    print(json.dumps({"block": config.block, **state.describe(**named)}, indent=1))
    return 0
