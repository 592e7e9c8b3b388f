from __future__ import annotations

import pytest
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.chain.views import Question, View, _reading, _web3
from keep3r_replay.evm.abi import TEXT
from keep3r_replay.evm.codec import encode_arguments

pytestmark = pytest.mark.slow
"""Loading web3 takes longer than all the rest here."""

STATIC = {
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex()),
    "uint256": st.integers(0, 2**256 - 1),
    "int56": st.integers(-(2**55), 2**55 - 1),
    TEXT: st.text(max_size=70),
}
KINDS = STATIC | {f"{kind}[]": st.lists(STATIC[kind], max_size=4) for kind in ("address", "uint256")}


@given(st.data())
def test_what_is_simulated_is_encoded_as_web3_encodes_it(data: st.DataObject) -> None:
    """A simulated call has the bytes that asking a node has, words given as text among them."""
    from web3 import Web3

    types = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    values = [data.draw(KINDS[kind]) for kind in types]
    asked = Question("0x" + "11" * 20, View("f", tuple(types), ()), tuple(values)).call(1).parameters[0]["data"]
    assert bytes.fromhex(asked[10:]) == encode_arguments(types, values)
    assert asked[:10] == Web3.keccak(text=f"f({','.join(types)})")[:4].to_0x_hex()


def test_a_known_call_is_encoded() -> None:
    """observe(uint32[]) of a pool, as recorded calls of it begin and go on."""
    call = Question("0x" + "11" * 20, View("observe", ("uint32[]",), ()), ((600, 0),)).call(1).parameters[0]["data"]
    words = ["20", "2", "258", "0"]
    assert call == "0x883bdbfd" + "".join(word.rjust(64, "0") for word in words)


@pytest.mark.parametrize(
    ("kind", "value"), [("uint8", 256), ("int8", 128), ("uint256", -1), ("address", "0x12"), ("word", 1), ("bool", 2)]
)
def test_values_that_do_not_fit_are_refused(kind: str, value: object) -> None:
    """A value outside its type is an error, and so is an unknown type."""
    with pytest.raises(ValueError, match=r"\w"):
        encode_arguments([kind], [value])


ANSWERED = {kind: KINDS[kind] for kind in KINDS if kind not in {TEXT, "bytes32"}}


@given(st.data())
def test_answers_are_read_as_eth_abi_reads_them(data: st.DataObject) -> None:
    """Values and lists of values come back as they were encoded, whether web3 is asked or their words are read."""
    types = tuple(data.draw(st.lists(st.sampled_from(sorted(ANSWERED)), min_size=1, max_size=5)))
    answer = encode(types, [data.draw(ANSWERED[kind]) for kind in types])
    assert read(types, answer) == decode(types, answer)


@given(st.binary(max_size=200), st.sampled_from(sorted(ANSWERED)))
def test_garbage_is_no_answer(garbage: bytes, kind: str) -> None:
    """An answer that is too short or badly padded is that of a contract without such a function, never a number."""
    try:
        expected = decode([kind], garbage)
    except (DecodingError, OverflowError):
        expected = None
    assert read((kind,), garbage) == expected


def read(types: tuple[str, ...], answer: bytes) -> object:
    """What a view of these types is taken to have answered."""
    question = Question("0x" + "11" * 20, View("f", (), types))
    return _reading(question, "0x" + answer.hex()).values


def test_nothing_is_asked_of_a_node_by_web3_itself() -> None:
    """The web3 that encodes has no node: what is sent goes through the client, which keeps URLs to itself."""
    from web3.providers import BaseProvider

    assert type(_web3().provider) is BaseProvider
