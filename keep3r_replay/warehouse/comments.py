"""Comments on every table and column of a warehouse, from words that stand beside the SQL."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from keep3r_replay.warehouse.session import schemas_of
from keep3r_replay.warehouse.storage import TIMES, twin
from keep3r_replay.warehouse.target import quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

WORDS = "comments.json"
_TWINS = {twin(column): column for column in TIMES}
_SUFFIXES = (
    ("_kp3r", "in whole KP3R, exact"),
    ("_in_eth", "in whole ETH, exact"),
    ("_tokens", "in whole tokens, exact"),
    ("_utc", "as a time, UTC"),
)


def comments_of(package: str) -> dict[str, str]:
    """What tables and columns mean, by `table`, `table.column` or `column`: of every protocol, then a package's own."""
    places = [resources.files(__package__).joinpath(WORDS)]
    if package:
        places.append(resources.files(package).joinpath(WORDS))
    words: dict[str, str] = {}
    for place in places:
        if place.is_file():
            told: dict[str, Any] = json.loads(place.read_text("utf-8"))
            words |= {f"table {name}": meaning for name, meaning in told["tables"].items()} | told["columns"]
    return words


def comment(connection: duckdb.DuckDBPyConnection, schema: str, words: Mapping[str, str]) -> None:
    """Comment on every table and column of a lake's schemas that has no comment yet."""
    main, raw, res = schemas_of(schema)
    tables = connection.execute(
        "select schema_name, table_name, 'table', comment from duckdb_tables() where not internal"
        " union all select schema_name, view_name, 'view', comment from duckdb_views() where not internal"
    ).fetchall()
    kinds = {(str(of), str(name)): (str(kind), told) for of, name, kind, told in tables if of in {main, raw, res}}
    said = []
    for (of, name), (kind, told) in kinds.items():
        if told is None and (meaning := _table(name, words)):
            said.append(f"comment on {kind} {of}.{quoted(name)} is {text(meaning)}")
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where not internal and comment is null"
    ).fetchall()
    for of, name, column, kind in columns:
        if (of, name) in kinds and (meaning := _typed(meaning_of(str(name), str(column), words), str(kind))):
            said.append(f"comment on column {of}.{quoted(name)}.{quoted(column)} is {text(meaning)}")
    _run(connection, said)


def meaning_of(table: str, column: str, words: Mapping[str, str]) -> str:
    """What a column means; empty if no words tell."""
    told = words.get(f"{table}.{column}") or words.get(column)
    if told:
        return told
    if column in _TWINS and (seconds := meaning_of(table, _TWINS[column], words)):
        return f"{seconds.removesuffix(', in seconds')}, as a time, UTC"
    for suffix, how in _SUFFIXES:
        if column.endswith(suffix) and (whole := meaning_of(table, column.removesuffix(suffix), words)):
            return f"{whole.removesuffix(', in wei')}, {how}"
    if "." in table:
        return f"{column.replace('_', ' ')}, as the event {table.rpartition('.')[2]} logged it"
    return ""


def _typed(meaning: str, kind: str) -> str:
    """What a column means where a view gives seconds as a time, or wei in whole tokens, by the same name."""
    if kind == "TIMESTAMP":
        return meaning.replace(", in seconds", ", as a time, UTC")
    return meaning.replace(", in wei", ", in whole tokens, exact") if kind == "DECIMAL(38,18)" else meaning


def _table(name: str, words: Mapping[str, str]) -> str:
    if told := words.get(f"table {name}"):
        return told
    role, dot, event = name.rpartition(".")
    return f"Every {event} that a {role} logged, decoded" if dot else ""


def _run(connection: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    together = ";\n".join(statements)
    if together:
        connection.execute(together)
