from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.dataset.estimate import estimate
from keep3r_replay.lake.reader import Lake
from tests.node.anvil import calldata
from tests.node.lakes import assert_equals_node, content, run, settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.node.anvil import Anvil
    from tests.node.keep3r_chain import Keep3rChain


def test_a_plain_run_gives_what_the_node_says(chain: Keep3rChain, tmp_path: Path) -> None:
    """After one run the lake equals the node log by log, block by block and transaction by transaction."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    assert_equals_node(tmp_path / "lake", chain.node)
    lake = Lake.open(tmp_path / "lake")
    assert lake.manifest.coverage is not None
    assert lake.manifest.coverage.to_block == chain.node.head - 64
    assert lake.scan("events/keep3r.KeeperWork").collect().height > 20


def test_contracts_tokens_and_parameters_are_found(chain: Keep3rChain, tmp_path: Path) -> None:
    """The deployment names Keep3r, helper, pair manager and pool with its tokens, and the constructors' parameters."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    deployment = Lake.open(tmp_path / "lake").deployment
    found = {(contract.role, contract.version, contract.address) for contract in deployment.contracts}
    assert found == {
        ("keep3r", "2.0", chain.keep3r.lower()),
        ("keep3r_helper", "2.0", chain.helper.lower()),
        ("pair_manager", "", chain.liquidity.lower()),
        ("uniswap_v3_pool", "", chain.pool.lower()),
    }
    parameters = deployment.initial_state[chain.keep3r.lower()]
    assert parameters["bondTime"] == str(3 * 86_400)
    assert parameters["approvedLiquidities"] == "[]"
    assert deployment.tokens["weth"] == "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def test_a_second_run_has_nothing_to_do(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run at the final head changes no byte, asks a handful of questions and exits 0."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    before = content(tmp_path / "lake")
    capsys.readouterr()
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    output = capsys.readouterr().out
    assert "nothing new" in output
    assert int(output.splitlines()[-1].split()[0]) < 10
    assert content(tmp_path / "lake") == before


def test_thirty_slices_are_one_run(chain: Keep3rChain, tmp_path: Path) -> None:
    """A lake fetched in thirty slices, as a scheduler would, has the bytes of one fetched at once."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "whole")) == 0
    last = chain.node.head - 64
    ends = [*sorted(random.Random(7).sample(range(20, last), 29)), last]
    for end in ends:
        assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "slices", f"to_block={end}")) == 0
    assert content(tmp_path / "slices") == content(tmp_path / "whole")
    assert_equals_node(tmp_path / "slices", chain.node)


def test_a_reorganisation_is_rolled_back(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blocks that the chain replaces are dropped, and the lake becomes that of the new chain."""
    node = chain.node
    chain.live(5, seed=2)
    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    assert run(node.url, *arguments) == 0
    old = content(tmp_path / "lake")
    node.rpc("anvil_reorg", 4, [])
    chain.live(6, seed=3)
    assert run(node.url, *arguments) == 0
    assert "rolled back to block" in capsys.readouterr().out
    assert_equals_node(tmp_path / "lake", node)
    assert content(tmp_path / "lake") != old
    assert run(node.url, *settings(chain.keep3r, tmp_path / "fresh", "confirmations=0")) == 0
    assert content(tmp_path / "lake") == content(tmp_path / "fresh")


