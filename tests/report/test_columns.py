"""Columns of a terminal's tables."""

from __future__ import annotations

from keep3r_replay.report.columns import aligned


def test_two_numbers_never_stand_as_one():
    """A text wider than its column widens it, by two blanks before it; narrow ones are as wide as was said."""
    rows = [("minted", "1", "12345678901234567890"), ("spent", "12", "1")]
    assert aligned(rows, (8, 4, 6)) == ["minted     1  12345678901234567890", "spent     12                     1"]


def test_a_first_column_may_be_empty():
    """Without a name on the left no blanks stand there."""
    assert aligned([("", "bonded", "more")], (0, 8, 6)) == ["  bonded  more"]
