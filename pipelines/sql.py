"""`keep3r sql`: ask the warehouse."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .config import load_config, setting
from .terminal import unfiltered

SUMMARY = (
    'Ask the warehouse, read-only: keep3r sql "select ...", keep3r sql FILE.sql, or the name of a bundled question or '
    "audit; without any, the names are listed."
)
_SETTINGS = ("database=", "format=", "query=", "write=", "-")


class Format(Enum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


@dataclass(frozen=True)
class SqlConfig:
    """Settings of `keep3r sql`."""

    query: str = setting("a statement, a file ending in .sql, or a bundled name", default="")
    database: str = setting("the database file of keep3r warehouse", default="keep3r.duckdb")
    write: bool = setting("let the statement write and read files beside the warehouse", default=False)
    format: Format = setting("how rows are printed", default=Format.table)


def main(argv: list[str]) -> int:
    """Print the answer; return the exit code. Raises `UsageError` for more than one statement."""
    plain = [argument for argument in argv if not argument.startswith(_SETTINGS)]
    settings = [argument for argument in argv if argument.startswith(_SETTINGS) and not argument.startswith("query=")]
    named = [argument.removeprefix("query=") for argument in argv if argument.startswith("query=")]
    config = load_config("sql", SqlConfig, settings, summary=SUMMARY)
    from keep3r_replay.errors import UsageError
    from keep3r_replay.protocols.registry import KEEP3R_V2, protocol_named
    from keep3r_replay.warehouse.query import as_csv, as_json, as_table, bundled, protocol_in, query, statement_of

    database = Path(config.database)
    package = protocol_named(protocol_in(database) or KEEP3R_V2).sql
    questions = [*plain, *named]
    if len(questions) > 1:
        raise UsageError("one statement at a time; put it in quotes")
    if not questions:
        known = {kind: bundled(package, kind) for kind in ("queries", "audits")}
        print("\n".join([*_listing("queries", known["queries"]), "", *_listing("audits", known["audits"])]))
        return 0
    answer = query(database, statement_of(questions[0], package), write=config.write)
    text = {Format.table: as_table, Format.csv: as_csv, Format.json: as_json}[config.format](answer)
    # What goes into a file is data, to the last character.
    print(text, file=sys.stdout if sys.stdout.isatty() else unfiltered(sys.stdout))
    return 0


def _listing(title: str, known: dict[str, str]) -> list[str]:
    width = max(map(len, known), default=0)
    lines = [f"  {name:<{width}}  {text.splitlines()[0].removeprefix('-- ')}" for name, text in known.items()]
    return [title, *lines]
