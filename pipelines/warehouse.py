"""`keep3r warehouse`: lake and results as a DuckDB database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError

from .config import Store, load_config, setting
from .named import NAMES, book_of
from .terminal import SHOWN_AS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.warehouse.build import Built

SUMMARY = (
    "Make a DuckDB database with documented views over a lake and the results of its replay (with ledger=true), or "
    "refresh in it what is new."
)


@dataclass(frozen=True)
class WarehouseConfig:
    """Settings of `keep3r warehouse`."""

    lake: str | None = setting(
        "folder of the lake; the bundled sample if none is named", default=None, store=Store.STAGED
    )
    results: str = setting(
        "folder of the results of its replay, made with ledger=true", default="results", store=Store.STAGED
    )
    database: str = setting("the database file; a former warehouse is refreshed", default="keep3r.duckdb")
    schema: str | None = setting("of the views, where several lakes go into one database; none: main", default=None)
    tables: bool = setting(
        "put the tables into the database, which can go without lake and results then", default=False
    )
    names: str | None = setting(NAMES, default=None)


def main(argv: list[str]) -> int:
    """Build or refresh the database; return the exit code. Raises `UsageError` for views of tables in a bucket."""
    config = load_config("warehouse", WarehouseConfig, argv, summary=SUMMARY)
    if SHOWN_AS and not config.tables:
        raise UsageError("DuckDB's views cannot follow into a bucket: say tables=true, and the warehouse has the rows")
    for schema, built in refresh(config, keep3r_replay.open_lake(config.lake)):
        of = "" if schema == "main" else f", schema {schema}"
        what = f"{counted(len(built.refreshed), 'table')} refreshed" if built.refreshed else "nothing new"
        views = counted(built.views, "view")
        print(f"warehouse {config.database}{of}: {views}, {what}; keep3r sql lists what can be asked")
    return 0


def refresh(config: WarehouseConfig, lake: Lake) -> Iterator[tuple[str, Built]]:
    """Build or refresh each protocol's part of a lake, in a schema of its own if there are several."""
    from keep3r_replay.protocols.registry import part_of, protocol_named, protocols_in
    from keep3r_replay.replay.results import check_whole
    from keep3r_replay.warehouse.build import build
    from keep3r_replay.warehouse.session import MAIN

    results, database, names = Path(config.results), Path(config.database), protocols_in(lake)
    book = book_of(lake, config.names).names
    for name in names:
        several = len(names) > 1
        schema = "_".join(filter(None, (config.schema, name if several else ""))) or MAIN
        check_whole(results / name if several else results)
        part, folder = (part_of(lake, name), results / name) if several else (lake, results)
        protocol = protocol_named(name)
        yield schema, build(part, folder, database, protocol, schema=schema, tables=config.tables, names=book)
