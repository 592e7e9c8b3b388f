"""What the public face is given, checked before anything is done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.names import known_hash

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

_SHOWN = 60


def block_number(value: object) -> int:
    """A block's number. Raises `UsageError` if the value is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"block={shown(value)}: a block is a whole number")
    return value


def place_of(lake: Lake, transaction: object) -> tuple[int, int | None, str]:
    """A transaction as `Protocol.explain` takes it: block and index of a log, or its whole hash.

    Raises:
        UsageError: it is neither a hash, or the beginning of one of the lake's, nor two whole numbers.
    """
    if isinstance(transaction, str):
        return 0, None, known_hash(lake, transaction)
    numbers = list(transaction) if isinstance(transaction, tuple | list) else []
    if len(numbers) != 2 or not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise UsageError(f"{shown(transaction)}: a transaction is its hash, or (block, index of one of its logs)")
    return numbers[0], numbers[1], ""


def shown(value: object) -> str:
    """A value in one line: plain ones as they are, others by the name of their type."""
    plain = isinstance(value, str | int | float | tuple | list) or value is None
    return " ".join(repr(value).split())[:_SHOWN] if plain else type(value).__name__
