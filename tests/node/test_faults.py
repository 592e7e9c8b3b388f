from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.node.faulty_proxy import ALL_PASSING, Faults, FaultyProxy
from tests.node.lakes import assert_equals_node, content, run, settings

if TYPE_CHECKING:
    from tests.node.keep3r_chain import Keep3rChain

KINDS = {
    "every passing fault": Faults(share=0.3, passing=ALL_PASSING, lag=90),
    "caps with hints": Faults(share=0.1, passing=ALL_PASSING, lag=90, max_results=40, max_blocks=30),
    "caps without hints": Faults(max_results=40, max_blocks=30, hints=False),
    "no batches": Faults(share=0.03, passing=ALL_PASSING, lag=90, batches=False),
    "no fee history": Faults(share=0.1, passing=ALL_PASSING, lag=90, fee_history=False),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_faults_change_no_byte(kind: str, chain: Keep3rChain, tmp_path: Path) -> None:
    """Through a node that misbehaves, the lake has the bytes of one from a good node: nothing lost, nothing doubled."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "good")) == 0
    with FaultyProxy(chain.node.url, KINDS[kind], seed=11, hang=0.4) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake", "timeout=0.3", "connections=4")) == 0
        assert sum(proxy.counts.values()) > 2, proxy.counts
    assert content(tmp_path / "lake") == content(tmp_path / "good")
    assert_equals_node(tmp_path / "lake", chain.node)


def test_endpoints_of_different_height(chain: Keep3rChain, tmp_path: Path) -> None:
    """Of two endpoints one is far behind: its empty answers are not taken for blocks without logs."""
    behind = Faults(share=1.0, passing=("lagging",), lag=130)
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "good")) == 0
    with FaultyProxy(chain.node.url, behind, seed=1) as slow:
        urls = f"{chain.node.url},{slow.url}"
        assert run(urls, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert slow.counts["lagging"] > 0
    assert content(tmp_path / "lake") == content(tmp_path / "good")


def test_a_node_behind_others_is_noticed_without_batches(chain: Keep3rChain, tmp_path: Path) -> None:
    """Where logs and header cannot be asked together, many answers may come from a node that is far behind."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "good")) == 0
    behind = Faults(share=0.3, passing=("lagging",), lag=100, batches=False)
    with FaultyProxy(chain.node.url, behind, seed=3) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert proxy.counts["lagging"] > 20
    assert content(tmp_path / "lake") == content(tmp_path / "good")


def test_an_endpoint_that_dies_is_replaced_by_the_other(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a second endpoint that is away, or answers mostly errors, the lake is complete all the same."""
    lake = tmp_path / "lake"
    with FaultyProxy(chain.node.url, Faults(share=1.0, passing=("server_error",)), seed=1) as broken:
        urls = f"{chain.node.url},{broken.url}"
        assert run(urls, *settings(chain.keep3r, lake, "to_block=40")) == 0
        assert "1 of 2 endpoints do not answer" in capsys.readouterr().err
        broken.faults = Faults(share=0.6, passing=("server_error",))
        assert run(urls, *settings(chain.keep3r, lake)) == 0
    assert_equals_node(lake, chain.node)


def test_answers_may_be_gzipped(chain: Keep3rChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node on another machine is asked to pack its answers, and these are unpacked."""
    # The proxy is on this machine, so the client must be told that it is not.
    monkeypatch.setattr("keep3r_replay.chain.endpoint._LOCAL", frozenset())
    with FaultyProxy(chain.node.url, Faults(zipped=True), seed=1) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert proxy.counts["zipped"] > 10
    assert_equals_node(tmp_path / "lake", chain.node)


def test_kill_at_any_moment(chain: Keep3rChain, tmp_path: Path) -> None:
    """A run killed at twenty random moments leaves a lake that the next run completes to the same bytes."""
    arguments = settings(chain.keep3r, tmp_path / "whole", "deployment.partition_blocks=8")
    assert run(chain.node.url, *arguments) == 0
    arguments = settings(chain.keep3r, tmp_path / "lake", "deployment.partition_blocks=8", "connections=1")
    environment = os.environ | {"ETH_RPC_URL": chain.node.url}
    command = [sys.executable, "-m", "pipelines.cli", *arguments]
    started = time.monotonic()
    subprocess.run([*command[:-4], f"lake={tmp_path / 'timed'}", *command[-3:]], env=environment, check=False)
    whole_run = time.monotonic() - started
    choose = random.Random(5)
    killed = 0
    for _ in range(20):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(choose.uniform(0.45, 1.0) * whole_run)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 5
    assert run(chain.node.url, *arguments) == 0
    assert content(tmp_path / "lake") == content(tmp_path / "whole")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_a_lake_that_can_go_on(
    chain: Keep3rChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the disk is full the run ends with one line, and the next run completes the lake."""
    lake = tmp_path / "lake"
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "whole")) == 0
    assert run(chain.node.url, *settings(chain.keep3r, lake, "to_block=60")) == 0
    # A link to the full device under the name of the next unfinished file makes its writing fail as a full disk does.
    (lake / "logs" / f".tmp-{os.getpid()}-000000050.parquet").symlink_to("/dev/full")
    monkeypatch.setattr("keep3r_replay.dataset.state.ExtractionState.clear_orphans", lambda _: 0)
    assert run(chain.node.url, *settings(chain.keep3r, lake)) == 1
    assert "No space left" in capsys.readouterr().err
    monkeypatch.undo()
    assert run(chain.node.url, *settings(chain.keep3r, lake)) == 0
    assert content(lake) == content(tmp_path / "whole")
