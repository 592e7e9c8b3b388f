"""`keep3r rehearse` where mainnet feeds the price: from mid-history, from rings and nonces as the node tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.node.lakes import run
from tests.rehearsal.fed import ServedArchive
from tests.scenario.scripts import configured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


class Fed(NamedTuple):
    """A node, and what to say of the deployment that it serves."""

    node: ServedArchive
    settings: list[str]
    lake: Lake


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """The history of `sidechain_fed` behind a node."""
    simulation = simulate(configured("sidechain_fed", views_every=0))
    folder = tmp_path_factory.mktemp("fed") / "lake"
    write_lake(simulation, folder)
    lake = Lake.open(folder)
    tokens = ",".join(f"{name}:'{address}'" for name, address in lake.deployment.tokens.items())
    escrow = simulation.world.actors["escrow"]
    settings = ["deployment=local", f"deployment.keep3r={simulation.world.keep3r.address}", "deployment.version=v2_3s"]
    settings += [f"+deployment.tokens={{{tokens}}}", f"+deployment.companions={{escrow:['{escrow}']}}"]
    with ServedArchive(simulation, lake) as node:
        yield Fed(node, settings, lake)


def test_a_window_begins_with_the_oracle_s_ring(fed: Fed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Batches go on where the ring stood, in the window's first block too: works and readings are as the node says."""
    assert run(fed.node.url, "rehearse", *fed.settings, f"lake={tmp_path / 'lake'}", "blocks=60") == 0
    page = capsys.readouterr().out
    assert "FINDINGS" not in page
    assert ", 0 not as predicted" in page
    assert re.search(r"\d+ exact to the wei, 0 mismatch", page)
    assert int(re.search(r"readings +(\d+)  compared, 0 differ, 0 undetermined", page)[1]) > 50
    window = Lake.open(tmp_path / "lake")
    assert window.has("events/sidechain_oracle.Swap")
    assert "from its beginning" not in page
