from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.protocols.keep3r_v2.audit.lots import Lots

AMOUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10**24)), min_size=1, max_size=8)


def _filled(amounts) -> Lots:
    lots = Lots()
    for minted_at, amount in amounts:
        lots.add(minted_at, "minted_reset", amount)
    return lots


@given(AMOUNTS, st.integers(0, 10**25))
def test_rescaled_lots_make_up_the_new_total(amounts, total):
    """Rescaling spreads a total over the lots without losing a wei, and tells each lot's change."""
    lots = _filled(amounts)
    before = lots.total
    changes = lots.rescale(total)
    assert lots.total == sum(lot.amount for lot in lots.lots) == total
    assert sum(change.amount for change in changes) == total - before
    assert all(lot.amount > 0 for lot in lots.lots)


@given(AMOUNTS, st.integers(0, 10**25))
def test_taking_takes_the_oldest(amounts, wanted):
    """What is taken is the amount or everything, and nothing that stays is older than what went."""
    lots = _filled(amounts)
    before = lots.total
    taken = lots.take(wanted)
    assert sum(lot.amount for lot in taken) == min(wanted, before) == before - lots.total
    if taken and lots.lots:
        assert max(lot.minted_at for lot in taken) <= lots.lots[0].minted_at


@given(AMOUNTS, st.integers(0, 60))
def test_lots_end_by_age(amounts, age):
    """Everything mined by a time goes, everything later stays."""
    lots = _filled(amounts)
    gone = lots.take_until(age)
    assert all(lot.minted_at <= age for lot in gone)
    assert all(lot.minted_at > age for lot in lots.lots)
    assert lots.total == sum(lot.amount for lot in lots.lots)
