"""Numbers for people: whole tokens, ratios and shares, all rounded one way, half to even; nothing is ever cut.

What SQL answers is exact (`warehouse.build.TOKENS`), and rounds shares the same way.
"""

from __future__ import annotations

_ONE = 10**18
"""A whole token of 18 decimals, in its smallest unit."""


def rounded(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as the nearest whole number, of two that are as near the even one; denominator > 0."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def decimal(numerator: int, denominator: int, places: int) -> str:
    """`numerator / denominator` with so many decimals, and commas between thousands."""
    scaled = rounded(numerator * 10**places, denominator)
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole:,}" + (f".{rest:0{places}d}" if places else "")


def tokens(wei: int, places: int = 2) -> str:
    """An amount in whole tokens of 18 decimals, with `places` of them."""
    return decimal(wei, _ONE, places)


def share(part: int, whole: int) -> str:
    """A share in percent with one decimal; a dash of nothing."""
    return f"{decimal(part * 100, whole, 1)} %" if whole else "-"
