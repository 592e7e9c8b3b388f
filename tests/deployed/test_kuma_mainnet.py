"""KUMA's configuration for mainnet, as it is, on served recordings of v1.1 that stand at its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from histories import DATA

from keep3r_replay.lake.reader import Lake
from tests.deployed.moved_chain import MovedChain
from tests.kuma.recorded import PROTOCOL, audited, engine, lines, meta
from tests.kuma.served import ServedRecording
from tests.node.lakes import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RECORDING = DATA / "open-kuma11-clean-1"
SWAPS = ("0xcb32e7455ee7574173ec89355b6a1c715e222fa1", "0xb1ab37ef0df6d2b8294e5fa2bf03a455e4951cda")
HEIGHT = 16_500_000


def names() -> dict[str, str]:
    """The first two swaps of the recording stand at mainnet's addresses."""
    return {each["KUMASwap"]: swap for each, swap in zip(meta(RECORDING)["categories"], SWAPS, strict=False)}


@pytest.mark.parametrize("command", ["extract", "rehearse"])
def test_the_configuration_as_it_is_takes_the_whole_history(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every contract and log is found from two swaps alone, and the replay is clean, with readings at the end."""
    last = lines(RECORDING, "views")[-1]["block"]
    with ServedRecording(RECORDING, [last]) as inner, MovedChain(inner.url, 1, HEIGHT, names()) as node:
        arguments = [command, "deployment=kuma_mainnet", f"lake={tmp_path / 'lake'}", f"to_block={HEIGHT + last}"]
        assert run(node.url, *arguments, *([f"readings=[{HEIGHT + last}]"] if command == "extract" else [])) == 0
    said = capsys.readouterr()
    assert "nothing was fetched" not in said.err
    lake = Lake.open(tmp_path / "lake")
    recorded = [each for each in lines(RECORDING, "logs") if each["address"] != meta(RECORDING)["stableCoin"].lower()]
    assert lake.scan("logs").collect().height == len(recorded)
    assert set(SWAPS) <= {each.address for each in lake.deployment.contracts if each.role == "kuma_swap"}
    assert lake.deployment.chain_id == 1
    made = engine.audit(lake, PROTOCOL)
    assert made.summary["verdict"] == "clean"
    assert made.summary["events"] == audited(RECORDING).summary["events"]
    readings = made.summary["readings"]
    assert readings["matched"] == readings["compared"] > 100
