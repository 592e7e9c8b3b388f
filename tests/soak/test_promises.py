"""What else docs/extraction.md promises, at a chain that is quick to serve."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from soak.node import FaultyNode, content, extract
from soak.synthetic import POOL, Chain

from keep3r_replay.dataset.lock import only_one_run
from keep3r_replay.errors import LakeError, NodeError
from pipelines.cli import main
from pipelines.progress import Progress

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = (
    "deployment=local",
    f"deployment.pools=[{POOL}]",
    "deployment.name=soak",
    "deployment.partition_blocks=1000",
)


def command(url: str, name: str, lake: Path, *more: str) -> int:
    """Run a command on the synthetic chain's pool."""
    with mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        return main([name, f"lake={lake}", *SETTINGS, *more])


def test_a_dead_final_branch_is_repaired_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lake of a final branch that the chain left is refused by every run, and mended by `verify repair=true`."""
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    with FaultyNode(Chain(1_500, branch=1, parted_at=1_200), 0) as node:
        extract(lake, node.url, confirmations=None)
        before = content(lake)
        node.chain = Chain(1_900)
        with pytest.raises(NodeError, match="repair=true takes the node's chain"):
            extract(lake, node.url, confirmations=None)
        assert content(lake) == before
        assert command(node.url, "verify", lake, "repair=true") == 0
        assert "of a dead branch: rolled back to block 11" in capsys.readouterr().out
        extract(lake, node.url, confirmations=None)
        extract(whole, node.url, confirmations=None)
        assert command(node.url, "verify", lake, "against_node=true") == 0
    mine, theirs = content(lake), content(whole)
    assert {name: data for name, data in mine.items() if "000000999" in name} == {
        name: data for name, data in theirs.items() if "000000999" in name
    }


def test_a_node_that_leaves_out_what_contracts_prove_is_no_clean_run(tmp_path: Path) -> None:
    """A pool that has a price was initialised: without that log a run is an error, and the next one mends the lake."""
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    with FaultyNode(Chain(600), 0) as node:
        honest = node.chain.logs

        def silent(block: int) -> list[dict[str, Any]]:
            return [] if block == 3 else honest(block)

        node.chain.logs = silent  # type: ignore[method-assign]  # this one node is silent
        with pytest.raises(NodeError, match="has a price, but the node has no log of it"):
            extract(lake, node.url)
        with pytest.raises(NodeError, match="has a price, but the node has no log of it"):
            extract(lake, node.url)
        node.chain = Chain(600)
        extract(lake, node.url)
        extract(whole, node.url)
    assert content(lake) == content(whole)


def test_plan_and_verify_work_beside_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While another run holds the lake, a plan says what is to come and verify reads every file; nothing is written."""
    lake = tmp_path / "lake"
    with FaultyNode(Chain(600), 0) as node:
        extract(lake, node.url)
        node.chain.head = 900
        before = content(lake)
        with only_one_run(lake, create=False):
            assert command(node.url, "extract", lake, "plan=true", "confirmations=0") == 0
            assert "to fetch: blocks 601 to 900" in capsys.readouterr().out
            assert main(["verify", f"lake={lake}"]) == 0
            (lake / "logs" / "000000300-000000399.parquet").write_bytes(b"x")
            assert main(["verify", f"lake={lake}"]) == 3
            assert "nothing is noted" in capsys.readouterr().out
        assert {name for name, data in content(lake).items() if data != before[name]} == {
            "logs/000000300-000000399.parquet"
        }


def test_a_foreign_file_in_an_extracted_lake_is_left_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody put into the folder of a lake stays, and every run says so; the lake itself is as without it."""
    lake = tmp_path / "lake"
    with FaultyNode(Chain(150), 0) as node:
        extract(lake, node.url)
        (lake / "NOTES.txt").write_text("mine")
        node.chain.head = 250
        assert command(node.url, "extract", lake, "confirmations=0") == 0
    assert "left as it was" in (said := capsys.readouterr().err)
    assert "NOTES.txt" in said
    assert (lake / "NOTES.txt").read_text() == "mine"
    assert main(["verify", f"lake={lake}"]) == 0


def _no_lock(*_: object, **__: object) -> None:
    raise PermissionError("read-only file system")


def test_a_lake_that_cannot_be_written_to_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a lock can be made, verify reads all the same."""
    lake = tmp_path / "lake"
    with FaultyNode(Chain(300), 0) as node:
        extract(lake, node.url)
    (lake / ".lock").unlink()
    monkeypatch.setattr("keep3r_replay.dataset.lock.FileLock.acquire", _no_lock)
    assert main(["verify", f"lake={lake}"]) == 0
    assert not (lake / ".lock").exists()


@pytest.mark.parametrize(("head", "every"), [(400, 3), (2_600, 3), (2_600, 1), (5_200, 40)])
def test_a_plan_is_near_what_is_done(head: int, every: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The logs and requests that a plan expects are within a factor of 1.5 of those that the run makes."""
    lake = tmp_path / "lake"
    with FaultyNode(Chain(head, every=every), 0) as node:
        assert command(node.url, "extract", lake, "plan=true", "confirmations=0") == 0
        words = capsys.readouterr().out.split("expected: about ")[1].split()
        expected_logs, expected_requests = (int(words[place].replace(",", "")) for place in (0, 3))
        assert command(node.url, "extract", lake, "confirmations=0") == 0
        done = capsys.readouterr().out
    logs = int(done.split(": ", 1)[1].split(" logs")[0].replace(",", ""))
    requests = int(done.splitlines()[-1].split()[0])
    assert 4 * logs <= 6 * expected_logs <= 9 * logs
    assert 4 * requests <= 6 * expected_requests <= 9 * requests, (expected_requests, requests)


def test_the_bar_never_runs_backwards(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is fetched again lies behind what is there: the bar stays where it is, and never leaves its frame."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("pipelines.progress._SECONDS_BETWEEN_BARS", 0.0)
    progress = Progress()
    for block in (100, 500, 120, 300, 1_000, 200, 1_200):
        progress.update(block, 1_000, 1)
    bars = [line.split("]")[0].count("#") for line in capsys.readouterr().err.split("\r") if "[" in line]
    assert bars == sorted(bars)
    assert bars[-1] == 30


def test_small_runs_write_little(tmp_path: Path) -> None:
    """A run that adds a few blocks to a long tail leaves every file of its full segments as it is."""
    lake = tmp_path / "lake"
    written: list[int] = []
    with FaultyNode(Chain(5_000, every=1), 0) as node:
        extract(lake, node.url, partition=100_000)
        for _ in range(12):
            node.chain.head += 20
            before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")}
            extract(lake, node.url, partition=100_000)
            now = [path for path in lake.rglob("*.parquet") if before.get(path) != path.stat().st_mtime_ns]
            written.append(sum(path.stat().st_size for path in now))
        whole = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
        assert max(written) < whole // 8
        extract(tmp_path / "whole", node.url, partition=100_000)
    assert content(lake) == content(tmp_path / "whole")


def test_a_table_that_leads_out_of_the_lake_is_refused(tmp_path: Path) -> None:
    """Where a table's folder is a link to another place, nothing is written or deleted there."""
    lake, elsewhere = tmp_path / "lake", tmp_path / "elsewhere"
    with FaultyNode(Chain(150), 0) as node:
        extract(lake, node.url)
        (lake / "logs").rename(elsewhere)
        (lake / "logs").symlink_to(elsewhere)
        before = content(elsewhere)
        node.chain.head = 250
        with pytest.raises(LakeError, match="leads out of the lake"):
            extract(lake, node.url)
    assert content(elsewhere) == before
