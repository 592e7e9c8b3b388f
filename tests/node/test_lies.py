"""Nodes that lie: what they say must not stay in a lake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.node.lakes import assert_equals_node, content, run, settings
from tests.node.lying_proxy import LyingProxy

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.node.keep3r_chain import Keep3rChain


class EmptyOnce:
    """Says once that a range in the middle has no logs, with an older header in the place of the one asked for."""

    def __init__(self, target: str) -> None:
        self.target = LyingProxy(target, lambda _, result: result)
        self.range: tuple[str, str] | None = None
        self.done = False

    def __call__(self, call: dict[str, Any], result: Any) -> Any:
        """The result, or a lie in its place."""
        if call["method"] == "eth_getLogs" and not self.done and len(result) > 5:
            wanted = call["params"][0]
            self.range = (wanted["fromBlock"], wanted["toBlock"])
            return []
        if call["method"] == "eth_getBlockByNumber" and self.range and call["params"][0] == self.range[1]:
            self.range, self.done = None, True
            return self.target.ask("eth_getBlockByNumber", "0x5", False)
        return result


def test_an_older_header_proves_no_emptiness(chain: Keep3rChain, tmp_path: Path) -> None:
    """An empty answer beside the header of another block than asked for is not believed."""
    lie = EmptyOnce(chain.node.url)
    with lie.target, LyingProxy(chain.node.url, lie) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert proxy.told == 2
    assert_equals_node(tmp_path / "lake", chain.node)


def test_a_last_header_of_another_chain_is_not_committed(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong hash of a range's last block, told once, costs a run at most: the lake never refuses later ones."""
    silent = next(
        number
        for number in range(chain.node.head - 64, 0, -1)
        if not chain.node.rpc("eth_getLogs", {"fromBlock": hex(number), "toBlock": hex(number)})
    )
    last = hex(silent)
    lies = iter(["0x" + "ab" * 32])

    def lie(call: dict[str, Any], result: Any) -> Any:
        batched = call["id"] == 1 and call["method"] == "eth_getBlockByNumber" and call["params"][0] == last
        return {**result, "hash": next(lies, result["hash"])} if batched else result

    arguments = settings(chain.keep3r, tmp_path / "lake", f"to_block={silent}")
    with LyingProxy(chain.node.url, lie) as proxy:
        assert run(proxy.url, *arguments) == 1
        assert "of it was kept" in capsys.readouterr().err
        assert run(proxy.url, *arguments) == 0
    assert_equals_node(tmp_path / "lake", chain.node)


def test_twins_that_differ_in_data_are_refused(chain: Keep3rChain, tmp_path: Path) -> None:
    """The same log twice with other data is no answer: it is asked for again."""
    lies = iter(range(3))

    def lie(call: dict[str, Any], result: Any) -> Any:
        if call["method"] == "eth_getLogs" and len(result) > 1 and next(lies, None) is not None:
            place = next(i for i, log in enumerate(result) if len(log["data"]) > 2)
            changed = {**result[place], "data": result[place]["data"][:-1] + "7"}
            return [*result[:place], changed, *result[place:]] if changed != result[place] else result
        return result

    with LyingProxy(chain.node.url, lie) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert proxy.told > 0
    assert_equals_node(tmp_path / "lake", chain.node)


