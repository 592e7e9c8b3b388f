"""How many of what, as people say it: `1 work`, `2 works`, `no work` where none is said so."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 work`, `2,400 works`.

    Args:
        count: how many.
        one: what one is called, with whatever follows it: `bond bought late`.
        many: what several are called; empty: the same with an s at its end.
    """
    return f"{count:,} {noun(count, one, many)}"


def noun(count: int, one: str, many: str = "") -> str:
    """The noun alone, where the number stands elsewhere: `work` of one, `works` of all else."""
    return one if count == 1 else many or f"{one}s"
