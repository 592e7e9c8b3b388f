"""Lakes whose own words are false: one line, never an internal error, and nothing false is taken for whole."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from histories import SAMPLE

from keep3r_replay.lake.completeness import lacking
from keep3r_replay.lake.integrity import false_hashes, problem_of
from keep3r_replay.lake.manifest import Coverage, FileEntry, Manifest, file_name
from keep3r_replay.lake.partition_writer import truncated
from keep3r_replay.lake.schemas import BLOCKS, TRANSACTIONS
from keep3r_replay.lake.writer import write_table
from pipelines.cli import main
from tests.node.lakes import content, run
from tests.soak.node import FaultyNode
from tests.soak.synthetic import POOL, Chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return a copy of the bundled lake."""
    return shutil.copytree(SAMPLE / "lake", tmp_path / "lake")


def change(file: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    told = json.loads(file.read_text())
    how(told)
    file.write_text(json.dumps(told))


def without(table: str, first: int | None = None) -> Callable[[dict[str, Any]], object]:
    """A change that leaves a table's files, or the one from block `first` on, out of the manifest."""

    def leave_out(told: dict[str, Any]) -> None:
        lost = [each for each in told["files"] if each["table"] == table and first in {None, each["from_block"]}]
        told["files"] = [each for each in told["files"] if each not in lost]

    return leave_out


def refused(capsys: pytest.CaptureFixture[str], lake: Path, words: str) -> None:
    """Verify and replay must fail in one line that says so."""
    for arguments in (["verify", f"lake={lake}"], ["replay", f"lake={lake}", f"results={lake.parent / 'results'}"]):
        capsys.readouterr()
        assert main(arguments) == 1
        told = capsys.readouterr().err
        assert words in told
        assert "internal error" not in told
        assert told.count("\n") == 1


def test_a_changed_deployment_is_refused(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A digit of a constructor's value that changed is found without a replay."""
    told = (lake / "deployment.json").read_text()
    (lake / "deployment.json").write_text(told.replace('"bondTime": "259200"', '"bondTime": "259201"'))
    refused(capsys, lake, "damaged deployment: holds something other than was written")


def test_a_lake_without_the_deployments_checksum_is_read(lake: Path) -> None:
    """A lake that was written before deployments had a checksum is whole."""
    change(lake / "manifest.json", lambda told: told.pop("deployment_sha256"))
    assert main(["verify", f"lake={lake}"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        lambda told: told["coverage"].update(from_block=-1),
        lambda told: told["coverage"].update(from_block=1),
        lambda told: told["coverage"].update(to_block="590"),
        lambda told: told["coverage"].update(to_block=589),
        lambda told: told["coverage"].update(to_block=10**30),
        lambda told: told.update(coverage=None),
        lambda told: told.update(extraction=None),
        lambda told: told.update(extraction={"stale": {"a": 1}}),
        lambda told: told.update(extraction={"stale": ["ab"]}),
        lambda told: told.update(extraction={"stale": [[0, 10**12]]}),
        lambda told: told.update(extraction={"anchors": [1]}),
        lambda told: told.update(extraction={"anchors": [[600, "0x"]]}),
        lambda told: told.update(extraction={"partition_blocks": 0}),
        lambda told: told["files"].append(dict(told["files"][0])),
        lambda told: told["files"][0].update(bytes="1"),
        lambda told: told["files"][0].update(sha256=None),
        lambda told: told["files"][0].update(path=None),
    ],
)
def test_a_manifest_of_wrong_values_is_damaged(
    lake: Path, capsys: pytest.CaptureFixture[str], how: Callable[[dict[str, Any]], object]
) -> None:
    """Whatever a manifest says that none can is told as damage."""
    change(lake / "manifest.json", how)
    refused(capsys, lake, "damaged manifest")


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        lambda told: told.update(chain_id="x"),
        lambda told: told.update(contracts="x"),
        lambda told: told.update(initial_state=[]),
        lambda told: told["contracts"][0].update(address="0xAB"),
        lambda told: told["contracts"][-1].update(fee="abc"),
        lambda told: next(iter(told["initial_state"].values())).update(bondTime=None),
    ],
)
def test_a_deployment_of_wrong_values_is_damaged(
    lake: Path, capsys: pytest.CaptureFixture[str], how: Callable[[dict[str, Any]], object]
) -> None:
    """Whatever a deployment says that none can is told as damage, where no checksum tells of it."""
    change(lake / "manifest.json", lambda told: told.pop("deployment_sha256"))
    change(lake / "deployment.json", how)
    refused(capsys, lake, "damaged manifest or deployment")


def test_a_constructors_value_that_is_no_number_is_damage(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay that cannot read a constructor's value says that the deployment is damaged."""
    change(lake / "manifest.json", lambda told: told.pop("deployment_sha256"))
    change(lake / "deployment.json", lambda told: next(iter(told["initial_state"].values())).update(bondTime="1e5"))
    assert main(["replay", f"lake={lake}", f"results={lake.parent / 'results'}"]) == 1
    told = capsys.readouterr().err
    assert "damaged deployment: ValueError" in told
    assert "internal" not in told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["manifest", "deployment"])
