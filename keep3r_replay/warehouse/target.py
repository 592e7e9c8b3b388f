"""Which database file may be replaced: a former warehouse that holds nothing but what was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from keep3r_replay.errors import UsageError, without_urls

if TYPE_CHECKING:
    from pathlib import Path

_RELATIONS = """
select schema_name || '.' || table_name as name from duckdb_tables() where not internal
union select schema_name || '.' || view_name from duckdb_views() where not internal
union select schema_name || '.' || sequence_name from duckdb_sequences()
union select schema_name || '.' || function_name from duckdb_functions() where not internal
"""
_MARK = "main.made_here"
_WRITE_MARK = f"create table {_MARK} as {_RELATIONS} order by 1; insert into {_MARK} values ('{_MARK}')"  # noqa: S608 - of constants
_READ_MARK = f"select name from {_MARK}"  # noqa: S608 - of constants
_FIRST_MARKS = {"main.made_of", "main.made_from"}
"""Tables of every warehouse; those that were made before there was a list of all relations have these alone."""


def mark(connection: duckdb.DuckDBPyConnection) -> None:
    """Write down the names of all tables, views and macros that there are: what comes later is somebody's."""
    connection.execute(_WRITE_MARK)


def check_target(database: Path) -> None:
    """Let nothing be replaced but a warehouse without additions.

    Raises:
        UsageError: the file is no warehouse, or somebody's tables, views or macros are in it.
    """
    if not database.exists():
        return
    try:
        with duckdb.connect(str(database.resolve()), read_only=True) as connection:
            names = {str(name) for (name,) in connection.execute(_RELATIONS).fetchall()}
            made = _made(connection, names)
    except (duckdb.Error, OSError) as error:
        problem = without_urls(str(error).strip().split("\n", 1)[0])
        raise UsageError(f"{database}: is something other than a warehouse ({problem}); say database=FILE") from None
    if not made:
        raise UsageError(f"{database}: is a database, but no warehouse of keep3r; say database=FILE")
    if names - made:
        more = ", ".join(sorted(names - made)[:3])
        raise UsageError(f"{database}: holds more than keep3r made ({more}), which would be lost; say database=FILE")


def _made(connection: duckdb.DuckDBPyConnection, names: set[str]) -> set[str]:
    if _MARK in names:
        return {str(name) for (name,) in connection.execute(_READ_MARK).fetchall()}
    if "main.made_of" not in names:
        return set()
    # Its views were made here, as far as anybody can tell; its tables only if they are those of every warehouse.
    tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where not internal")
    return names - ({str(name) for (name,) in tables.fetchall()} - _FIRST_MARKS)
