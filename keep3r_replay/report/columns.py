"""Rows of text in columns, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BETWEEN = 2
"""Blanks at least between two columns."""


def aligned(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """The rows as lines: the first column to the left, the others to the right.

    A column is as wide as `widths` says, or wider where a text needs it: two numbers never stand as one.
    """
    lengths = [max((len(row[column]) for row in rows), default=0) for column in range(len(widths))]
    first, *others = (
        max(width, length + bool(column) * _BETWEEN)
        for column, (width, length) in enumerate(zip(widths, lengths, strict=True))
    )
    return [
        label.ljust(first) + "".join(text.rjust(width) for text, width in zip(numbers, others, strict=True))
        for label, *numbers in rows
    ]
