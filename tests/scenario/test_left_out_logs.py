"""A node that leaves out the approval of a liquidity that the contract says is approved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from keep3r_replay.evm.abi import keccak256
from pipelines.cli import main
from tests.scenario.scripts import simulated
from tests.scenario.served import ServedSimulation

if TYPE_CHECKING:
    from pathlib import Path


APPROVAL = "0x" + keccak256(b"LiquidityApproval(address)").hex()


class Silent(ServedSimulation):
    """A node without the logs of one event, for as long as it is told to leave them out."""

    leaves_out = True

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        logs = super()._logs(wanted)
        return [log for log in logs if not (self.leaves_out and log["topics"][0] == APPROVAL)]


@pytest.mark.slow
def test_an_approved_liquidity_proves_its_approval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the log a run is an error that names the liquidity; once the node tells it, the next run ends well."""
    simulation = simulated("intense", "v2_2")
    keep3r = simulation.world.keep3r
    approved = [each for each in keep3r.approvals if each in keep3r.pair_pools]
    arguments = ["extract", "deployment=local", f"deployment.keep3r={keep3r.address}"]
    arguments += ["deployment.version=v2_2", f"lake={tmp_path / 'lake'}", "deployment.partition_blocks=100"]
    with Silent(simulation) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert any(each in said for each in approved)
        assert "has approved liquidity" in said
        node.leaves_out = False
        assert main(arguments) == 0
        assert main(["verify", f"lake={tmp_path / 'lake'}"]) == 0
    approvals = list((tmp_path / "lake" / "events" / "keep3r.LiquidityApproval").glob("*.parquet"))
    assert approvals
