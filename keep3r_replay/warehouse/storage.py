"""Puts the tables of a lake and of results into a warehouse: as views over their files, or row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.warehouse.relations import empty
from keep3r_replay.warehouse.session import FOLDER, MAIN, schemas_of
from keep3r_replay.warehouse.target import quoted, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.warehouse.catalogue import Former, Made
    from keep3r_replay.warehouse.relations import Relation, Source

_PLACE = "block_number, log_index, transaction_index, transaction_hash, timestamp, utc, address"
TIMES = frozenset(
    {
        *("timestamp", "from_timestamp", "until_timestamp", "period_start", "start", "first_seen", "last_job"),
        *("begins_at", "ends_at", "minted_at", "rewarded_at", "rewarded_before", "worked_at", "added_at", "first_at"),
        *("last_at", "can_withdraw_after", "can_activate_after", "applied", "unbonding", "bondings", "unbondings"),
        *("maturity", "deadline", "issuance", "sold_at", "expired_at", "bought_at", "since", "until"),
        *("expired_at_strict", "expired_at_grace", "current_rewarded_at", "expected_rewarded_at"),
    }
)
"""Columns of whole numbers that are times in seconds: each gets a twin that is a TIMESTAMP, in UTC."""
_WHOLE = {"BIGINT", "INTEGER", "UINTEGER", "UBIGINT"}


def twin(column: str) -> str:
    """The name of the TIMESTAMP beside a column of seconds."""
    return "utc" if column == "timestamp" else f"{column}_utc"


def _is_time(column: str, kind: str) -> bool:
    """Whether a column is of seconds; amounts of names like those of times are decimals, as times of events may be."""
    return column in TIMES and (kind in _WHOLE or (kind == "DECIMAL(38,0)" and column.endswith("_at")))


class Storage:
    """Makes the tables of one lake in an open warehouse, those that are new or have changed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, made: Made, former: Former | None) -> None:
        self._connection = connection
        self._made = made
        self._schemas = dict(zip((MAIN, "raw", "res"), schemas_of(made.schema), strict=True))
        same = former is not None and former.made._replace(to_block=made.to_block) == made
        self._former = former.files if former is not None and same else {}

    def store(self, relations: Sequence[Relation]) -> list[str]:
        """Make what there was not, add to what has grown, and drop what is gone; returns the names of what changed."""
        for schema in dict.fromkeys(self._schemas.values()):
            self._connection.execute(f"create schema if not exists {schema}")
        wanted = {(each.schema, each.name): each for each in relations}
        kept = {key for key, each in wanted.items() if self._former.get(key) == each.sources}
        changed = [each for key, each in wanted.items() if key not in kept]
        grown = {(each.schema, each.name) for each in changed if self._made.tables and self._grown(each)}
        self._drop(except_for=kept | grown)
        for each in changed:
            if (each.schema, each.name) not in grown:
                self._make(each)
        return [f"{self._schemas[each.schema]}.{each.name}" for each in changed]

    def _grown(self, relation: Relation) -> bool:
        """Bring a table that is there already up to date by its new files; False if it must be made anew."""
        former = self._former.get((relation.schema, relation.name))
        if not former or not relation.sources:
            return False
        same = 0
        while same < min(len(former), len(relation.sources)) and former[same] == relation.sources[same]:
            same += 1
        if same < len(former) and not relation.block:
            return False
        name = self._name(relation)
        if same < len(former):
            first = former[same].from_block
            self._connection.execute(f"delete from {name} where {relation.block} >= {first}")
        if same < len(relation.sources):
            rows = self._query(relation, relation.sources[same:])
            self._connection.execute(f"insert into {name} by name {rows}")
        return True

    def _make(self, relation: Relation) -> None:
        kind = "table" if self._made.tables else "view"
        self._connection.execute(f"create {kind} {self._name(relation)} as {self._query(relation, relation.sources)}")

    def _query(self, relation: Relation, sources: Sequence[Source]) -> str:
        """The rows of some files: their columns, the constant one, and a TIMESTAMP beside each column of seconds."""
        rows = self._scan(sources) if sources else f"({empty(relation.name)})"
        columns = {
            str(name): str(kind)
            for name, kind, *_ in self._connection.execute(f"describe select * from {rows}").fetchall()
        }
        name, value = relation.constant
        more = [f"{text(value)} as {quoted(name)}"] if name and name not in columns else []
        more += [
            f"main.moment({quoted(column)}) as {quoted(twin(column))}"
            for column, kind in columns.items()
            if _is_time(column, kind) and twin(column) not in columns
        ]
        return f"select {', '.join(['*', *more])} from {rows}"

    def _scan(self, sources: Sequence[Source]) -> str:
        here = f"coalesce(getvariable({text(FOLDER)}), {text(self._made.folder)})"
        files = ", ".join(f"{here} || {text(f'/{each.path}')}" for each in sources)
        return f"read_parquet([{files}])"

    def _name(self, relation: Relation) -> str:
        return f"{self._schemas[relation.schema]}.{quoted(relation.name)}"

    def _drop(self, *, except_for: set[tuple[str, str]]) -> None:
        for schema in ("raw", "res"):
            of = self._schemas[schema]
            for kind in ("table", "view"):
                found = self._connection.execute(
                    f"select {kind}_name from duckdb_{kind}s() where not internal and schema_name = ?", [of]
                ).fetchall()
                for (name,) in found:
                    if (schema, str(name)) not in except_for:
                        self._connection.execute(f"drop {kind} {of}.{quoted(str(name))}")

    @staticmethod
    def places(lake: Lake, schema: str) -> str:
        """A statement that makes the view of every decoded log, by name and place."""
        raw = schemas_of(schema)[1]
        names = [table.removeprefix("events/") for table in lake.tables() if table.startswith("events/")]
        parts = [f"select {text(name)} as event, {_PLACE} from {raw}.{quoted(name)}" for name in names]
        none = "select null::VARCHAR as event where false"
        return f"create or replace view {raw}.event_places as {' union all by name '.join(parts) or none}"