def test_a_fork_below_final_blocks_is_refused(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A chain that parts from the lake's below what was final is an error, and the lake stays as it was."""
    arguments = settings(chain.keep3r, tmp_path / "lake")
    assert run(chain.node.url, *arguments) == 0
    before = content(tmp_path / "lake")
    chain.node.rpc("anvil_rollback", 80)
    chain.live(90, seed=4)
    assert run(chain.node.url, *arguments) == 1
    assert "was final" in capsys.readouterr().err
    assert content(tmp_path / "lake") == before


def test_a_new_helper_and_a_new_pool_are_followed(chain: Keep3rChain, tmp_path: Path) -> None:
    """Contracts that events name later are followed, a pool with its whole history from before that."""
    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    assert run(chain.node.url, *arguments) == 0
    helper = chain.new_helper()
    pool, manager = chain.second_pool()
    assert run(chain.node.url, *arguments) == 0
    chain.live(3, seed=5)
    assert run(chain.node.url, *arguments) == 0
    chain.govern("approveLiquidity(address)", manager)
    chain.node.mine(3)
    assert run(chain.node.url, *arguments) == 0
    addresses = set(Lake.open(tmp_path / "lake").deployment.by_address())
    assert {helper.lower(), pool.lower(), manager.lower()} <= addresses
    assert_equals_node(tmp_path / "lake", chain.node)
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "fresh", "confirmations=0")) == 0
    assert content(tmp_path / "lake") == content(tmp_path / "fresh")


def test_an_unknown_event_is_kept_raw_and_counted(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that no declared event explains stays in `logs`, stands in `undecoded` with its reason, and is reported."""
    node = chain.node
    stranger = "0x" + "77" * 20
    # log1(0, 32, topic 0x42): mstore nothing, topic 42
    node.rpc("anvil_setCode", stranger, "0x604260206000a100")
    node.transact(chain.governance, stranger, "0x")
    node.mine(64)
    follow = f"+deployment.companions.escrow=[{stranger}]"
    assert run(node.url, *settings(chain.keep3r, tmp_path / "lake", follow)) == 0
    assert "kept raw, not decoded: 1 log " in capsys.readouterr().out
    lake = Lake.open(tmp_path / "lake")
    rows = lake.scan("undecoded").collect().rows(named=True)
    assert len(rows) == 1
    assert "unknown event" in rows[0]["reason"]
    raw = lake.scan("logs").collect()
    assert (rows[0]["block_number"], rows[0]["log_index"]) in zip(raw["block_number"], raw["log_index"], strict=True)


def test_a_plan_writes_nothing(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """plan=true prints what would be fetched, here to the log since the samples are the whole, and leaves no file."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake", "plan=true")) == 0
    plan = capsys.readouterr().out
    assert "to fetch: blocks 3 to" in plan
    assert not (tmp_path / "lake").exists()
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    logs = Lake.open(tmp_path / "lake").scan("logs").collect().height
    assert f"expected: about {logs:,} logs" in plan


def test_a_plan_of_a_long_range_is_by_samples(chain: Keep3rChain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a range is too long to be looked at, its logs are scaled up from samples that lie inside of it."""
    client = NodeClient([chain.node.url])
    contracts = [chain.keep3r, chain.pool]
    ranges = [(0, chain.node.head)]
    exact = estimate(client, contracts, ranges, only_logs=True)
    assert exact.sampled == exact.blocks == chain.node.head + 1
    monkeypatch.setattr("keep3r_replay.dataset.estimate._SAMPLE_BLOCKS", 3)
    sampled = estimate(client, contracts, ranges, only_logs=True)
    assert sampled.sampled == 64 * 3 < sampled.blocks == exact.blocks
    assert exact.logs // 3 < sampled.logs < 3 * exact.logs


def test_damaged_files_are_found_and_fetched_again(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Flipped bytes, a missing file and a cut one are found by verify (exit 3) and mended by the next extract."""
    arguments = settings(chain.keep3r, tmp_path / "lake")
    assert run(chain.node.url, *arguments) == 0
    whole = content(tmp_path / "lake")
    data = sorted(path for path in (tmp_path / "lake").rglob("*.parquet"))
    choose = random.Random(3)
    flipped, missing, cut = choose.sample(data, 3)
    middle = flipped.stat().st_size // 2
    damaged = bytearray(flipped.read_bytes())
    damaged[middle] ^= 1
    flipped.write_bytes(damaged)
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:-5])
    assert run("", "verify", f"lake={tmp_path / 'lake'}") == 3
    output = capsys.readouterr().out
    for path in (flipped, missing, cut):
        assert str(path) in output
    assert run(chain.node.url, *arguments) == 0
    assert content(tmp_path / "lake") == whole
    assert run("", "verify", f"lake={tmp_path / 'lake'}") == 0


