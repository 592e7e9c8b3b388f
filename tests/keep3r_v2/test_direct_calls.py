"""Functions that transactions call directly: selectors, arguments, events."""

from __future__ import annotations

import pytest

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.keep3r_v2.events import EVENTS, HELPER_EVENTS, KEEP3R_EVENTS
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS, direct_arguments
from keep3r_replay.replay.direct_call import OTHER_FUNCTIONS, DirectCall

CALLS = [
    *((KEEP3R_EVENTS, item) for item in KEEP3R_CALLS.items()),
    *((HELPER_EVENTS, item) for item in HELPER_CALLS.items()),
    *(
        (EVENTS[role], (selector, call))
        for role in ("uniswap_v3_pool", "pair_manager", "pair_manager_factory", "escrow")
        for selector, call in PROTOCOL.direct_calls[role].items()
        if selector != OTHER_FUNCTIONS
    ),
]


def _calls(entry):
    return entry if isinstance(entry, (list, tuple)) else [entry]


@pytest.mark.parametrize(("events", "item"), CALLS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_a_selector_is_the_start_of_its_signatures_hash(events, item):
    """Four bytes of Keccak-256 of the signature."""
    selector, calls = item
    for call in _calls(calls):
        assert keccak256(call.signature.encode())[:4].hex() == selector


@pytest.mark.parametrize(("events", "item"), CALLS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_echoed_columns_are_columns_of_the_event(events, item):
    """Every column that repeats an argument, or the caller, is one of the event's in some version."""
    for call in (each for each in _calls(item[1]) if each.event):
        of_name = [event for version in events.values() for event in version if event.name == call.event]
        columns = {parameter.column for event in of_name for parameter in event.parameters}
        assert of_name
        assert {*call.echoes, *([call.sender] if call.sender else [])} <= columns
        assert all(position < len(call.types) for position in call.echoes.values())


def test_arguments_are_read_from_the_input():
    """Addresses come as lower-case text, numbers as int; another function's input gives nothing."""
    signature = "slash(address,address,uint256,uint256)"
    words = [b"\x00" * 12 + b"\xaa" * 20, b"\x00" * 12 + b"\xbb" * 20, (7).to_bytes(32, "big"), (9).to_bytes(32, "big")]
    data = keccak256(signature.encode())[:4] + b"".join(words)
    assert direct_arguments({(1, 2): data}, (1, 2), signature) == ("0x" + "aa" * 20, "0x" + "bb" * 20, 7, 9)
    assert direct_arguments({(1, 2): data}, (1, 2), "revoke(address)") is None
    assert direct_arguments({(1, 2): data}, (1, 3), signature) is None
    assert direct_arguments({(1, 2): data[:-1]}, (1, 2), signature) is None


def test_signed_arguments_keep_their_sign():
    """Ticks are signed words, amounts are not."""
    call = DirectCall("burn(int24,int24,uint128)", "Burn", {})
    words = [(-200).to_bytes(32, "big", signed=True), (400).to_bytes(32, "big"), (2**128 - 1).to_bytes(32, "big")]
    assert call.decode(b"\0" * 4 + b"".join(words)) == (-200, 400, 2**128 - 1)
