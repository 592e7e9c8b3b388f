"""Builds the database: schemas `raw` (lake) and `res` (results) over their files, and the protocol's views."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING

import duckdb

from keep3r_replay.errors import InputError
from keep3r_replay.lake.folders import replaced_file
from keep3r_replay.replay.results import KEPT, MANIFEST
from keep3r_replay.warehouse.target import check_target, mark

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

TOKENS = """
create or replace macro wei(x) as x::DECIMAL(38, 0);
create or replace macro kp3r(x) as (x::HUGEINT // 1000000000000000000)::DECIMAL(38, 18)
    + (x::HUGEINT % 1000000000000000000)::DECIMAL(18, 0) * 0.000000000000000001::DECIMAL(18, 18);
create or replace macro eth(x) as kp3r(x);
create or replace macro rounded(part, whole) as part // whole + case
    when 2 * (part % whole) > whole or (2 * (part % whole) = whole and (part // whole) % 2 = 1) then 1 else 0 end;
create or replace macro moment(seconds) as make_timestamp(seconds * 1000000);
"""
"""Macros: an amount as DECIMAL(38, 0), and in whole tokens of 18 decimals, both exact; a quotient of HUGEINTs that are
not negative, rounded half to even; seconds as a time, UTC."""
_PLACE = "block_number, log_index, transaction_index, transaction_hash, timestamp, address"


def build(lake: Lake, results: Path, database: Path, protocol: Protocol) -> int:
    """Write the database file; a former one is replaced. The data stay in their Parquet files, named by full path.

    Returns:
        How many views there are.

    Raises:
        InputError: `results` are none, or lack a table that the protocol's views are over.
        UsageError: `database` is something other than a former warehouse, or holds more than was built.
    """
    views = _text_of(protocol.sql, "views.sql")
    tables = check_results(results, needed_by(views))
    what_if = _text_of(protocol.sql, "what_if.sql")
    check_target(database)
    with replaced_file(database) as building, duckdb.connect(str(building)) as connection:
        connection.execute("create schema raw; create schema res;")
        connection.execute(f"create table main.made_of as select {_text(protocol.name)} as protocol")
        connection.execute("create table main.made_from (path text)")
        for table in lake.tables():
            files = [str((lake.path / entry.path).absolute()) for entry in lake.manifest.of_table(table)]
            connection.execute(f"create view raw.{_quoted(table.removeprefix('events/'))} as {_scan(files)}")
            connection.execute("insert into main.made_from select unnest(?)", [files])
        connection.execute(f"create view raw.event_places as {_event_places(lake)}")
        roots = [contract.address for contract in lake.deployment.contracts if contract.role == protocol.root]
        for name in sorted(tables):
            scan = _results_scan(results / f"{name}.parquet", protocol.root, roots)
            connection.execute(f"create view res.{_quoted(name)} as {scan}")
            connection.execute("insert into main.made_from values (?)", [str((results / f"{name}.parquet").absolute())])
        count = create_views(connection, views)
        if what_if and needed_by(what_if) <= tables:
            count += create_views(connection, what_if)
        mark(connection)
        return count


def needed_by(views: str) -> set[str]:
    """The tables of results that a SQL file reads."""
    return set(re.findall(r"\bres\.(\w+)", views))


def create_views(connection: duckdb.DuckDBPyConnection, views: str) -> int:
    """Create the macros and the views of a SQL text over schemas `raw` and `res`; returns how many."""
    connection.execute(TOKENS)
    count = 0
    for comment, statement in statements(views):
        connection.execute(statement)
        words = statement.split()
        kind, name = words[3], words[4].partition("(")[0]
        text = comment.replace("'", "''")
        connection.execute(f"comment on {'macro table' if kind == 'macro' else kind} {name} is '{text}'")
        count += 1
    return count


def _text_of(package: str, file: str) -> str:
    """A file of a protocol's SQL; empty where it has none."""
    place = resources.files(package).joinpath(file) if package else None
    return place.read_text("utf-8") if place is not None and place.is_file() else ""


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


def check_results(results: Path, needed: set[str]) -> set[str]:
    """Return the names of the tables that a folder of results holds.

    Raises:
        InputError: the folder holds no results, or not all tables that are `needed`.
    """
    try:
        files = json.loads((results / MANIFEST).read_bytes())["files"]
        names = {str(name) for name in files if str(name).endswith(".parquet") and not str(name).startswith(KEPT)}
        tables = {name.removesuffix(".parquet") for name in names}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(results, "holds no results of a replay", remedy="make them with keep3r replay") from None
    if not needed <= tables:
        lacking = ", ".join(sorted(needed - tables))
        raise InputError(
            results, f"the results have no ledger: no {lacking}", remedy="make them with keep3r replay ledger=true"
        )
    return tables


def _event_places(lake: Lake) -> str:
    names = [table.removeprefix("events/") for table in lake.tables() if table.startswith("events/")]
    parts = [" ".join(("select", _text(name), "as event,", _PLACE, "from raw." + _quoted(name))) for name in names]
    return " union all by name ".join(parts) or "select null as event where false"


def _scan(files: list[str]) -> str:
    return "".join(("select * from read_parquet([", ", ".join(map(_text, files)), "])"))


def _results_scan(file: Path, root: str, roots: list[str]) -> str:
    """A table of the results, with the address of the root contract also where there is only one."""
    plain = _scan([str(file.absolute())])
    return plain if len(roots) > 1 else plain.replace("*", f"*, {_text(roots[0])} as {_quoted(root)}", 1)


def _text(value: str) -> str:
    """A SQL text: names of tables and files come from the lake, and are quoted all the same."""
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
