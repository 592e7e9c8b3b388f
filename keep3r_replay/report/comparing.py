"""Two results beside each other: totals, what each party has, and every row of every table that differs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.replay.tables import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.report.loaded import Loaded

PARTIES = ("job", "keeper")
_NO_KEYS = frozenset({"number", "cause"})
"""Columns that number rows: one finding more would make all later ones differ."""
_ORIGIN = ("inputs", "configuration", "versions", "code")
_TOLD_BY_TOTALS = ("paid", "paid_what_if")
"""Of a what-if's comparison what its table of totals has, too: counts of paid works, and what they were paid."""
_WORKS = {"works": "payment", "works_what_if": "payment_what_if"}
"""Tables of works, and the column of what each was paid."""
_PLACES = ("block_number", "log_index", "number", "timestamp")
_SCHEMA = {
    **dict.fromkeys(("table", "key", "column", "status", "first", "second"), pl.String()),
    "difference": pl.Decimal(38, 0),
}
CHANGED, FIRST, SECOND = "changed", "only in the first", "only in the second"


class Cell(NamedTuple):
    """What differs: a column of a row, or a whole row or table (`column` is empty then); amounts in wei, as text."""

    table: str
    key: str
    column: str
    status: str
    first: str | None
    second: str | None
    difference: int | None


class Total(NamedTuple):
    """A number or text of `summary.json` in each of the results, by its dotted name."""

    name: str
    values: list[Any]


class PartyTotal(NamedTuple):
    """A sum of a job or a keeper in each of the results; None where they do not have it."""

    kind: str
    key: tuple[str, ...]
    column: str
    values: list[int | None]


def totals(results: Sequence[Loaded]) -> list[Total]:
    """What the summaries hold, name by name, where not all have the same."""
    flat = [dict(_flat(each.summary)) for each in results]
    names = dict.fromkeys(name for each in flat for name in each)
    found = [Total(name, [each.get(name) for each in flat]) for name in names]
    return [each for each in found if any(value != each.values[0] for value in each.values)]


def origins(results: Sequence[Loaded]) -> list[Total]:
    """What the results were made of and by: the parts of their manifests that differ."""
    flat = [dict(_flat({name: each.manifest.get(name) for name in _ORIGIN})) for each in results]
    names = dict.fromkeys(name for each in flat for name in each)
    found = [Total(name, [each.get(name) for each in flat]) for name in names]
    return [each for each in found if any(value != each.values[0] for value in each.values)]


def party_totals(results: Sequence[Loaded], kind: str) -> list[PartyTotal]:
    """Every sum of each job or keeper (`kind`), as the table of totals of the results has it, in order of the keys."""
    sums: dict[tuple[tuple[str, ...], str], list[int | None]] = {}
    for place, each in enumerate(results):
        for key, column, value in _sums(each, kind):
            sums.setdefault((key, column), [None] * len(results))[place] = value
    return [PartyTotal(kind, key, column, values) for (key, column), values in sorted(sums.items())]


def _sums(results: Loaded, kind: str) -> Iterator[tuple[tuple[str, ...], str, int | None]]:
    """What each party comes to: by its table of totals, and in a what-if also what became of credits and works."""
    table = results.tables.get(f"{kind}_totals")
    if table is not None and kind in table.columns:
        keys = [name for name, dtype in table.schema.items() if dtype == pl.String]
        ordered = [kind, *(name for name in keys if name != kind)]
        for row in table.iter_rows(named=True):
            for name, dtype in table.schema.items():
                if dtype.is_numeric():
                    yield tuple(str(row[key]) for key in ordered), name, None if row[name] is None else int(row[name])
    else:
        yield from _paid(results, kind)
    compared = results.tables.get(f"compared_{kind}s")
    if compared is not None:
        for row in compared.iter_rows(named=True):
            for name, dtype in compared.schema.items():
                if dtype.is_numeric() and name not in _TOLD_BY_TOTALS and not name.endswith(("_baseline", "_at_block")):
                    yield (str(row[kind]),), name.removesuffix("_what_if"), int(row[name])


def _paid(results: Loaded, kind: str) -> Iterator[tuple[tuple[str, ...], str, int | None]]:
    """What each party paid or was paid, by its works, of results that have no table of totals."""
    sums: dict[tuple[str, ...], tuple[int, int]] = {}
    for name, column in _WORKS.items():
        table = results.tables.get(name)
        if table is None or not {kind, "credit", column} <= {*table.columns}:
            continue
        for who, credit, paid in table.select(kind, "credit", column).iter_rows():
            works, total = sums.get((who, credit), (0, 0))
            sums[who, credit] = (works + bool(paid), total + int(paid or 0))
    for key, (works, total) in sums.items():
        yield key, "works", works
        yield key, "paid", total


