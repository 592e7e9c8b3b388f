"""OpenZeppelin's EnumerableSet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.enumerable_set import EnumerableSet

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefg")))


class Solidity:
    """The contract's way: an array of values, and of each its place counted from one, zero for absent."""

    def __init__(self):
        self.values, self.indexes = [], {}

    def add(self, value):
        """`_add`."""
        if self.indexes.get(value, 0):
            return False
        self.values.append(value)
        self.indexes[value] = len(self.values)
        return True

    def remove(self, value):
        """`_remove`: the last value is written over the removed one, then the array is cut."""
        index = self.indexes.get(value, 0)
        if not index:
            return False
        last = self.values[-1]
        self.values[index - 1] = last
        self.indexes[last] = index
        self.values.pop()
        self.indexes[value] = 0
        return True


@given(STEPS)
def test_it_answers_as_the_contract_does(steps):
    """Any series of additions and removals leaves the contract's order, and returns what the contract returns."""
    ours, theirs = EnumerableSet(), Solidity()
    for adds, value in steps:
        assert (ours.add(value) if adds else ours.remove(value)) == (
            theirs.add(value) if adds else theirs.remove(value)
        )
        assert ours.values() == theirs.values
        assert len(ours) == len(theirs.values)
        assert all((each in ours) == bool(theirs.indexes.get(each, 0)) for each in "abcdefg")


def test_a_removal_moves_the_last_into_the_gap():
    """The order after a removal is not the order of arrival."""
    members = EnumerableSet("abcd")
    members.remove("b")
    assert members.values() == ["a", "d", "c"]


def test_values_are_a_copy():
    """Removing while walking over `values()` skips nothing."""
    members = EnumerableSet("abc")
    for value in members.values():
        members.remove(value)
    assert not list(members)
