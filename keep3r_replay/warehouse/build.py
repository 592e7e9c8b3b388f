"""Makes and refreshes a warehouse: the tables of lakes and their results, and the views of their protocols.

A warehouse holds several lakes, each in a schema of its own. Views over the Parquet files name them relative to the
database's folder, so that all may be moved together; with `tables` the rows themselves are in the database.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import nullcontext
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.lake.folders import replaced_file
from keep3r_replay.warehouse import catalogue, comments, target
from keep3r_replay.warehouse.relations import lake_relations, results_relations, run_of
from keep3r_replay.warehouse.session import MAIN, checked_schema, in_schema, schemas_of, writing
from keep3r_replay.warehouse.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import duckdb

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

TOKENS = """
create or replace macro main.wei(x) as x::DECIMAL(38, 0);
create or replace macro main.kp3r(x) as (x::HUGEINT // 1000000000000000000)::DECIMAL(38, 18)
    + (x::HUGEINT % 1000000000000000000)::DECIMAL(18, 0) * 0.000000000000000001::DECIMAL(18, 18);
create or replace macro main.eth(x) as kp3r(x);
create or replace macro main.rounded(part, whole) as part // whole + case
    when 2 * (part % whole) > whole or (2 * (part % whole) = whole and (part // whole) % 2 = 1) then 1 else 0 end;
create or replace macro main.moment(seconds) as
    case when seconds between -62135596800 and 253402300799 then make_timestamp((seconds * 1000000)::BIGINT) end;
create or replace macro main.range_first() as coalesce(getvariable('first_block'), 0);
create or replace macro main.range_last() as coalesce(getvariable('last_block'), 4294967295);
create or replace macro main.in_range(block) as block between main.range_first() and main.range_last();
"""
"""Macros: an amount as DECIMAL(38, 0), and in whole tokens of 18 decimals, both exact; a quotient of HUGEINTs that are
not negative, rounded half to even; seconds as a time, UTC; the range of blocks that audits look at."""
_RANGE_END = """
create or replace macro {schema}.range_end() as
    coalesce(getvariable('last_second'), (select max(timestamp) from {raw}.blocks), 0);
"""


_NAME_OF = """
create or replace macro {schema}.name_of(account) as
    coalesce((select any_value(book.name) from {schema}.names as book where book.address = account), account);
"""
"""The name of an address, or the address itself if it has none."""


class Built(NamedTuple):
    """How many views there are, and which tables were made or refreshed, as `raw.logs`; none: nothing was new."""

    views: int
    refreshed: list[str]


def build(
    lake: Lake,
    results: Path,
    database: Path,
    protocol: Protocol,
    *,
    schema: str = MAIN,
    tables: bool = False,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Built:
    """Make the database, or refresh in it what is new; all of it or, if anything fails, none.

    What somebody else made in it stays as it is.

    Args:
        lake: the history.
        results: folder of the results of its replay.
        database: the file.
        protocol: the lake's.
        schema: of the views; other lakes stand in other schemas of the same database.
        tables: put the rows into the database, so that it can go without the files.
        names: by address, for the view `names` and the macro `name_of`.

    Raises:
        InputError: `results` are none, or are not of this lake as it is now, or lack a table that the views are over.
        LockedError: another program has the database open.
        UsageError: `database` is something other than a warehouse, or somebody's table has the name of one of ours.
    """
    checked_schema(schema)
    database = database.resolve()
    views = _text_of(protocol.sql, "views.sql")
    what_if = _text_of(protocol.sql, "what_if.sql")
    found = results_relations(lake, results, protocol, database.parent, needed_by(views))
    if what_if and needed_by(what_if) <= {each.name for each in found}:
        views += "\n" + what_if
    views += _names_sql(names)
    relations = [*lake_relations(lake, database.parent), *found]
    words = comments.comments_of(protocol.sql)
    run = run_of(results)
    covered = -1 if lake.manifest.coverage is None else lake.manifest.coverage.to_block
    part = catalogue.Made(
        schema=schema,
        protocol=protocol.name,
        folder=str(database.parent),
        tables=tables,
        what_if=run.what_if,
        deployment=lake.deployment.name,
        chain_id=lake.deployment.chain_id,
        to_block=covered if run.until_block is None else min(covered, run.until_block),
        code=hashlib.sha256(f"{TOKENS}{views}{words}{relations[0].constant}".encode()).hexdigest(),
    )
    anew = target.check_target(database)
    with replaced_file(database) if anew else nullcontext(database) as file, writing(file) as connection:
        connection.begin()
        former = catalogue.former(connection, schema)
        count = len(list(statements(views)))
        if former == (part, catalogue.files_of(relations)):
            connection.rollback()
            return Built(count, [])
        made = names_of(views, schema)
        target.check_names(connection, schema, made)
        connection.execute(TOKENS)
        refreshed = Storage(connection, part, former).store(relations)
        connection.execute(_RANGE_END.format(schema=schema, raw=schemas_of(schema)[1]))
        catalogue.drop_views(connection, schema)
        connection.execute(Storage.places(lake, schema))
        create_views(connection, views, schema)
        connection.execute(_NAME_OF.format(schema=schema))
        comments.comment(connection, schema, words)
        catalogue.write(connection, part, relations, made)
        connection.commit()
        return Built(count, refreshed)


def _names_sql(names: Mapping[str, str]) -> str:
    """The view of an address book; without a name the view has no row."""
    rows = ", ".join(f"({target.text(address)}, {target.text(name)})" for address, name in sorted(names.items()))
    book = f"(values {rows}) as book(address, name)" if rows else "(values (null, null)) as book(address, name)"
    return f"""
-- Names of addresses, from the address book (docs/names.md).
create or replace view names as
select address::VARCHAR as address, name::VARCHAR as name from {book} where address is not null;
"""


def needed_by(views: str) -> set[str]:
    """The tables of results that a SQL file reads."""
    return set(re.findall(r"\bres\.(\w+)", views))


def names_of(views: str, schema: str) -> list[str]:
    """Names of the views and macros that a schema has, with their schema."""
    made = [statement.split()[4].partition("(")[0] for _, statement in statements(views)]
    tokens = re.findall(r"macro main\.(\w+)", TOKENS)
    return [f"{schema}.{name}" for name in [*made, "range_end", "name_of"]] + [f"{MAIN}.{name}" for name in tokens]


def create_views(connection: duckdb.DuckDBPyConnection, views: str, schema: str) -> None:
    """Create the macros and the views of a SQL text over schemas `raw` and `res`, with their comments."""
    connection.execute(f"set search_path = '{schema}{'' if schema == MAIN else f',{MAIN}'}'")
    for comment, statement in statements(in_schema(views, schema)):
        connection.execute(statement)
        words = statement.split()
        kind, name = words[3], words[4].partition("(")[0]
        text = comment.replace("'", "''")
        connection.execute(f"comment on {'macro table' if kind == 'macro' else kind} {schema}.{name} is '{text}'")
    connection.execute(f"set search_path = '{MAIN}'")


def statements(text: str) -> Iterable[tuple[str, str]]:
    """The statements of a SQL file, each with the comment lines right above it."""
    comment: list[str] = []
    body: list[str] = []
    for line in text.splitlines():
        if line.startswith("--") and not body:
            comment.append(line.removeprefix("--").strip())
        elif not line.strip() and not body:
            comment = []
        else:
            body.append(line)
            if line.endswith(";"):
                yield " ".join(comment), "\n".join(body)
                comment, body = [], []


def _text_of(package: str, file: str) -> str:
    """A file of a protocol's SQL; empty where it has none."""
    place = resources.files(package).joinpath(file) if package else None
    return place.read_text("utf-8") if place is not None and place.is_file() else ""
