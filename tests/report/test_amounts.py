"""Numbers for people: rounded one way, half to even."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.report.amounts import decimal, rounded, share, tokens
from keep3r_replay.warehouse.build import TOKENS


@given(st.integers(-(10**38), 10**38), st.integers(0, 18))
def test_amounts_are_rounded_half_to_even(wei, places):
    """Whole tokens are what decimal arithmetic gives, rounded half to even, at any number of places."""
    with localcontext(prec=80):
        expected = (Decimal(wei) / 10**18).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        shown = f"{expected:,f}"
    assert tokens(wei, places) == (shown.removeprefix("-") if expected == 0 else shown)


@pytest.mark.parametrize(
    ("wei", "shown"), [(5 * 10**15, "0.00"), (15 * 10**15, "0.02"), (25 * 10**15, "0.02"), (-15 * 10**15, "-0.02")]
)
def test_halves_go_to_the_even_neighbour(wei, shown):
    """Of two neighbours that are as near the even one is taken, on both sides of nothing."""
    assert tokens(wei) == shown


def test_shares_and_quotients_are_rounded_the_same_way():
    """Percent, quotients and SQL's shares round like amounts."""
    assert (share(1, 2000), share(3, 2000), share(1, 3), share(0, 0)) == ("0.0 %", "0.2 %", "33.3 %", "-")
    assert decimal(2_000_500, 1_000_000, 3) == "2.000"
    with duckdb.connect() as database:
        database.execute(TOKENS)
        for part in range(40):
            for whole in range(1, 13):
                (value,) = database.execute(f"select rounded({part}::HUGEINT, {whole}::HUGEINT)").fetchone()
                assert value == rounded(part, whole) == round(Decimal(part) / Decimal(whole)), (part, whole)
