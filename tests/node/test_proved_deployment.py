"""Facts of a deployment that a state root says itself: when contracts were created, and code that somebody knows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.lake.reader import Lake
from tests.node.lakes import run, settings
from tests.proof.lake_changes import change_deployment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.node.keep3r_chain import Keep3rChain


def prove(chain: Keep3rChain, lake: Path, *more: str) -> int:
    """Prove a lake from the newest block's hash."""
    anchor = chain.node.rpc("eth_getBlockByNumber", "latest", False)["hash"]
    return run(chain.node.url, "prove", f"lake={lake}", f"anchor='{anchor}'", *more)


def code_hash(chain: Keep3rChain, address: str) -> str:
    """Of deployed code."""
    return "0x" + keccak256(bytes.fromhex(chain.node.rpc("eth_getCode", address, "latest")[2:])).hex()


@pytest.mark.slow
def test_creation_and_configured_code_are_proved(chain: Keep3rChain, tmp_path: Path) -> None:
    """What is proved is no exception any more, offline too; whose code it is stays the configuration's word."""
    lake = tmp_path / "lake"
    codes = f"+deployment.code_hashes={{{chain.pool}:'{code_hash(chain, chain.pool)}'}}"
    assert run(chain.node.url, *settings(chain.keep3r, lake, codes)) == 0
    assert prove(chain, lake, "keep=true") == 0
    said = json.loads((lake / "proof.json").read_bytes())
    told = next(each for each in said["except"] if each.startswith("the deployment's word for"))
    deployment = Lake.open(lake).deployment
    for each in deployment.contracts:
        # The pool's code was put there between blocks, as this node can: no header has the state before it.
        facts = re.search(rf"([a-z_0-9, ]+) of {each.role} {each.address}", told)
        is_told = facts is not None and "from_block" in facts[1]
        assert is_told is (each.address == chain.pool.lower())
    assert "code_hash" not in told
    assert any("by hashes that the configuration names" in each for each in said["except"])
    assert any(each.startswith("genesis 0x") for each in said["except"])
    anchor = said["anchor"]["hash"]
    assert run("", "prove", f"lake={lake}", f"anchor='{anchor}'", "offline=true") == 0


def _facts_of(content: dict[str, Any], address: str) -> dict[str, Any]:
    """A contract in the content of `deployment.json`."""
    entry: dict[str, Any] = next(each for each in content["contracts"] if each["address"] == address)
    return entry


@pytest.mark.slow
def test_false_facts_are_contradicted(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A creation a block too late or too early, and code of another hash: each is named at its block."""
    lake = tmp_path / "lake"
    assert run(chain.node.url, *settings(chain.keep3r, lake)) == 0
    helper = Lake.open(lake).deployment.by_address()[chain.helper.lower()]
    first = int(helper.facts["from_block"])
    for facts, wrong in (
        ({"from_block": first + 1}, f"block {first}: from_block"),
        ({"from_block": first - 1}, f"block {first - 1}: from_block"),
        ({"from_block": first, "code_hash": "0x" + 64 * "a"}, "code of hash 0xaaaa"),
    ):
        change_deployment(lake, lambda content, facts=facts: _facts_of(content, helper.address).update(facts))
        capsys.readouterr()
        assert prove(chain, lake) == 3
        assert wrong in capsys.readouterr().out


@pytest.mark.slow
def test_first_contact_knows_configured_code(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another hash, an address without code, and a hash that YAML took for a number: exit 2, with what to say."""
    lake, true = tmp_path / "lake", code_hash(chain, chain.pool)
    for content, wanted in (
        (f"{chain.pool}:'0x{64 * '1'}'", true),
        (f"0x{40 * '7'}:'{true}'", "no contract"),
        (f"{chain.pool}:'0x11'", "an address and 32 bytes, in quotes"),
    ):
        assert run(chain.node.url, *settings(chain.keep3r, lake, f"+deployment.code_hashes={{{content}}}")) == 2
        told = capsys.readouterr()
        assert wanted in told.out + told.err
    assert not (lake / "manifest.json").exists()
