"""`keep3r warehouse`: lake and results as a DuckDB database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keep3r_replay

from .config import load_config, setting

SUMMARY = "Make a DuckDB database with documented views over a lake and the results of its replay (with ledger=true)."


@dataclass(frozen=True)
class WarehouseConfig:
    """Settings of `keep3r warehouse`."""

    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    results: str = setting("folder of the results of its replay, made with ledger=true", default="results")
    database: str = setting("the database file; a former one is replaced", default="keep3r.duckdb")


def main(argv: list[str]) -> int:
    """Build the database; return the exit code."""
    config = load_config("warehouse", WarehouseConfig, argv, summary=SUMMARY)
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.warehouse.build import build

    lake = keep3r_replay.open_lake(config.lake)
    views = build(lake, Path(config.results), Path(config.database), protocol_of(lake))
    print(f"warehouse {config.database}: {views} views; keep3r sql lists the questions that come along")
    return 0
