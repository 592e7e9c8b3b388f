"""What people ask of a history: questions that a protocol answers by replaying it with changes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import WhatIfs


class Setting(NamedTuple):
    """What a question is asked with: its type, its default, and what it means in one line."""

    type: Any
    default: Any
    meaning: str


class Asked(NamedTuple):
    """A question's occasion.

    Attributes:
        lake: the history that is asked.
        what_ifs: those of its protocol.
        until_block: its last block; None: all of it.
        overlay: changes made first, by name; empty unless the question `takes_overlay`.
        settings: a value for each of the question's settings, by name.
    """

    lake: Lake
    what_ifs: WhatIfs
    until_block: int | None
    overlay: Mapping[str, Any]
    settings: Mapping[str, Any]


class Answer(NamedTuple):
    """Lines for the terminal, the same as a table with amounts to the wei, and an SVG where there is a drawing."""

    lines: list[str]
    table: pl.DataFrame
    drawing: bytes | None = None


class Question(NamedTuple):
    """A question of a protocol.

    Attributes:
        meaning: what it asks, in one line.
        answer: answers it; raises `UsageError` for an occasion that makes no sense.
        settings: what it is asked with, by name.
        takes_overlay: whether it can be asked of a changed history.
        draws: whether its answer has a drawing.
    """

    meaning: str
    answer: Callable[[Asked], Answer]
    settings: Mapping[str, Setting] = MappingProxyType({})
    takes_overlay: bool = False
    draws: bool = False
