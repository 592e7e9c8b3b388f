"""Calls that a transaction makes, as far as a lake tells: its own, and those inside of it where the node was traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Place, Transaction


class Made(NamedTuple):
    """A call of a contract that was not undone: sender, callee (None: a creation), input."""

    sender: str
    to: str | None
    input: bytes


Inner = dict["Place", list[Made]]
"""Calls by transaction, in the order in which they began."""


def inner_calls(lake: Lake) -> Inner | None:
    """The calls inside of a lake's transactions; None where nobody traced them."""
    if not lake.has("calls"):
        return None
    found: Inner = {}
    frame = lake.scan("calls").sort("block_number", "transaction_index", "position").collect()
    for block, index, _, sender, to, data in frame.iter_rows():
        found.setdefault((block, index), []).append(Made(sender, to, data))
    return found


def own_call(transaction: Transaction) -> Made:
    """The call that a transaction itself is."""
    return Made(transaction.origin, transaction.to, transaction.input)
