"""What a replay wrote down, as rows of a table and back again: kept for a later run, which goes on from there.

A record is a named tuple or a dataclass of plain values and of other records. A row names its type, so that a table
from anywhere can make no object but those that a protocol lists.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

RECORDS = pl.Schema({"list": pl.String(), "block_number": pl.UInt32(), "record": pl.String()})
"""Which list a record stands in, the block that it is of, and the record as JSON."""

_PLAIN = frozenset({type(None), bool, int, str})
"""Types of values that JSON tells as they are."""
_encoded = json.JSONEncoder(separators=(",", ":")).encode
_LIST, _TUPLE, _MAPPING, _SET, _BYTES = "[", "(", "{", "<", "x"


class Records:
    """The types of records that a protocol's lists hold.

    Args:
        types: named tuples and dataclasses.
    """

    def __init__(self, *types: type) -> None:
        self._types = {each.__name__: each for each in types}

    def table(self, lists: Mapping[str, Iterable[Any]], block_of: Callable[[Any], int]) -> pl.DataFrame:
        """The records of lists by name, in order. Raises `TypeError` for a value of a type that is not listed."""
        rows = [
            (name, block_of(record), _encoded(self._plain(record)))
            for name, records in lists.items()
            for record in records
        ]
        return pl.DataFrame(rows, schema=RECORDS, orient="row")

    def lists(self, table: pl.DataFrame) -> dict[str, list[Any]]:
        """The lists of a table, by name. Raises `ValueError` for what `table` cannot have written."""
        found: dict[str, list[Any]] = {}
        # Read at once: a call of the parser costs as much as a short record.
        plain = json.loads(f"[{','.join(table['record'].to_list())}]")
        if len(plain) != table.height:
            raise ValueError("a row holds other than one record")
        for name, record in zip(table["list"].to_list(), plain, strict=True):
            found.setdefault(name, []).append(self._value(record))
        return found

    def record(self, text: str) -> Any:
        """A record as JSON, read back. Raises `ValueError` for what `table` cannot have written."""
        return self._value(json.loads(text))

    def _plain(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind.__name__ in self._types:
            parts = _fields(value)
            # Most parts are plain, and there are millions of them.
            return [kind.__name__, *(each if type(each) in _PLAIN else self._plain(each) for each in parts)]
        if kind in {list, tuple}:
            return [_LIST if isinstance(value, list) else _TUPLE, *map(self._plain, value)]
        if isinstance(value, dict):
            return [_MAPPING, *([self._plain(key), self._plain(each)] for key, each in value.items())]
        if isinstance(value, frozenset):
            return [_SET, *map(self._plain, sorted(value))]
        if isinstance(value, bytes):
            return [_BYTES, value.hex()]
        raise TypeError(f"{kind.__name__} is no record that is kept")

    def _value(self, plain: Any) -> Any:
        if not isinstance(plain, list):
            return plain
        kind, *parts = plain
        if kind == _MAPPING:
            return {self._value(key): self._value(each) for key, each in parts}
        if kind == _BYTES:
            return bytes.fromhex(parts[0])
        # Most parts are plain here, too.
        values = [self._value(each) if isinstance(each, list) else each for each in parts]
        if kind == _LIST:
            return values
        if kind == _TUPLE:
            return tuple(values)
        if kind == _SET:
            return frozenset(values)
        if kind not in self._types:
            raise ValueError(f"{kind!r} is no record that is kept")
        return self._types[kind](*values)


def until(table: pl.LazyFrame, block: int) -> pl.DataFrame:
    """The rows of a table up to a block, in order."""
    return table.filter(pl.col("block_number") <= block).collect()


def _fields(value: Any) -> Iterable[Any]:
    return value if isinstance(value, tuple) else (getattr(value, field.name) for field in fields(value))
