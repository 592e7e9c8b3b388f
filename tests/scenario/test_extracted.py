"""Simulating, extracting and replaying agree: a simulated chain behind a node gives the lake that was written."""

from __future__ import annotations

import os
from unittest import mock

import polars as pl
import pytest
from audits import audit

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from pipelines.cli import main
from tests.scenario.scripts import simulated
from tests.scenario.served import ServedSimulation

pytestmark = pytest.mark.slow

CASES = [("random_market", "v2_3"), ("intense", "v2_1"), ("two_pools", "v2_2"), ("sidechain", "v2_3s")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def both(request, tmp_path_factory):
    """The simulated lake, and the one extracted from a node that serves the simulation."""
    name, version = request.param
    folder = tmp_path_factory.mktemp("extracted")
    simulation = simulated(name, version)
    write_lake(simulation, folder / "simulated")
    arguments = ["extract", "deployment=local", f"deployment.keep3r={simulation.world.keep3r.address}"]
    arguments += [f"deployment.version={version}", f"lake={folder / 'extracted'}", "deployment.partition_blocks=100"]
    if version == "v2_3s":
        tokens = ",".join(f"{name}:'{address}'" for name, address in simulation.world.chain.deployment.tokens.items())
        escrow = simulation.world.actors["escrow"]
        arguments += [f"+deployment.tokens={{{tokens}}}", f"+deployment.companions={{escrow:['{escrow}']}}"]
    with ServedSimulation(simulation) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        assert main(arguments) == 0
    return Lake.open(folder / "simulated"), Lake.open(folder / "extracted")


def test_logs_and_events_agree(both):
    """Every raw log and every row of every event table is the same."""
    written, extracted = both
    events = [name for name in written.manifest.tables() if name.startswith("events/")]
    assert [name for name in extracted.manifest.tables() if name.startswith("events/")] == events
    for name in ("logs", *events):
        assert extracted.scan(name).collect().rows() == written.scan(name).collect().rows(), name


def test_blocks_and_transactions_agree(both):
    """Base fees of all blocks, and the transactions that carry logs, are the same."""
    written, extracted = both
    fees = ["number", "base_fee_per_gas"]
    assert (
        extracted.scan("blocks").select(fees).collect().rows() == written.scan("blocks").select(fees).collect().rows()
    )
    with_logs = written.scan("logs").select("block_number", "transaction_index").unique()
    place = ["block_number", "transaction_index"]
    wanted = written.scan("transactions").join(with_logs, on=place, how="semi").sort(place).collect()
    assert extracted.scan("transactions").sort(place).collect().rows() == wanted.rows()


def test_constructor_parameters_agree(both):
    """What the contracts answer at their creation is what the simulation started with."""
    written, extracted = both
    for address, parameters in written.deployment.initial_state.items():
        found = extracted.deployment.initial_state[address]
        assert {name: found[name].lower() for name in parameters} == parameters


def test_replays_agree(both):
    """Both replay clean, to the same works, rewards and state."""
    written, extracted = (audit(lake) for lake in both)
    assert (written.summary["verdict"], extracted.summary["verdict"]) == ("clean", "clean")
    assert extracted.summary["state_hash"] == written.summary["state_hash"]
    # Total credits are of the last block looked at: the last with readings, or the last with events.
    columns = pl.all().exclude("total_credits")
    for name in ("works", "rewards", "job_states", "keeper_states", "keeper_bonds"):
        assert extracted.tables[name].select(columns).rows() == written.tables[name].select(columns).rows(), name
