"""Which database file may be written to: a former warehouse, in which what somebody added stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from keep3r_replay.errors import LockedError, UsageError, without_urls
from keep3r_replay.warehouse.session import schemas_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_RELATIONS = """
select schema_name || '.' || table_name as name from duckdb_tables() where not internal
union select schema_name || '.' || view_name from duckdb_views() where not internal
union select schema_name || '.' || sequence_name from duckdb_sequences()
union select schema_name || '.' || function_name from duckdb_functions() where not internal
"""
_MARK = "main.made_here"
_READ_MARK = f"select name from {_MARK}"
_FIRST_MARKS = {"main.made_of", "main.made_from"}
"""Tables of every warehouse; those that were made before there was a list of all relations have these alone."""


def check_target(database: Path) -> bool:
    """Let nothing be written to but a warehouse; tells whether the file has to be made anew.

    That is so where there is none, and where an older version made it, which had one lake and knew no refresh.

    Raises:
        LockedError: another program has it open.
        UsageError: the file is no warehouse, or somebody's tables, views or macros are in one that must be made anew.
    """
    if not database.exists():
        return True
    try:
        with duckdb.connect(str(database.resolve()), read_only=True) as connection:
            names = _names(connection)
            made = _made(connection, names)
            told = connection.execute(
                "select count(*) from duckdb_columns() where schema_name = 'main' and table_name = 'made_of'"
                " and column_name in ('schema', 'code')"
            ).fetchone()
    except duckdb.ConnectionException:
        raise LockedError(f"{database}: is open in this program; close that connection first") from None
    except (duckdb.Error, OSError) as error:
        problem = without_urls(str(error).strip().split("\n", 1)[0])
        if "lock on file" in problem:
            raise LockedError(f"{database}: is in use by another program; close it there, or try later") from None
        raise UsageError(f"{database}: is something other than a warehouse ({problem}); say database=FILE") from None
    if not made:
        raise UsageError(f"{database}: is a database, but no warehouse of keep3r; say database=FILE")
    if told == (2,):
        return False
    if names - made:
        more = ", ".join(sorted(names - made)[:3])
        raise UsageError(f"{database}: holds more than keep3r made ({more}), which would be lost; say database=FILE")
    return True


def check_names(connection: duckdb.DuckDBPyConnection, schema: str, wanted: Collection[str]) -> None:
    """Refuse to write where somebody has put relations: among the tables of a lake, or by the name of a view of ours.

    Args:
        connection: an open warehouse.
        schema: of the views.
        wanted: names of the views and macros that will be made, with their schema.

    Raises:
        UsageError: there are such.
    """
    theirs = _names(connection) - _made(connection, {_MARK})
    _, raw, res = schemas_of(schema)
    in_the_way = sorted(name for name in theirs if name in wanted or name.split(".")[0] in {raw, res})
    if in_the_way:
        raise UsageError(
            f"{in_the_way[0]}: somebody made this, in the place of what keep3r makes; give it another name"
        )


def _names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(name) for (name,) in connection.execute(_RELATIONS).fetchall()}


def _made(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> set[str]:
    if _MARK in names:
        return {str(name) for (name,) in connection.execute(_READ_MARK).fetchall()}
    if "main.made_of" not in names:
        return set()
    # Its views were made here, as far as anybody can tell; its tables only if they are those of every warehouse.
    tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where not internal")
    return set(names) - ({str(name) for (name,) in tables.fetchall()} - _FIRST_MARKS)


def text(value: str) -> str:
    """A SQL text: names of tables and files come from the lake, and are quoted all the same."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A SQL name."""
    return '"' + name.replace('"', '""') + '"'
