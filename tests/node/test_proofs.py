"""Proofs against a real node: a whole history from a block hash, and headers and roots of every fork it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keep3r_replay.proof.header import header_from_rlp, header_of
from keep3r_replay.proof.receipts import receipt_of, receipts_root
from keep3r_replay.proof.transactions import raw_of, transaction_of, transactions_root
from tests.node.anvil import Anvil
from tests.node.keep3r_chain import Keep3rChain
from tests.node.lakes import run, settings
from tests.node.lying_proxy import LyingProxy

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


@pytest.mark.parametrize(
    ("network", "fork", "fields"),
    [
        ("ethereum", "homestead", 15),
        ("ethereum", "berlin", 15),
        ("ethereum", "london", 16),
        ("ethereum", "paris", 16),
        ("ethereum", "shanghai", 17),
        ("ethereum", "cancun", 20),
        ("ethereum", "prague", 21),
        ("ethereum", "osaka", 21),
        ("optimism", "canyon", 17),
        ("optimism", "isthmus", 21),
    ],
)
def test_headers_and_roots_of_every_fork(network: str, fork: str, fields: int) -> None:
    """Hashes of headers and transactions, both roots and the senders are the node's, for every type of the fork."""
    with Anvil("--network", network, "--hardfork", fork) as node:
        sender, target = node.accounts[:2]
        key = {"address": target, "storageKeys": ["0x" + "00" * 31 + "07"]}
        priced = {"gasPrice": hex(2 * 10**9)}
        kinds = [priced, {**priced, "type": "0x1", "accessList": [key]}]
        kinds += [{"maxFeePerGas": hex(10**11), "maxPriorityFeePerGas": hex(10**9)}] if fields > 15 else []
        for kind in kinds if fork not in {"homestead", "canyon"} else []:
            node.rpc(
                "eth_sendTransaction", {"from": sender, "to": target, "data": "0x1234", "gas": hex(60_000), **kind}
            )
        node.mine(3)
        for number in range(1, 4):
            block = node.rpc("eth_getBlockByNumber", hex(number), True)
            header = header_of(block)
            assert len(header.fields) == fields
            assert header.hash.hex() == block["hash"][2:]
            assert header_from_rlp(header.rlp).hash == header.hash
            receipts = [receipt_of(each) for each in node.rpc("eth_getBlockReceipts", hex(number))]
            assert receipts_root(receipts) == header["receiptsRoot"]
            raws = [raw_of(each) for each in block["transactions"]]
            assert transactions_root(raws) == header["transactionsRoot"]
            for raw, told in zip(raws, block["transactions"], strict=True):
                transaction = transaction_of(raw)
                assert (transaction.hash.hex(), transaction.recovered().hex()) == (told["hash"][2:], told["from"][2:])


def test_a_whole_history_is_proved_and_verified_offline(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the newest block's hash all that was extracted follows, and again without a node from what was kept."""
    lake, node = tmp_path / "lake", chain.node
    assert run(node.url, *settings(chain.keep3r, lake)) == 0
    anchor = node.rpc("eth_getBlockByNumber", "latest", False)["hash"]
    assert run(node.url, "prove", f"lake={lake}", f"anchor='{anchor}'", "keep=true") == 0
    told = capsys.readouterr().out
    assert f"from block {node.head}, {anchor}" in told
    assert "each of them, and no other" in told
    assert run("", "prove", f"lake={lake}", f"anchor='{anchor}'", "offline=true") == 0
    assert "VERIFIED" in capsys.readouterr().out


class Priced(Anvil):
    """A chain to which transactions are sent with a price, as before London."""

    def send(self, sender: str, to: str | None, data: str, *, gas: int = 8_000_000) -> str:
        """Put a transaction without a type into the pool."""
        transaction = {"from": sender, "data": data, "gas": hex(gas), "gasPrice": hex(10**10)}
        return str(self.rpc("eth_sendTransaction", transaction | ({"to": to} if to else {})))


@pytest.mark.parametrize(
    "options",
    [("--hardfork", "berlin"), ("--network", "optimism", "--hardfork", "isthmus")],
    ids=["before London", "Optimism"],
)
def test_histories_of_other_rules_are_proved(options: tuple[str, ...], tmp_path: Path) -> None:
    """Blocks without base fee and transactions without a type; another network's headers; with a node and offline."""
    lake = tmp_path / "lake"
    with Priced(*options) as node:
        chain = Keep3rChain(node)
        chain.live(15, seed=4)
        node.mine(4)
        assert run(node.url, *settings(chain.keep3r, lake, "confirmations=0")) == 0
        anchor = node.rpc("eth_getBlockByNumber", "latest", False)["hash"]
        assert run(node.url, "prove", f"lake={lake}", f"anchor={anchor}", "keep=true") == 0
    assert run("", "prove", f"lake={lake}", f"anchor={anchor}", "offline=true") == 0


def test_a_lake_that_grows_is_proved_again(chain: Keep3rChain, tmp_path: Path) -> None:
    """More blocks need a new proof, of which the old certificate says nothing: a replay tells so until it is made."""
    lake, node = tmp_path / "lake", chain.node
    assert run(node.url, *settings(chain.keep3r, lake)) == 0
    assert run(node.url, "prove", f"lake={lake}", f"anchor={node.head}", "state=false") == 0
    chain.live(20, seed=9)
    node.mine(64)
    assert run(node.url, *settings(chain.keep3r, lake)) == 0
    assert run(node.url, "prove", f"lake={lake}", f"anchor={node.head}", "state=false") == 0


def test_a_silent_gap_of_an_extraction_is_found(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that leaves out all logs of one block, and nothing else, makes a lake that a proof alone sees through."""
    node = chain.node
    logs = node.rpc("eth_getLogs", {"fromBlock": hex(60), "toBlock": hex(node.head), "address": [chain.keep3r]})
    gap = logs[0]["blockNumber"]

    def lie(call: dict[str, Any], result: Any) -> Any:
        return [log for log in result if log["blockNumber"] != gap] if call["method"] == "eth_getLogs" else result

    lake = tmp_path / "lake"
    with LyingProxy(node.url, lie) as proxy:
        assert run(proxy.url, *settings(chain.keep3r, lake)) == 0
    run("", "verify", f"lake={lake}")
    assert "damaged" not in capsys.readouterr().out
    assert run(node.url, "prove", f"lake={lake}", f"anchor={node.head}", "state=false") == 3
    assert f"block {int(gap, 16)}: logs log 0: the lake lacks it" in capsys.readouterr().out