def test_deep_nesting_is_damage(lake: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """JSON that is nested deeper than a parser follows is told as damage."""
    (lake / f"{name}.json").write_text("[0," * 200_000)
    refused(capsys, lake, f"damaged {name}: cannot be read: nested too deeply")


@pytest.mark.slow
@pytest.mark.parametrize(
    "table", ["logs", "blocks", "transactions", "readings", "events/keep3r.DustSent", "events/uniswap_v3_pool.Swap"]
)
def test_a_table_that_the_manifest_forgot_is_missed(lake: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    """Verify finds (exit 3), and a replay refuses, a lake whose manifest does not list a table that it must have."""
    change(lake / "manifest.json", without(table))
    assert main(["verify", f"lake={lake}"]) == 3
    capsys.readouterr()
    assert main(["replay", f"lake={lake}", f"results={lake.parent / 'results'}"]) == 1
    assert "blocks 0 to 590" in capsys.readouterr().err


def test_a_last_hash_that_is_not_the_blocks_is_found(lake: Path) -> None:
    """The last block's hash in the manifest must be the one in the table of blocks."""
    change(lake / "manifest.json", lambda told: told["coverage"].update(last_block_hash="0x" + "11" * 32))
    assert main(["verify", f"lake={lake}"]) == 3


@pytest.mark.parametrize(
    "how",
    [
        without("logs", 1000),
        without("blocks", 1000),
        without("transactions", 1000),
        without("events/uniswap_v3_pool.Swap", 1000),
        lambda told: told["extraction"].update(anchors=told["extraction"]["anchors"][-1:]),
        lambda told: told["extraction"]["anchors"][0].__setitem__(1, "0x" + "11" * 32),
        lambda told: told["extraction"]["anchors"].pop(1),
    ],
)
@pytest.mark.slow
def test_what_a_manifest_lost_is_found_and_fetched_again(
    tmp_path: Path, how: Callable[[dict[str, Any]], object]
) -> None:
    """A forgotten file, and a false or lost hash of a partition's end, are found by verify and mended by extract."""
    lake = tmp_path / "lake"
    named = [
        "deployment=local",
        f"deployment.pools=[{POOL}]",
        "deployment.name=soak",
        "deployment.partition_blocks=1000",
    ]
    with FaultyNode(Chain(2200), 0) as node:
        arguments = ["extract", f"lake={lake}", *named, "confirmations=0"]
        assert run(node.url, *arguments) == 0
        whole = content(lake)
        assert run("", "verify", f"lake={lake}") == 0
        change(lake / "manifest.json", how)
        assert run("", "verify", f"lake={lake}") == 3
        assert run(node.url, *arguments) == 0
        assert content(lake) == whole
        change(lake / "deployment.json", lambda told: told.update(initial_state_block=7))
        assert run(node.url, *arguments) == 1


def test_a_first_block_that_is_another_chains_is_found(tmp_path: Path) -> None:
    """The hash of the chain's first block in a manifest must be the parent of the second, where that is stored."""
    hashes = ["0x" + f"{number:064x}" for number in range(3)]
    rows = [{"number": number, "hash": hashes[number], "parent_hash": hashes[number - 1]} for number in (1, 2)]
    entry = write_table(tmp_path, "blocks", pa.Table.from_pylist(rows, BLOCKS), 1, 2)
    for genesis, found in ((hashes[0], []), (hashes[2], [0])):
        told = Manifest((entry,), Coverage(1, 2, hashes[2]), {"genesis": genesis})
        assert [block for block, _ in false_hashes(tmp_path, told)] == found


def test_a_lake_that_is_rolled_back_to_before_its_logs_is_whole(tmp_path: Path) -> None:
    """A partition of which no log is left keeps its tables, without a row: it is no damaged lake."""
    rows = pa.Table.from_pylist([{"block_number": 7, "transaction_index": 0, "hash": "0x0"}], TRANSACTIONS)
    entry = write_table(tmp_path, "transactions", rows, 0, 9)
    (kept,) = truncated(tmp_path, 0, 5, [entry])
    assert (kept.table, kept.rows, kept.to_block) == ("transactions", 0, 5)
    assert problem_of(tmp_path / kept.path, kept) == ""


def test_calls_that_were_fetched_are_missed() -> None:
    """Where callers were followed by traces, a partition without its table of calls is not complete."""
    facts = {"follow": "traces", "partition_blocks": 10}
    sizes = {"logs": 0, "blocks": 10, "transactions": 0, "calls": 0}
    files = tuple(FileEntry(table, file_name(table, 0, 9), 0, 9, rows, 1, "0" * 64) for table, rows in sizes.items())
    coverage = Coverage(0, 9, "0x" + "11" * 32)
    assert lacking(Manifest(files, coverage, facts), "followed") == []
    (found,) = lacking(Manifest(files[:3], coverage, facts), "followed")
    assert "no file of calls" in found.problem
    assert lacking(Manifest(files[:3], coverage, facts), "with_logs") == []


def test_deep_nesting_is_damage_whatever_the_limit(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A library that has raised Python's limit of recursion lets no file end the process."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        test_deep_nesting_is_damage(lake, capsys, "manifest")
    finally:
        sys.setrecursionlimit(limit)
