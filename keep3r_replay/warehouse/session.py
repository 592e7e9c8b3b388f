"""A connection to a warehouse: for asking, locked to its own files; for refreshing, alone."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from keep3r_replay.errors import InputError, LockedError, UsageError, without_urls
from keep3r_replay.lake.folders import written_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAIN = "main"
"""The schema of a warehouse's views where none is named; its tables are in `raw` and `res`."""
FOLDER = "keep3r_folder"
"""The DuckDB variable that names the folder which the paths in the views are relative to, where it has been moved."""
ANEW = "make the warehouse again"
_DEPTH = 3
"""Folders above a lake's file, up to its manifest: `events/keep3r.KeeperWork/...`."""
_HOLDER = re.compile(r"PID (\d+)")
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_TAKEN = {"raw", "res", "temp", "system", "information_schema", "pg_catalog"}


class Part(NamedTuple):
    """One lake in a warehouse.

    Attributes:
        schema: of its views; the lake's and the results' tables are in `raw` and `res`, or `SCHEMA_raw`, `SCHEMA_res`.
        protocol: its name.
        folder: absolute, what the paths of its files are relative to: the database's own when it was made.
        tables: whether the warehouse holds the tables themselves, and needs no file.
        what_if: whether the results are those of a what-if.
        chain_id: of the chain; -1 if it is not known.
        to_block: the last block that lake and results tell of; -1 for none.
    """

    schema: str
    protocol: str
    folder: str
    tables: bool
    what_if: bool
    chain_id: int
    to_block: int


def checked_schema(name: object) -> str:
    """A name that may be a schema's. Raises `UsageError` for any other."""
    if not isinstance(name, str) or not _SCHEMA.fullmatch(name) or name in _TAKEN or name.endswith(("_raw", "_res")):
        raise UsageError(
            f"schema={str(name)[:60]}: no name of a schema; lower-case letters, digits and _, as in mainnet"
        )
    return name


def schemas_of(schema: str) -> tuple[str, str, str]:
    """The schemas of views, of the lake's tables and of the results' tables."""
    return (schema, "raw", "res") if schema == MAIN else (schema, f"{schema}_raw", f"{schema}_res")


def in_schema(text: str, schema: str) -> str:
    """SQL that names `raw` and `res`, made to mean those of a schema."""
    return text if schema == MAIN else re.sub(r'\b(raw|res)\.(?=[\w"])', rf"{schema}_\1.", text)


def parts_of(connection: duckdb.DuckDBPyConnection) -> list[Part]:
    """The lakes in a warehouse by schema; none if it is no warehouse. One of an older version has one, in `main`."""
    names = {
        str(name)
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'main' and table_name = 'made_of'"
            " and table_name in (select table_name from duckdb_tables() where schema_name = 'main')"
        ).fetchall()
    }
    if "protocol" not in names:
        return []
    if not names >= set(Part._fields):
        rows = connection.execute("select protocol from main.made_of").fetchall()
        return [
            Part(MAIN, str(protocol), "", tables=False, what_if=False, chain_id=-1, to_block=-1) for (protocol,) in rows
        ]
    rows = connection.execute(f"select {', '.join(Part._fields)} from main.made_of order by schema").fetchall()
    return [Part(*row) for row in rows]


@contextmanager
def asking(
    database: Path, *, schema: str = MAIN, write: bool = False, answers: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse read-only, with the views of `schema` at hand by their names alone.

    Nothing but the warehouse and the files that it is made from can be read, and nothing written but `answers`; with
    `write` a statement may also read and write other files (`COPY ... TO`), though never the database itself.

    Raises:
        InputError: there is no warehouse at `database`, or one of its files is gone.
        LockedError: another program writes to it.
        UsageError: there is no such schema, or DuckDB refuses a statement; the first line says why.
    """
    if not database.is_file():
        raise InputError(database, "no warehouse here", remedy="make one with keep3r warehouse database=FILE")
    with _errors(database), duckdb.connect(str(database), read_only=True) as connection:
        files = _files(connection, database)
        _use(connection, schema)
        if not write:
            _lock(connection, files, answers)
        yield connection


@contextmanager
def writing(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database alone, to write to it; a new one is made where there is none.

    Raises:
        LockedError: another program has it open.
        InputError: it cannot be written to.
    """
    with _errors(database), duckdb.connect(str(database)) as connection:
        yield connection


@contextmanager
def _errors(database: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        if "lock on file" in str(error):
            holder = _HOLDER.search(str(error))
            by = f" (process {holder[1]})" if holder else ""
            raise LockedError(f"{database}: is in use by another program{by}; close it there, or try later") from None
        raise InputError(database, first_line(error), remedy=ANEW) from None
    except duckdb.ConnectionException as error:
        raise LockedError(f"{database}: is open in this program; close that connection first") from error
    except duckdb.Error as error:
        raise UsageError(f"sql: {first_line(error)}") from None


def _files(connection: duckdb.DuckDBPyConnection, database: Path) -> list[str]:
    """Find the files that the warehouse is made from; the views are told where, if the folder has been moved."""
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'main' and table_name = 'made_from'"
        " and table_name in (select table_name from duckdb_tables() where schema_name = 'main')"
    ).fetchall()
    if not columns:
        return []
    parts = {part.schema: part for part in parts_of(connection)}
    whose = "schema" if ("schema",) in columns else f"'{MAIN}'"
    rows = connection.execute(f"select {whose}, path from main.made_from where path is not null").fetchall()
    needed = [(parts.get(schema), str(path)) for schema, path in rows]
    return _located(connection, database, [each for each in needed if each[0] is None or not each[0].tables])


def _use(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    if schema == MAIN:
        return
    known = [part.schema for part in parts_of(connection)]
    if schema not in known:
        raise UsageError(f"no schema {schema[:60]} in this warehouse; there are {', '.join(known) or 'none'}")
    connection.execute(f"set search_path = '{schema},{MAIN}'")


def _lock(connection: duckdb.DuckDBPyConnection, files: list[str], answers: Sequence[Path]) -> None:
    """Leave the connection no files but those of the warehouse, and those to write answers to."""
    _refuse_others(files)
    paths = ", ".join("'" + path.replace("'", "''") + "'" for path in [*files, *map(str, answers)])
    connection.execute(f"set allowed_paths = [{paths}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _located(connection: duckdb.DuckDBPyConnection, database: Path, needed: list[tuple[Part | None, str]]) -> list[str]:
    """Absolute names of the files: beside the database where it stands now, or where they were when it was made."""
    here = str(database.resolve().parent)
    moved = [os.path.join(here, path) for _, path in needed]  # noqa: PTH118 - the very text that the views make
    if all(map(os.path.isfile, moved)):
        connection.execute(f"set variable {FOLDER} = ?", [here])
        return moved
    return [os.path.join(part.folder if part else here, path) for part, path in needed]  # noqa: PTH118 - as above


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
            raise InputError(path, "the warehouse names it, and it is of no lake and no results", remedy=ANEW)


def first_line(error: Exception) -> str:
    """What DuckDB says first, without addresses of anybody's node."""
    return without_urls(str(error).strip().splitlines()[0])
