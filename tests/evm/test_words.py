from __future__ import annotations

import numpy as np
import pytest
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.abi import Parameter, parse_event
from keep3r_replay.evm.words import decode_words

INTEGER_TYPES = [f"{sign}int{bits}" for sign in ("u", "") for bits in range(8, 257, 8)]
LIMIT = 10**38


def words_of(raw: list[bytes]) -> np.ndarray:
    """Return words as the decoder takes them."""
    return np.frombuffer(b"".join(raw), np.uint8).reshape(len(raw), 32)


def value_of(kind: str, item: object) -> object:
    """Return a decoded item as the value it stands for."""
    if isinstance(item, bytes):
        return int.from_bytes(item, "big", signed=kind.startswith("int"))
    return item if isinstance(item, (str, bool)) else int(item)


def edges(kind: str) -> st.SearchStrategy[int]:
    """Draw integers of a type, often at the type's or the column's edges."""
    bits = int(kind.lstrip("uint"))
    low, high = (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    near = [each for middle in (low, 0, high, LIMIT, -LIMIT) for each in range(middle - 2, middle + 3)]
    inside = [each for each in near if low <= each <= high]
    return st.sampled_from(inside) | st.integers(low, high)


@pytest.mark.slow
@given(data=st.data(), kind=st.sampled_from(INTEGER_TYPES))
def test_integers_equal_eth_abi(data: st.DataObject, kind: str) -> None:
    """Every integer of every width decodes to what eth-abi says, or is marked as not fitting 38 digits."""
    values = data.draw(st.lists(edges(kind), min_size=1, max_size=20))
    words = words_of([encode([kind], [value]) for value in values])
    parameter = parse_event(f"E({kind} x)").parameters[0]
    column = decode_words(parameter, words)
    assert not column.dirty.any()
    for value, found, unfit in zip(values, column.values.to_pylist(), column.unfit, strict=True):
        fits = parameter.wide or abs(value) < LIMIT
        assert bool(unfit) == (not fits)
        if fits:
            assert value_of(kind, found) == value


@given(
    raw=st.lists(
        st.binary(min_size=32, max_size=32) | st.sampled_from([b"\0" * 32, b"\xff" * 32, b"\0" * 31 + b"\1"]),
        min_size=1,
        max_size=8,
    ),
    kind=st.sampled_from([*INTEGER_TYPES, "address", "bool"]),
)
def test_a_word_is_dirty_exactly_where_eth_abi_refuses(raw: list[bytes], kind: str) -> None:
    """A word with wrong padding is marked dirty, and only such a word; eth-abi's strict decoder is the judge."""
    column = decode_words(parse_event(f"E({kind} x)").parameters[0], words_of(raw))
    for i, word in enumerate(raw):
        try:
            expected = decode([kind], word)[0]
        except DecodingError:
            assert column.dirty[i]
            continue
        assert not column.dirty[i]
        if not column.unfit[i]:
            assert value_of(kind, column.values[i].as_py()) == expected


@given(data=st.data(), kind=st.sampled_from([each for each in INTEGER_TYPES if not each.endswith("256")]))
def test_one_padding_bit_makes_a_word_dirty(data: st.DataObject, kind: str) -> None:
    """Whichever single bit above the type's width is flipped, the word is no longer an encoding of the type."""
    bits = int(kind.lstrip("uint"))
    word = int.from_bytes(encode([kind], [data.draw(edges(kind))]), "big")
    flipped = word ^ (1 << data.draw(st.integers(bits, 255)))
    assert decode_words(Parameter("x", kind, indexed=False), words_of([flipped.to_bytes(32, "big")])).dirty[0]


@pytest.mark.parametrize(("value", "fits"), [(LIMIT - 1, True), (LIMIT, False), (1 - LIMIT, True), (-LIMIT, False)])
def test_the_decimal_column_ends_at_38_digits(value: int, fits: bool) -> None:
    """The largest and the smallest value of 38 digits fit; one more does not, and is never wrapped."""
    column = decode_words(Parameter("x", "int256", indexed=False), words_of([encode(["int256"], [value])]))
    assert bool(column.unfit[0]) == (not fits)
    if fits:
        assert int(column.values[0].as_py()) == value
