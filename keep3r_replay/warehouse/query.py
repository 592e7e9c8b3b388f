"""Asking the warehouse: a statement, a file, or one of the questions and audits that come along."""

from __future__ import annotations

import csv
import io
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from keep3r_replay.errors import InputError, UsageError, without_urls
from keep3r_replay.lake.folders import written_files

_ASKING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.PRAGMA})
_ANEW = "make the warehouse again"
_DEPTH = 3
"""Folders above a lake's file, up to its manifest: `events/keep3r.KeeperWork/...`."""
_WRITES = re.compile(r"\b(copy|export|attach|install|load)\b", re.IGNORECASE)


class Answer(NamedTuple):
    """Names of columns, and rows of Python values: amounts are Decimal, times datetime."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def bundled(package: str, kind: str) -> dict[str, str]:
    """Texts of the statements that a protocol's package of SQL brings along, by name.

    `kind` is `queries` or `audits`; a protocol without a package (empty) brings none.
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
    """The SQL that a person means: the name of a bundled question or audit, a file ending in .sql, or SQL itself.

    `package` holds the bundled ones.

    Raises:
        InputError: the file cannot be read.
    """
    for kind in ("queries", "audits"):
        known = bundled(package, kind)
        if text in known:
            return known[text]
    if text.endswith(".sql") and "\n" not in text:
        try:
            return Path(text).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(text, f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    return text


def protocol_in(database: Path) -> str:
    """The name of the protocol that a warehouse is of; empty if there is none, or it does not say."""
    if not database.is_file():
        return ""
    try:
        (row,) = query(database, "select protocol from main.made_of").rows
    except (UsageError, InputError):
        return ""
    return str(row[0])


def query(database: Path, statement: str, *, write: bool = False) -> Answer:
    """Run one statement on a warehouse, read-only.

    Nothing but the warehouse and the files that it is made from can be read, and nothing written; with `write` a
    statement may also read and write other files (`COPY ... TO`), though never the database itself.

    Raises:
        InputError: there is no warehouse at `database`, or one of its files is gone.
        UsageError: DuckDB refuses the statement, or it does more than ask; the first line says why.
    """
    if not database.is_file():
        raise InputError(database, "no warehouse here", remedy="make one with keep3r warehouse database=FILE")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            if not write:
                _refuse_more_than_asking(connection, statement)
                _lock(connection)
            if not connection.extract_statements(statement):
                raise UsageError("sql: there is no statement in it; say keep3r sql without any to see the bundled ones")
            result = connection.execute(statement)
            columns = [column[0] for column in result.description or []]
            return Answer(columns, result.fetchall())
    except duckdb.IOException as error:
        raise InputError(database, _first_line(error), remedy=_ANEW) from None
    except duckdb.Error as error:
        raise UsageError(f"sql: {_first_line(error)}") from None


def _refuse_more_than_asking(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Raise `UsageError` for a statement that writes, loads or attaches something, or explains one that does."""
    for each in connection.extract_statements(statement):
        kind = each.type
        hides = kind == duckdb.StatementType.EXPLAIN and _WRITES.search(each.query)
        if kind not in _ASKING or hides:
            raise UsageError(f"sql: {kind.name} does more than ask, which is read-only; say write=true to write files")


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the connection only the files that the warehouse is made from."""
    made_from = connection.execute("select count(*) from duckdb_tables() where table_name = 'made_from'").fetchone()
    rows = connection.execute("select path from main.made_from").fetchall() if made_from and made_from[0] else []
    files = [str(path) for (path,) in rows]
    _refuse_others(files)
    paths = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    connection.execute(f"set allowed_paths = [{paths}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _refuse_others(files: list[str]) -> None:
    """Refuse a warehouse from anywhere that names other files than those of lakes and of results.

    Such a file is one that a manifest above it lists; raises `InputError` for any other.
    """
    listed: dict[Path, set[str]] = {}
    for name in files:
        path = Path(name)
        for folder in list(path.parents)[:_DEPTH]:
            if folder not in listed:
                listed[folder] = written_files(folder)
            if path.suffix == ".parquet" and path.relative_to(folder).as_posix() in listed[folder]:
                break
        else:
            raise InputError(path, "the warehouse names it, and it is of no lake and no results", remedy=_ANEW)


def _first_line(error: Exception) -> str:
    return without_urls(str(error).strip().splitlines()[0])


def as_table(answer: Answer) -> str:
    """Columns aligned, numbers to the right."""
    cells = [answer.columns, *([_text(value) for value in row] for row in answer.rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(answer.columns))]
    numeric = [
        bool(answer.rows) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*answer.rows, strict=True) if answer.rows else [()] * len(answer.columns))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    count = len(answer.rows)
    return "\n".join([*lines, f"({count} row{'' if count == 1 else 's'})"])


def as_csv(answer: Answer) -> str:
    """Comma-separated values with a header; amounts in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_text(value) for value in row] for row in answer.rows)
    return out.getvalue().rstrip("\n")


def as_json(answer: Answer) -> str:
    """A list of objects; amounts as text, for they exceed what JSON readers keep exact."""
    rows = [
        {
            name: value if isinstance(value, (bool, type(None))) or type(value) is int else _text(value)
            for name, value in zip(answer.columns, row, strict=True)
        }
        for row in answer.rows
    ]
    return json.dumps(rows, indent=1)


def _is_number(value: object) -> bool:
    return not isinstance(value, (str, bool, bytes)) and hasattr(value, "__add__") and hasattr(value, "__abs__")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
