"""What a warehouse says of itself: which lakes are in it, from which files, made by which code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.warehouse.relations import Source
from keep3r_replay.warehouse.session import MAIN, schemas_of
from keep3r_replay.warehouse.target import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from keep3r_replay.warehouse.relations import Relation

_TABLES = """
create table if not exists main.made_of (schema VARCHAR, protocol VARCHAR, folder VARCHAR, tables BOOLEAN,
    what_if BOOLEAN, deployment VARCHAR, chain_id BIGINT, to_block BIGINT, code VARCHAR);
create table if not exists main.made_from (schema VARCHAR, relation VARCHAR, position BIGINT, path VARCHAR,
    sha256 VARCHAR, from_block BIGINT);
create table if not exists main.made_here (name VARCHAR);
comment on table main.made_of is 'The lakes in this warehouse, by the schema of their views';
comment on table main.made_from is 'The files that its tables are made of, relative to the folder of the database';
comment on table main.made_here is 'Every relation that keep3r made; what else is here is somebody''s';
"""
MARKS = {"main.made_of", "main.made_from", "main.made_here"}
_COLUMNS = """
comment on column main.made_of.schema is 'Of the views; the tables are in raw and res, or SCHEMA_raw and SCHEMA_res';
comment on column main.made_of.protocol is 'Name of the protocol';
comment on column main.made_of.folder is 'What the paths of the files are relative to, where it was made';
comment on column main.made_of.tables is 'Whether the rows are in the database';
comment on column main.made_of.what_if is 'Whether the results are those of a what-if';
comment on column main.made_of.deployment is 'Name of the deployment';
comment on column main.made_of.chain_id is 'Of the chain';
comment on column main.made_of.to_block is 'Last block of the lake; -1 for none';
comment on column main.made_of.code is 'SHA-256 of the SQL that the views are made by';
comment on column main.made_from.schema is 'As in made_of';
comment on column main.made_from.relation is 'The table, as raw.blocks';
comment on column main.made_from.position is 'Of the file in the table, from 0';
comment on column main.made_from.path is 'Of the file, relative to the folder';
comment on column main.made_from.sha256 is 'Of the file';
comment on column main.made_from.from_block is 'First block that the file may tell of';
comment on column main.made_here.name is 'Of the relation, with its schema';
"""


class Made(NamedTuple):
    """A row of `made_of`."""

    schema: str
    protocol: str
    folder: str
    tables: bool
    what_if: bool
    deployment: str
    chain_id: int
    to_block: int
    code: str


class Former(NamedTuple):
    """What a warehouse has of a schema: how it was made, and the files of each table."""

    made: Made
    files: Mapping[tuple[str, str], tuple[Source, ...]]


def files_of(relations: Sequence[Relation]) -> dict[tuple[str, str], tuple[Source, ...]]:
    """The files of each table, by its schema and name."""
    return {(each.schema, each.name): each.sources for each in relations}


def former(connection: duckdb.DuckDBPyConnection, schema: str) -> Former | None:
    """What there is of a schema; None if nothing is. Makes the tables that tell, where they are not yet."""
    marks = "select count(*) from duckdb_tables() where schema_name = 'main' and table_name in ('made_of', 'made_here')"
    if connection.execute(marks).fetchone() != (2,):
        connection.execute(_TABLES + _COLUMNS)
    row = connection.execute("select * from main.made_of where schema = ?", [schema]).fetchone()
    if row is None:
        return None
    files: dict[tuple[str, str], tuple[Source, ...]] = {}
    told = "select relation, path, sha256, from_block from main.made_from where schema = ? order by relation, position"
    for relation, path, sha256, from_block in connection.execute(told, [schema]).fetchall():
        inner, _, name = str(relation).partition(".")
        more = () if path is None else (Source(str(path), str(sha256), int(from_block)),)
        files[inner, name] = (*files.get((inner, name), ()), *more)
    return Former(Made(*row), files)


def write(
    connection: duckdb.DuckDBPyConnection, made: Made, relations: Sequence[Relation], views: Sequence[str]
) -> None:
    """Write down what was made, in place of what there was of the schema; `views` are names with their schema."""
    for table in ("made_of", "made_from"):
        connection.execute(f"delete from main.{table} where schema = ?", [made.schema])
    connection.execute(f"insert into main.made_of values ({', '.join('?' * len(made))})", list(made))
    rows: list[tuple[object, ...]] = []
    for each in relations:
        key = (made.schema, f"{each.schema}.{each.name}")
        rows += [(*key, place, *source) for place, source in enumerate(each.sources)]
        rows += [] if each.sources else [(*key, 0, None, None, None)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(f"insert into main.made_from select {', '.join(['unnest(?)'] * len(columns))}", columns)
    main, raw, res = schemas_of(made.schema)
    connection.execute("delete from main.made_here where split_part(name, '.', 1) in (?, ?, ?)", [main, raw, res])
    inner = {"raw": raw, "res": res}
    names = {*views, f"{raw}.event_places", *(f"{inner[each.schema]}.{each.name}" for each in relations)}
    marks = MARKS if main == MAIN else set()
    connection.execute("insert into main.made_here select unnest(?)", [sorted(names | marks)])


def drop_views(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Drop the views that were made in a schema; tables of raw and res stay."""
    rows = connection.execute(
        "select view_name from duckdb_views() where not internal and schema_name = ?"
        " and schema_name || '.' || view_name in (select name from main.made_here)",
        [schema],
    )
    for (name,) in rows.fetchall():
        connection.execute(f"drop view {schema}.{quoted(str(name))}")