def test_a_history_of_fees_is_placed_by_its_own_word(chain: Keep3rChain, tmp_path: Path) -> None:
    """An answer about earlier blocks than asked, whose last fee is an estimate, puts no fee at a wrong block."""

    def lie(call: dict[str, Any], result: Any) -> Any:
        if call["method"] == "eth_feeHistory" and len(result["baseFeePerGas"]) > 8:
            fees = result["baseFeePerGas"]
            return {**result, "baseFeePerGas": [*fees[: len(fees) // 2], hex(12_345)]}
        return result

    with LyingProxy(chain.node.url, lie) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, tmp_path / "lake")) == 0
        assert proxy.told > 0
    assert_equals_node(tmp_path / "lake", chain.node)


def test_a_reorganisation_during_a_run_leaves_nothing_of_the_dead_branch(chain: Keep3rChain, tmp_path: Path) -> None:
    """While the last partition is fetched the chain parts below it: the runs after that give the new chain's lake."""
    node = chain.node
    chain.live(8, seed=2)
    head = node.head
    done = []

    def lie(call: dict[str, Any], result: Any) -> Any:
        late = call["method"] == "eth_feeHistory" and int(call["params"][1], 16) >= head - 5
        if late and not done:
            done.append(1)
            node.rpc("anvil_reorg", 6, [])
        return result

    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    with LyingProxy(node.url, lie) as proxy:
        codes = [run(proxy.url, *arguments) for _ in range(3)]
        assert done
    assert codes[-1] == 0
    chain.live(3, seed=3)
    assert run(node.url, *arguments) == 0
    assert_equals_node(tmp_path / "lake", node)
    assert run(node.url, *settings(chain.keep3r, tmp_path / "fresh", "confirmations=0")) == 0
    assert content(tmp_path / "lake") == content(tmp_path / "fresh")


def test_rot_in_a_kept_file_is_fetched_again(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A flipped bit in a file that a run would go on from is found, told and mended, file by file of the partition."""
    lake = tmp_path / "lake"
    end = (chain.node.head - 64) // 50 * 50 + 5
    assert run(chain.node.url, *settings(chain.keep3r, lake, "confirmations=0", f"to_block={end}")) == 0
    arguments = settings(chain.keep3r, lake, "confirmations=0", f"to_block={end + 20}")
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "w", "confirmations=0", f"to_block={end + 20}")) == 0
    tails = [path for path in lake.rglob(f"*-{end:09d}.parquet") if path.stat().st_size > 100]
    assert len(tails) > 3
    for path in tails:
        rotten = bytearray(path.read_bytes())
        rotten[len(rotten) // 2] ^= 1
        path.write_bytes(rotten)
    capsys.readouterr()
    assert run(chain.node.url, *arguments) == 0
    assert "are fetched again" in capsys.readouterr().err
    assert content(lake) == content(tmp_path / "w")
    assert run("", "verify", f"lake={lake}") == 0


def test_a_partition_that_the_manifest_forgot_is_fetched_again(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gap in the middle is told by verify (exit 3), refused by a replay, and closed by the next extraction."""
    lake = tmp_path / "lake"
    arguments = settings(chain.keep3r, lake)
    assert run(chain.node.url, *arguments) == 0
    whole = content(lake)
    manifest = json.loads((lake / "manifest.json").read_text())
    manifest["files"] = [entry for entry in manifest["files"] if entry["from_block"] != 50]
    (lake / "manifest.json").write_text(json.dumps(manifest))
    capsys.readouterr()
    assert run("", "replay", f"lake={lake}", f"results={tmp_path / 'results'}") == 1
    assert run("", "verify", f"lake={lake}") == 3
    told = capsys.readouterr()
    assert "blocks 50 to 99 are missing" in told.err
    assert "blocks 50 to 99 are missing" in told.out
    assert run(chain.node.url, *arguments) == 0
    assert content(lake) == whole


def test_wrong_base_fees_are_found_against_another_node(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Base fees that one node told wrongly, of blocks whose headers nobody saw, are found against another."""
    silent = [
        number
        for number in range(60, 90)
        if not chain.node.rpc("eth_getLogs", {"fromBlock": hex(number), "toBlock": hex(number)})
    ]

    def lie(call: dict[str, Any], result: Any) -> Any:
        if call["method"] != "eth_feeHistory":
            return result
        first = int(result["oldestBlock"], 16)
        fees = [hex(int(fee, 16) + (first + i == silent[0])) for i, fee in enumerate(result["baseFeePerGas"])]
        return {**result, "baseFeePerGas": fees}

    arguments = settings(chain.keep3r, tmp_path / "lake")
    with LyingProxy(chain.node.url, lie) as proxy:
        assert run(proxy.url, *arguments) == 0
        assert proxy.told > 0
    ask = ["verify", *arguments[1:], "against_node=true"]
    capsys.readouterr()
    assert run(chain.node.url, *ask) == 3
    assert f"first of block {silent[0]}" in capsys.readouterr().out
    assert run(chain.node.url, *arguments) == 0
    assert run(chain.node.url, *ask) == 0
    assert_equals_node(tmp_path / "lake", chain.node)
