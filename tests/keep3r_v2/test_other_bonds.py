"""Bonds that a boost tells: the inverse of the helper's `getRewardBoostFor`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from worlds import OWNER, keep3r

from keep3r_replay.protocols.keep3r_v2.replay.calls.other_bonds import bonds_of

BOOSTS = st.integers(5_000, 20_000)


@given(BOOSTS, st.integers(1, 3_000), st.integers(1, 10**24), st.integers(0, 2 * 10**24))
def test_a_boost_tells_the_bonds_that_give_it_and_no_others(lowest, span, target, bonds):
    """The bonds lie in the range of their own boost, and one wei beyond either end gives another boost."""
    helper = _helper(lowest, lowest + span, target)
    cap = helper.reward_boost(bonds, 1)
    found = bonds_of(helper, cap)
    assert found.lowest <= bonds
    assert found.highest is None or bonds <= found.highest
    assert helper.reward_boost(found.lowest, 1) == cap
    assert found.lowest == 0 or helper.reward_boost(found.lowest - 1, 1) < cap
    if found.highest is None:
        assert helper.reward_boost(10**30, 1) == cap
    else:
        assert helper.reward_boost(found.highest, 1) == cap < helper.reward_boost(found.highest + 1, 1)


def _helper(lowest: int, highest: int, target: int):
    helper = keep3r().helpers[OWNER]
    helper.parameters.min_boost, helper.parameters.max_boost = lowest, highest
    helper.parameters.target_bond = target
    return helper
