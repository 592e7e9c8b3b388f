"""Payments that may lie too near to the formula's are found before any is looked at: none is overlooked."""

from __future__ import annotations

from random import Random

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.classes import _MAY_BE_NEAR
from keep3r_replay.protocols.keep3r_v2.audit.evidence import BEYOND_CHANCE, lies_too_near

_AMOUNT = pl.Decimal(38, 0)
_MOST = 10**38 - 1


def test_what_lies_too_near_is_always_looked_at():
    """Of amounts of every size, with few amounts and draws, around the bound and far from it."""
    chance = Random(17)
    rows = []
    for _ in range(4_000):
        gives = min(_MOST, chance.randrange(1, 10 ** chance.randrange(1, 39)))
        bound = gives // BEYOND_CHANCE
        off_by = max(0, chance.choice([bound, bound * 3 // 4]) + chance.randrange(-2, 3))
        told = chance.randrange(3)
        amounts = [gives if place == told else None for place in range(2)]
        rows.append((*amounts, gives if told == 2 else 1, chance.randrange(1, 4), off_by, gives))
    schema = {
        **dict.fromkeys(("computed_payment", "highest_payment", "payment"), _AMOUNT),
        "choices": pl.UInt32,
        "off_by": _AMOUNT,
        "gives": _AMOUNT,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    looked_at = frame.select(_MAY_BE_NEAR).to_series().to_list()
    near = [lies_too_near(off_by, gives, choices, 1) for _, _, _, choices, off_by, gives in rows]
    assert any(near)
    assert not all(looked_at)
    assert all(seen for seen, is_near in zip(looked_at, near, strict=True) if is_near)
