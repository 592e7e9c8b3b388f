from __future__ import annotations

import pytest
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.codec import decode_values, encode_arguments

STATIC = {
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bool": st.booleans(),
    "uint256": st.integers(0, 2**256 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "int56": st.integers(-(2**55), 2**55 - 1),
    "int256": st.integers(-(2**255), 2**255 - 1),
}
LISTS = {f"{kind}[]": st.lists(values, max_size=4).map(tuple) for kind, values in STATIC.items()}


@st.composite
def typed_values(draw: st.DrawFn, kinds: dict[str, st.SearchStrategy[object]]) -> tuple[list[str], list[object]]:
    """Draw some types and a value of each."""
    types = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=5))
    return types, [draw(kinds[kind]) for kind in types]


@given(typed_values(STATIC | LISTS))
def test_arguments_are_encoded_as_eth_abi_does(typed: tuple[list[str], list[object]]) -> None:
    """Arguments have the very bytes of eth-abi, lists among them too."""
    types, values = typed
    assert encode_arguments(types, values) == encode(types, values)


@given(typed_values(STATIC | LISTS))
def test_answers_are_decoded_as_eth_abi_does(typed: tuple[list[str], list[object]]) -> None:
    """Values and lists of values come back as they were encoded."""
    types, values = typed
    data = encode(types, values)
    assert decode_values(types, data) == tuple(values) == decode(types, data)


@given(st.binary(max_size=200), st.sampled_from(sorted(STATIC)))
def test_garbage_is_refused_where_eth_abi_refuses_it(data: bytes, kind: str) -> None:
    """An answer that is too short or badly padded is an error, never a number."""
    try:
        expected = decode([kind], data)
    except DecodingError:
        with pytest.raises(ValueError):  # noqa: PT011  (its text depends on what is wrong)
            decode_values([kind], data)
    else:
        assert decode_values([kind], data) == expected


@pytest.mark.parametrize(("kind", "value"), [("uint8", 256), ("int8", 128), ("uint256", -1), ("string", "x")])
def test_values_that_do_not_fit_are_refused(kind: str, value: object) -> None:
    """An argument outside its type is an error before it reaches a node."""
    with pytest.raises(ValueError, match=r"is no|not a static type"):
        encode_arguments([kind], [value])
