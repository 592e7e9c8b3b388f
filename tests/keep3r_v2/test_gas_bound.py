"""More gas between validation and work than the transaction can have used: 63/64 at each call, refunds of a fifth."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.protocols.keep3r_v2.audit.work_gas import INTRINSIC_GAS, beyond_gas

_AMOUNT = pl.Decimal(38, 0)
VALIDATE, WORK = 30_000, 60_000
"""Gas that a job's calls of `isKeeper` and `worked` use before they measure, at least about so much."""


def works(
    *parts: tuple[int, int], used: int | None, told_here: bool = True, explanation: str = "exact"
) -> pl.DataFrame:
    """Works of one transaction: (meter, gas left) each."""
    return pl.DataFrame(
        {
            "block_number": [7] * len(parts),
            "transaction_index": [2] * len(parts),
            "explanation": [explanation] * len(parts),
            "told_here": [told_here] * len(parts),
            "initial_gas": [meter for meter, _ in parts],
            "gas_left": [left for _, left in parts],
            "gas_used": [used] * len(parts),
        },
        schema_overrides={"initial_gas": _AMOUNT, "gas_left": _AMOUNT, "gas_used": pl.Int64},
    )


def logged(held: int, used_before: int) -> int:
    """What the contract logs of the gas that a call has, made with `held` gas: all but a 64th, times 64/63, cut."""
    return (held - held // 64 - used_before) * 64 // 63


@pytest.mark.slow
@given(
    st.integers(200_000, 30_000_000),
    st.lists(st.integers(0, 2_000_000), min_size=1, max_size=4),
    st.integers(0, 5_000),
    st.integers(0, 5),
)
def test_no_transaction_of_the_evm_passes_the_bound(held, spent, early, fifths):
    """Whatever the job's code spends between validations and works, and whatever is refunded, up to a fifth of it."""
    total, parts = INTRINSIC_GAS, []
    for between in spent:
        before = held
        meter = logged(held, early)
        held -= VALIDATE + between
        if held < 2 * WORK:
            break
        left = logged(held, WORK // 2)
        held -= WORK
        total += before - held
        parts.append((meter, left))
    if parts:
        used = total - total // 5 * fifths // 5
        assert not beyond_gas(works(*parts, used=used)).any()


@pytest.mark.parametrize("used", [60_000, 300_000, 2_000_000])
def test_the_bound_is_sharp_to_a_unit(used):
    """The largest difference that 64/63 and 5/4 allow passes; one unit more does not."""
    most = next(
        passed
        for passed in range(64 * 5 * used // 252, 0, -1)
        if 4 * 63 * (passed - 1) <= 64 * (5 * used - 4 * INTRINSIC_GAS + 4)
    )
    assert most == (64 * (5 * used - 84_000 + 4)) // 252 + 1
    assert not beyond_gas(works((most, 0), used=used)).any()
    assert beyond_gas(works((most + 1, 0), used=used)).all()


def test_parts_of_one_transaction_add_up():
    """Two works that pass alone do not pass together, where each meters a part of its own; the last is wrong."""
    half = 300_000
    alone = works((5_000_000, 5_000_000 - half), used=300_000)
    both = works((5_000_000, 5_000_000 - half), (4_500_000, 4_500_000 - half), used=300_000)
    assert not beyond_gas(alone).any()
    assert beyond_gas(both).to_list() == [False, True]


def test_works_that_share_a_validation_share_its_part():
    """Two works from one meter count once, up to the later of them."""
    shared = works((5_000_000, 4_800_000), (5_000_000, 4_700_000), used=300_000)
    assert not beyond_gas(shared).any()


@pytest.mark.parametrize("options", [{"told_here": False}, {"explanation": "own_payment"}, {"used": None}], ids=str)
def test_what_cannot_be_held_against_the_bound_is_let_pass(options):
    """A meter of an earlier transaction, an own payment, a transaction that the lake lacks: nothing is said of them."""
    assert not beyond_gas(works((90_000_000, 0), **{"used": 100_000, **options})).any()
    assert beyond_gas(works((90_000_000, 0), used=100_000)).all()
