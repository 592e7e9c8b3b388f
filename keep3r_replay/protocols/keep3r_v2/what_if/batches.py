"""Transactions of several calls: which of them fail as one, and which were seen to tolerate a call that fails.

A transaction is atomic: where one of its calls reverts, all of it does. An entry point (the transaction's target and
the function that it calls there) tolerates failed calls if a transaction of the history through it succeeded with fewer
works than calls: a relay that tries each call by itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.what_if.history import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.what_if.history import History
    from keep3r_replay.replay.protocol import Place

_WORD = 32
_SELECTOR = 4
_MOST_ARGUMENTS = 16
_NO_CALLS = frozenset({"keep3r.KeeperValidation", "keep3r.LiquidityCreditsReward"})
_ADDRESS = 42


class Batch(NamedTuple):
    """A transaction of several calls, works among them.

    Attributes:
        addresses: everybody that its events name.
        tolerates: whether its entry point was seen to tolerate failed calls.
    """

    addresses: frozenset[str]
    tolerates: bool


def batches(lake: Lake, history: History) -> dict[Place, Batch]:
    """The history's transactions of several calls of Keep3r, at least one of them a work."""
    calls: dict[Place, int] = {}
    works: dict[Place, int] = {}
    named: dict[Place, set[str]] = {}
    is_call = [table.startswith("keep3r.") and table not in _NO_CALLS for table in TABLES]
    work = TABLES.index("keep3r.KeeperWork")
    for block, transaction, table, row in zip(
        history.blocks, history.transactions, history.tables, history.rows, strict=True
    ):
        if is_call[table]:
            place = (block, transaction)
            calls[place] = calls.get(place, 0) + 1
            if table == work:
                works[place] = works.get(place, 0) + 1
            names = named.setdefault(place, set())
            names.update(value for value in row if isinstance(value, str) and len(value) == _ADDRESS)
    several = {place for place, count in calls.items() if count > 1 and place in works}
    tolerant = _tolerant(lake) if several else {}
    return {place: Batch(frozenset(named[place]), tolerant.get(place, False)) for place in several}


def _tolerant(lake: Lake) -> Mapping[Place, bool]:
    """By transaction with works whether its entry point tolerates failed calls, as the whole history shows."""
    if not lake.has("transactions") or not lake.has("events/keep3r.KeeperWork"):
        return {}
    place = ["block_number", "transaction_index"]
    works = lake.scan("events/keep3r.KeeperWork", columns=place).group_by(place).agg(pl.len().alias("works"))
    frame = lake.scan("transactions").join(works, on=place).select(*place, "to", "input", "works").collect()
    fewer: set[tuple[str, bytes]] = set()
    entries: dict[Place, tuple[str, bytes]] = {}
    for block, index, target, data, count in frame.iter_rows():
        entries[block, index] = entry = (target, data[:_SELECTOR])
        if count < calls_within(data):
            fewer.add(entry)
    return {where: entry in fewer for where, entry in entries.items()}


def calls_within(data: bytes) -> int:
    """How many calls a transaction's input holds in its arguments: the longest array of byte strings, or of tuples.

    Only its shape is looked at: an array that lists the distance of every element within it.
    """
    arguments = data[_SELECTOR:]
    most = 0
    for head in range(0, min(len(arguments), _MOST_ARGUMENTS * _WORD), _WORD):
        start = _word(arguments, head)
        if start % _WORD or not 0 < start <= len(arguments) - _WORD:
            continue
        count, first = _word(arguments, start), start + _WORD
        if not most < count <= (len(arguments) - first) // _WORD:
            continue
        distances = [_word(arguments, first + _WORD * number) for number in range(count)]
        if (
            distances[0] == count * _WORD
            and all(distance % _WORD == 0 for distance in distances)
            and all(before < after for before, after in pairwise(distances))
            and first + distances[-1] < len(arguments)
        ):
            most = count
    return most


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _WORD], "big")