def test_verify_against_the_node_finds_what_is_not_on_it(chain: Keep3rChain, tmp_path: Path) -> None:
    """A lake whose logs are consistent in themselves, but not the node's, is found and can be repaired at once."""
    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    assert run(chain.node.url, *arguments) == 0
    ask = ["verify", *arguments[1:-1], "against_node=true"]
    assert run(chain.node.url, *ask) == 0
    other = chain.node.rpc("anvil_reorg", 70, [])
    assert other is None
    assert run(chain.node.url, *ask) == 3


def test_two_runs_at_once_are_kept_apart(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While one run holds the lake, another ends with exit 1 and one line."""
    from keep3r_replay.dataset.lock import only_one_run

    lake = tmp_path / "lake"
    with only_one_run(lake, create=True):
        assert run(chain.node.url, *settings(chain.keep3r, lake)) == 1
    assert "another run works on this lake" in capsys.readouterr().err
    assert run(chain.node.url, *settings(chain.keep3r, lake)) == 0


def test_a_foreign_folder_is_not_touched(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that holds something else is refused (exit 2), and so is a lake of another deployment."""
    (tmp_path / "mine.txt").write_text("mine")
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path)) == 2
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    other = settings(chain.keep3r, tmp_path / "lake", "deployment.partition_blocks=7")
    assert run(chain.node.url, *other) == 2
    assert "partition_blocks 50, not 7" in capsys.readouterr().err
    assert run(chain.node.url, *settings(chain.helper, tmp_path / "lake")) == 2
    assert "of another keep3r" in capsys.readouterr().err


def test_no_address_of_a_node_is_told(
    chain: Keep3rChain, node: Anvil, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key in the node's address is in no file and no line, whether a run succeeds, fails or is misused."""
    secret = "s3cr3tk3y"
    good = f"{node.url}/?key={secret}"
    assert run(good, *settings(chain.keep3r, tmp_path / "lake")) == 0
    assert run(f"http://127.0.0.1:9/{secret}", *settings(chain.keep3r, tmp_path / "none", "attempts=2")) == 1
    assert run(f"ftp://x/{secret}", *settings(chain.keep3r, tmp_path / "none")) == 2
    assert run(good, *settings(chain.keep3r, tmp_path / "none", f"rpc_url={good}")) == 2
    assert run(good, *settings(chain.keep3r, tmp_path / "none", f"timeout={good}")) == 2
    assert run(good, *settings(chain.keep3r, tmp_path / "none"), good) == 2
    captured = capsys.readouterr()
    assert secret not in captured.out + captured.err
    for name, data in content(tmp_path).items():
        assert secret.encode() not in data, name


def test_another_chain_is_refused(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A node of another chain than the deployment's is a usage error before anything is written."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake", "deployment.chain_id=1")) == 2
    assert "is of chain 31337" in capsys.readouterr().err


def test_status_tells_the_coverage(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status names the blocks and the tables with their rows, as the manifest has them."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
    capsys.readouterr()
    assert run("", "status", f"lake={tmp_path / 'lake'}") == 0
    output = capsys.readouterr().out
    manifest = json.loads((tmp_path / "lake" / "manifest.json").read_text())
    assert f"blocks: 3 to {manifest['coverage']['to_block']}" in output
    assert "events/keep3r.KeeperWork" in output


def test_work_is_called_through_the_job(chain: Keep3rChain) -> None:
    """The fixture drives the real contracts: the job's work() pays a keeper by a KeeperWork log."""
    receipt = chain.node.transact(chain.keepers[0], chain.job, calldata("work()"))
    assert any(log["address"] == chain.keep3r.lower() for log in receipt["logs"])
