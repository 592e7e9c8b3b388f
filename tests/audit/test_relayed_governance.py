"""Governance that calls through a safe: who called what stands in the input, and is held against the events."""

from __future__ import annotations

import pytest
from audits import audit

from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.evm.relays import made_calls
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.evm.test_relays import aggregate3, call, multi_send, safe
from tests.scenario.scripts import played

SAFE, OTHER, OWNER, SENDER = ("0x" + each * 20 for each in ("5a", "6b", "7c", "8d"))
FEE = bytes.fromhex("69fe0e2d") + encode_arguments(["uint256"], [50])
_CODE = "0x" + "9e" * 20


def as_delegate(target: str, data: bytes) -> bytes:
    """`execTransaction` that runs the target's code as the safe's own."""
    types = ["address", "uint256", "bytes", "uint8", "uint256", "uint256", "uint256", "address", "address", "bytes"]
    zero = "0x" + "00" * 20
    return call(f"execTransaction({','.join(types)})", types, [target, 0, data, 1, 0, 0, 0, zero, zero, b"\x01" * 65])


def relayed(keep3r: str, data: bytes) -> dict[str, tuple[str, bytes]]:
    """Ways of a safe, each with the transaction's target and input."""
    return {
        "safe": (SAFE, safe(keep3r, data)),
        "batch": (SAFE, as_delegate(_CODE, multi_send((OWNER, b""), (keep3r, data)))),
        "multicall": (OTHER, aggregate3((SAFE, safe(keep3r, data)))),
        "safe of a safe": (OTHER, safe(SAFE, safe(keep3r, data))),
    }


@pytest.mark.parametrize("way", relayed("0x" + "11" * 20, FEE))
def test_the_safe_is_the_caller(way: str) -> None:
    """However many relays stand before it, and also where it runs the code of a batch as its own."""
    keep3r = "0x" + "11" * 20
    assert (SAFE, keep3r, FEE) in made_calls(SENDER, *relayed(keep3r, FEE)[way])


@pytest.mark.parametrize("way", relayed("0x" + "11" * 20, FEE))
@pytest.mark.slow
def test_what_a_safe_calls_is_held_against_the_event(way, tmp_path):
    """The true call is clean; another value, or another safe, is found, once."""

    def found(name, data, by=SAFE):
        simulation = played(
            {"do": "set_parameter", "name": "fee", "value": 50},
            {"do": "work", "gas": 5},
            addresses={"governance": SAFE},
        )
        for sent in simulation.chain.transactions:
            if sent.sender == SAFE:
                is_ours = sent.data == FEE
                to, content = relayed(sent.to, data if is_ours else sent.data)[way]
                caller = by if is_ours else SAFE
                content = content.replace(bytes.fromhex(SAFE[2:]), bytes.fromhex(caller[2:]))
                sent.to, sent.data, sent.sender = (caller if to == SAFE else to), content, SENDER
        write_lake(simulation, tmp_path / name)
        return [
            (each.kind, each.field, each.expected, each.observed) for each in audit(Lake.open(tmp_path / name)).findings
        ]

    assert found("true", FEE) == []
    other = FEE[:4] + encode_arguments(["uint256"], [51])
    assert found("value", other) == [("input_mismatch", "fee", "51", "50")]
    assert found("caller", FEE, OWNER) == [("unauthorised_call", "sender", SAFE, OWNER)]
