"""What the public face is given, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.names import known_hash

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 60
_PLACES = 1 << 32
"""Blocks and logs are numbered below this."""


def check_lake(value: object) -> None:
    """Refuse what is no open lake. Raises `UsageError`."""
    if not isinstance(value, Lake):
        raise UsageError(f"lake={shown(value)}: a lake is what open_lake, import_recording or simulate gives")


def check_truths(**given: object) -> None:
    """Refuse what is neither True nor False. Raises `UsageError`, which names the argument."""
    for name, value in given.items():
        if not isinstance(value, bool):
            raise UsageError(f"{name}={shown(value)}: say True or False")


def check_blocks(**given: object) -> None:
    """Refuse what is no block; None is let pass. Raises `UsageError`, which names the argument."""
    for name, value in given.items():
        if value is not None:
            block_number(value, name)


def block_number(value: object, name: str = "block") -> int:
    """A block's number. Raises `UsageError` if the value is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{name}={shown(value)}: a block is a whole number")
    return value


def check_count(name: str, value: object, least: int, meaning: str) -> None:
    """Refuse what is no whole number from `least` on; None is let pass. Raises `UsageError`, which says `meaning`."""
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name}={shown(value)}: {meaning}")


def check_paths(**given: object) -> None:
    """Refuse what names no file and no folder; None is let pass. Raises `UsageError`, which names the argument."""
    for name, value in given.items():
        if value is not None:
            path_named(name, value)


def path_named(name: str, value: object) -> str | Path:
    """The name of a file or folder. Raises `UsageError` if the value is none, empty, or no possible name."""
    if not isinstance(value, str | PathLike) or not str(value) or "\0" in str(value):
        raise UsageError(f"{name}={shown(value)}: a file or folder is named by text or by a Path")
    return value  # type: ignore[return-value] # any PathLike is as good as a Path to who opens it


def check_replay(
    lake: object,
    ledger: object = False,
    until_block: object = None,
    strict: object = False,
    start_block: object = None,
    resume: object = None,
    resume_block: object = None,
    snapshot_every: object = None,
    columns: object = True,
) -> None:
    """Refuse what `replay` cannot take; whether the lake has the blocks is asked later. Raises `UsageError`."""
    check_lake(lake)
    check_truths(ledger=ledger, strict=strict, columns=columns)
    check_blocks(until_block=until_block, start_block=start_block, resume_block=resume_block)
    check_paths(resume=resume)
    if resume is None and resume_block is not None:
        raise UsageError(f"resume_block={resume_block}: of which results? say resume as well")
    check_count("snapshot_every", snapshot_every, 0, "no number of events; 0 takes no snapshots")


def check_sweep(lake: object, grid: object, folder: object, workers: object, until_block: object) -> None:
    """Refuse what `sweep` cannot take; the changes are asked for their sense later. Raises `UsageError`."""
    check_lake(lake)
    check_blocks(until_block=until_block)
    check_paths(folder=folder)
    check_count("workers", workers, 1, "no number of processes")
    _check_grid(grid)


def _check_grid(grid: object) -> None:
    """Refuse what is no grid of a sweep: a mapping of names to sequences of values. Raises `UsageError`."""
    if not isinstance(grid, Mapping):
        raise UsageError(f"grid={shown(grid)}: a grid holds values by the name of a change, as in {{'fee': [0, 1]}}")
    for name, values in grid.items():
        if not isinstance(values, Sequence) or isinstance(values, str | bytes) or not values:
            raise UsageError(f"grid: {shown(name)}: {shown(values)}: say a list of values, even of one")


def place_of(lake: Lake, transaction: object) -> tuple[int, int | None, str]:
    """A transaction as `Protocol.explain` takes it: block and index of a log, or its whole hash.

    Raises:
        UsageError: it is neither a hash, or the beginning of one of the lake's, nor two whole numbers of 32 bits.
    """
    if isinstance(transaction, str):
        return 0, None, known_hash(lake, transaction)
    numbers = list(transaction) if isinstance(transaction, tuple | list) else []
    if len(numbers) != 2 or not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
        raise UsageError(f"{shown(transaction)}: a transaction is its hash, or (block, index of one of its logs)")
    if not all(0 <= each < _PLACES for each in numbers):
        raise UsageError(f"{shown(transaction)}: the lake has no such block and log")
    return numbers[0], numbers[1], ""


def shown(value: object) -> str:
    """A value in one line: plain ones as they are, others by the name of their type."""
    plain = isinstance(value, str | int | float | tuple | list) or value is None
    return " ".join(repr(value).split())[:_SHOWN] if plain else type(value).__name__
