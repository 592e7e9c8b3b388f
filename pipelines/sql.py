"""`keep3r sql`: ask the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.warehouse.audits import ALERTS, AUDITS
from keep3r_replay.warehouse.formats import Format

from .answers import print_answer
from .config import load_config, setting

if TYPE_CHECKING:
    from keep3r_replay.warehouse.session import Part

SUMMARY = (
    'Ask the warehouse, read-only: keep3r sql "select ...", keep3r sql FILE.sql, or the name of a bundled question or '
    "audit; without any, the names are listed. An audit that returns rows ends with 3, with audit=true any statement."
)
_SETTINGS = ("database=", "format=", "query=", "write=", "schema=", "audit=", "file=", "-")


@dataclass(frozen=True)
class SqlConfig:
    """Settings of `keep3r sql`."""

    query: str = setting("a statement, a file ending in .sql, or a bundled name", default="")
    database: str = setting("the database file of keep3r warehouse", default="keep3r.duckdb")
    schema: str | None = setting("which lake's views to use, where the warehouse holds several", default=None)
    write: bool = setting("let the statement write and read files beside the warehouse", default=False)
    audit: bool = setting("end with 3 if there are rows", default=False)
    format: Format = setting("how rows are written", default=Format.table)
    file: str | None = setting("write the rows to this file, which must be new; none: print them", default=None)


def main(argv: list[str]) -> int:
    """Print the answer; return the exit code. Raises `UsageError` for more than one statement."""
    plain = [argument for argument in argv if not argument.startswith(_SETTINGS)]
    settings = [argument for argument in argv if argument.startswith(_SETTINGS) and not argument.startswith("query=")]
    named = [argument.removeprefix("query=") for argument in argv if argument.startswith("query=")]
    config = load_config("sql", SqlConfig, settings, summary=SUMMARY)
    from keep3r_replay.errors import UsageError
    from keep3r_replay.protocols.registry import KEEP3R_V2, protocol_named
    from keep3r_replay.warehouse.query import bundled, parts_in, statement_of
    from keep3r_replay.warehouse.session import MAIN, in_schema

    database = Path(config.database)
    questions = [*plain, *named]
    if len(questions) > 1:
        raise UsageError("one statement at a time; put it in quotes")
    parts = parts_in(database)
    if config.schema or not questions or questions[0].isidentifier():
        part = part_of(parts, config.schema)
    else:
        # A statement of one's own names the schemas that it means.
        part = parts[0] if len(parts) == 1 else None
    package = protocol_named(part.protocol if part else KEEP3R_V2).sql
    if not questions:
        print("\n\n".join(_listing(kind, bundled(package, kind)) for kind in ("queries", AUDITS, ALERTS)))
        return 0
    schema = part.schema if part else config.schema or MAIN
    if questions[0] in {**bundled(package, AUDITS), **bundled(package, ALERTS)}:
        from .audit import AuditConfig, audit

        shown = AuditConfig(audits=[questions[0]], database=config.database, schema=schema, format=config.format)
        return audit(shown, bare=True, file=config.file)
    statement = statement_of(questions[0], package)
    if statement != questions[0]:
        statement = in_schema(statement, schema)
    rows = print_answer(database, statement, config.format, config.file, schema=schema, write=config.write)
    return 3 if config.audit and rows else 0


def part_of(parts: list[Part], schema: str | None) -> Part | None:
    """The lake that a schema means: the only one, or that in `main`, if none is said; None if there is no warehouse.

    Raises:
        UsageError: there is no such schema, or none is said, and there are several without a `main`.
    """
    from keep3r_replay.errors import UsageError
    from keep3r_replay.warehouse.session import MAIN

    found = [part for part in parts if part.schema == (schema or MAIN)]
    if found or not parts:
        return found[0] if found else None
    if schema is None and len(parts) == 1:
        return parts[0]
    raise UsageError(f"say schema=NAME: this warehouse has {', '.join(part.schema for part in parts)}")


def _listing(title: str, known: dict[str, str]) -> str:
    width = max(map(len, known), default=0)
    lines = [f"  {name:<{width}}  {text.splitlines()[0].removeprefix('-- ')}" for name, text in known.items()]
    return "\n".join([title, *lines])
