"""Relays: what they call is told from their input, and what is none stays what it is."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.evm.relays import RELAYS, Called, entry_call, inner_calls

RELAY, VAULT, JOB, OTHER = ("0x" + each * 20 for each in ("0a", "1b", "2c", "3d"))
WORK = keccak(text="work()")[:4]
TEND = keccak(text="tend(uint256)")[:4] + bytes(32)


def call(signature: str, types: list[str], values: list[object]) -> bytes:
    """Input of a call."""
    return keccak(text=signature)[:4] + encode(types, values)


def stealth(target: str, data: bytes) -> bytes:
    """A stealth relayer's `execute`."""
    return call(
        "execute(address,bytes,bytes32,uint256)",
        ["address", "bytes", "bytes32", "uint256"],
        [target, data, bytes(32), 5],
    )


def aggregate3(*calls: tuple[str, bytes]) -> bytes:
    """A multicall."""
    return call(
        "aggregate3((address,bool,bytes)[])", ["(address,bool,bytes)[]"], [[(to, True, data) for to, data in calls]]
    )


def safe(target: str, data: bytes) -> bytes:
    """A safe's `execTransaction`."""
    types = ["address", "uint256", "bytes", "uint8", "uint256", "uint256", "uint256", "address", "address", "bytes"]
    zero = "0x" + "00" * 20
    return call(f"execTransaction({','.join(types)})", types, [target, 0, data, 0, 0, 0, 0, zero, zero, b"\x01" * 65])


def multi_send(*calls: tuple[str, bytes]) -> bytes:
    """A safe's `multiSend`."""
    packed = b"".join(
        b"\0" + bytes.fromhex(to[2:]) + bytes(32) + len(data).to_bytes(32, "big") + data for to, data in calls
    )
    return call("multiSend(bytes)", ["bytes"], [packed])


def automation(vault: str, *calls: tuple[str, bytes]) -> bytes:
    """An automation relay's `exec`."""
    return call("exec(address,(address,bytes)[])", ["address", "(address,bytes)[]"], [vault, list(calls)])


@pytest.mark.parametrize(
    ("data", "calls"),
    [
        (stealth(JOB, WORK), [(JOB, WORK)]),
        (aggregate3((OTHER, TEND), (JOB, WORK)), [(OTHER, TEND), (JOB, WORK)]),
        (safe(JOB, WORK), [(JOB, WORK)]),
        (multi_send((OTHER, TEND), (JOB, WORK)), [(OTHER, TEND), (JOB, WORK)]),
        (automation(VAULT, (JOB, WORK)), [(JOB, WORK)]),
        (safe(RELAY, multi_send((RELAY, stealth(JOB, WORK)))), [(JOB, WORK)]),
        (WORK, [(RELAY, WORK)]),
        (b"", [(RELAY, b"")]),
        (stealth(JOB, WORK)[:60], [(RELAY, stealth(JOB, WORK)[:60])]),
        (aggregate3(), [(RELAY, aggregate3())]),
    ],
)
def test_inner_calls_are_those_of_the_input(data: bytes, calls: list[tuple[str, bytes]]) -> None:
    """Every kind of relay, relays in relays, and calls that are none or are cut off."""
    assert inner_calls(RELAY, data) == [Called(*each) for each in calls]


def test_the_entry_is_the_job_s_own_call() -> None:
    """Of several calls the job's is the entry; a vault's job stands in no call, and the first one is taken."""
    data = aggregate3((OTHER, TEND), (JOB, WORK))
    assert entry_call(RELAY, data, JOB) == Called(JOB, WORK)
    assert entry_call(RELAY, data, OTHER) == Called(OTHER, TEND)
    assert entry_call(RELAY, automation(VAULT, (JOB, WORK)), VAULT) == Called(JOB, WORK)


@given(st.sampled_from(sorted(RELAYS)), st.binary(max_size=400))
def test_no_input_is_too_strange(selector: bytes, rest: bytes) -> None:
    """Whatever follows a relay's selector, there is at least one call, and nothing is raised."""
    assert inner_calls(RELAY, selector + rest)
