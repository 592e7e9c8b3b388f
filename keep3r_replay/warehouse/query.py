"""Asking the warehouse: a statement, a file, or one of the questions and audits that come along."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.warehouse.session import MAIN, asking, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.warehouse.session import Part

_ASKING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.PRAGMA})
_WRITES = re.compile(r"\b(copy|export|attach|install|load)\b", re.IGNORECASE)
KINDS = ("queries", "audits", "alerts")
"""Folders of a protocol's SQL: questions, what must hold always, and what somebody wants to be told of."""


class Answer(NamedTuple):
    """Names of columns, and rows of Python values: amounts are Decimal, times datetime."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def bundled(package: str, kind: str) -> dict[str, str]:
    """Texts of the statements that a protocol's package of SQL brings along, by name.

    `kind` is one of `KINDS`; a protocol without a package (empty) brings none.
    """
    folder = resources.files(package).joinpath(kind) if package else None
    if folder is None or not folder.is_dir():
        return {}
    return {
        entry.name.removesuffix(".sql"): entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    }


def statement_of(text: str, package: str) -> str:
    """The SQL that a person means: the name of a bundled question, a file ending in .sql, or SQL itself.

    `package` holds the bundled ones.

    Raises:
        InputError: the file cannot be read.
    """
    known = bundled(package, "queries")
    if text in known:
        return known[text]
    if text.endswith(".sql") and "\n" not in text:
        return read_statement(Path(text))
    return text


def read_statement(file: Path) -> str:
    """The SQL in a file. Raises `InputError` if it cannot be read."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(file, f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None


def parts_in(database: Path) -> list[Part]:
    """The lakes in a warehouse, by schema; none if there is no warehouse, or it does not say."""
    if not database.is_file():
        return []
    try:
        with asking(database) as connection:
            return parts_of(connection)
    except (UsageError, InputError):
        return []


def query(
    database: Path,
    statement: str,
    *,
    write: bool = False,
    schema: str = MAIN,
    parameters: Mapping[str, Any] | None = None,
) -> Answer:
    """Run one statement on a warehouse, read-only, as `session.asking` does; `parameters` are those that it names.

    Raises:
        InputError, LockedError: as `session.asking`.
        UsageError: DuckDB refuses the statement, or it does more than ask; the first line says why.
    """
    with asking(database, schema=schema, write=write) as connection:
        return run(connection, statement, write=write, parameters=parameters)


def run(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    *,
    write: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> Answer:
    """Run one statement on an open warehouse; as `query`."""
    check_statement(connection, statement, write=write)
    result = connection.execute(statement, dict(parameters)) if parameters else connection.execute(statement)
    columns = [column[0] for column in result.description or []]
    return Answer(columns, result.fetchall())


def check_statement(connection: duckdb.DuckDBPyConnection, statement: str, *, write: bool) -> None:
    """Raise `UsageError` for none, and for one that writes, loads or attaches something, or explains one that does."""
    found = connection.extract_statements(statement)
    if not found:
        raise UsageError("sql: there is no statement in it; say keep3r sql without any to see the bundled ones")
    for each in () if write else found:
        kind = each.type
        hides = kind == duckdb.StatementType.EXPLAIN and _WRITES.search(each.query)
        if kind not in _ASKING or hides:
            raise UsageError(f"sql: {kind.name} does more than ask, which is read-only; say write=true to write files")
