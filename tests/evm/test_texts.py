"""Texts among the values of a log: read strictly, and the same as eth-abi writes them."""

from __future__ import annotations

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.abi import parse_event
from keep3r_replay.evm.texts import read_texts

pytestmark = pytest.mark.slow

VALUES = st.lists(st.one_of(st.text(max_size=70), st.integers(0, 2**256 - 1)), min_size=1, max_size=5)


@given(VALUES)
def test_texts_are_those_of_eth_abi(values):
    """What eth-abi encodes is read back."""
    types = ["string" if isinstance(value, str) else "uint256" for value in values]
    data = encode(types, values)
    assert read_texts(types, data) == tuple(value for value in values if isinstance(value, str))


@given(VALUES, st.data())
def test_no_other_bytes_are_read_as_the_same_texts(values, data):
    """A byte more, less or other outside of the numbers gives other texts or none."""
    types = ["string" if isinstance(value, str) else "uint256" for value in values]
    written = encode(types, values)
    place = data.draw(st.integers(0, len(written) - 1))
    if place < 32 * len(types) and types[place // 32] != "string":
        return
    changed = bytearray(written)
    changed[place] ^= data.draw(st.integers(1, 255))
    texts = tuple(value for value in values if isinstance(value, str))
    for other in (bytes(changed), written + b"\0", written[:-1]):
        try:
            assert read_texts(types, other) != texts
        except ValueError:
            continue


def test_bytes_that_are_no_text_are_refused():
    """A text must be UTF-8."""
    with pytest.raises(ValueError, match="utf-8"):
        read_texts(["string"], encode(["bytes"], [b"\xff\xfe"]))


def test_an_indexed_text_is_refused():
    """Of an indexed text a log holds no more than the hash, so no table could have it."""
    with pytest.raises(ValueError, match="indexed text"):
        parse_event("Named(string indexed name)")