def party_table(found: Sequence[PartyTotal]) -> pl.DataFrame:
    """Sums of jobs and keepers, a column for each of the results: `a`, `b` and so on, as they were named."""
    count = len(found[0].values) if found else 0
    columns: dict[str, list[str | None]] = {
        "kind": [each.kind for each in found],
        "address": [each.key[0] for each in found],
        "sum": [each.column for each in found],
        "token": [each.key[1] if len(each.key) > 1 else None for each in found],
    }
    return pl.DataFrame(
        [pl.Series(name, values, pl.String) for name, values in columns.items()]
        + [amounts(chr(ord("a") + place), [each.values[place] for each in found]) for place in range(count)]
    )


def differences(first: Loaded, second: Loaded) -> Iterator[Cell]:
    """Every cell that differs, table by table; rows are told apart by the columns that name them."""
    for name in sorted({*first.tables, *second.tables}):
        if name not in second.tables:
            yield Cell(name, "", "", FIRST, counted(first.tables[name].height, "row"), None, None)
        elif name not in first.tables:
            yield Cell(name, "", "", SECOND, None, counted(second.tables[name].height, "row"), None)
        elif not first.tables[name].equals(second.tables[name]):
            yield from _cells(name, first.tables[name], second.tables[name])


def differences_table(cells: Sequence[Cell]) -> pl.DataFrame:
    """The cells as a frame; a difference of more than 38 digits is null."""
    fits = [
        each if each.difference is None or abs(each.difference) < 10**38 else each._replace(difference=None)
        for each in cells
    ]
    columns = list(zip(*fits, strict=True)) or [()] * len(_SCHEMA)
    return pl.DataFrame(
        [
            pl.Series(name, list(values), pl.Int128 if name == "difference" else kind).cast(kind)
            for (name, kind), values in zip(_SCHEMA.items(), columns, strict=True)
        ]
    )


def key_of(first: pl.DataFrame, second: pl.DataFrame) -> list[str]:
    """The shortest beginning of the columns that no two rows of a table have alike; all, if they all do."""
    columns = [name for name in first.columns if name in second.columns and name not in _NO_KEYS]
    for length in range(1, len(columns) + 1):
        key = columns[:length]
        if all(table.select(pl.struct(key).is_duplicated().any()).item() in {False, None} for table in (first, second)):
            return key
    return columns


def _cells(name: str, first: pl.DataFrame, second: pl.DataFrame) -> Iterator[Cell]:
    for column in sorted({*first.columns} ^ {*second.columns}):
        yield Cell(name, "", column, FIRST if column in first.columns else SECOND, None, None, None)
    key = key_of(first, second)
    others = [each for each in first.columns if each in second.columns and each not in key and each not in _NO_KEYS]
    one, two = _rows(first, key, others), _rows(second, key, others)
    for place in sorted({*one, *two}, key=_sortable):
        said = " ".join(
            f"{column}={'' if value is None else _text(value)}" for column, value in zip(key, place[0], strict=True)
        )
        if place not in two:
            yield Cell(name, said, "", FIRST, None, None, None)
        elif place not in one:
            yield Cell(name, said, "", SECOND, None, None, None)
        else:
            for column, before, after in zip(others, one[place], two[place], strict=True):
                if before != after:
                    yield Cell(
                        name, said, column, CHANGED, _text(before), _text(after), _difference(column, before, after)
                    )


def _rows(table: pl.DataFrame, key: list[str], others: list[str]) -> dict[tuple[Any, int], tuple[Any, ...]]:
    """Rows by key, and by their number among those of the same key."""
    rows: dict[tuple[Any, int], tuple[Any, ...]] = {}
    for row in table.select([*key, *others]).iter_rows():
        place, count = row[: len(key)], 0
        while (place, count) in rows:
            count += 1
        rows[place, count] = row[len(key) :]
    return rows


def _sortable(place: tuple[Any, int]) -> tuple[Any, ...]:
    return tuple(
        (value is None, isinstance(value, str), value if value is not None else 0) for value in place[0]
    ), place[1]


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _difference(column: str, before: object, after: object) -> int | None:
    """Second less first where both are whole numbers and no places."""
    if column in _PLACES or not (_is_whole(before) and _is_whole(after)):
        return None
    return int(after) - int(before)


def _is_whole(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value == int(value)


def _text(value: object) -> str | None:
    return None if value is None else f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
