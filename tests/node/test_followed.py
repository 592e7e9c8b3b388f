from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.dataset.extraction import Extraction
from keep3r_replay.dataset.spec import ExtractionSpec, Request
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.extract.extractor import Keep3rV2Extractor
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from tests.node.anvil import calldata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.node.keep3r_chain import Keep3rChain


class Following(Keep3rV2Extractor):
    """Follows whoever calls Keep3r, also where no log tells of it."""

    def transactions_to(self, contracts: Mapping[str, object]) -> list[str]:
        """Every Keep3r that is known."""
        return [address for role, address in self.roots if address in contracts]


class FollowingProtocol:
    """Keep3r V2, but for its extractor."""

    def __getattr__(self, name: str) -> Any:
        return getattr(PROTOCOL, name)

    def extractor(self, client: NodeClient, settings: Mapping[str, Any]) -> Following:
        """Returns the one that follows callers."""
        return Following(client, settings)


def extracted(chain: Keep3rChain, folder: Path, protocol: Any, follow: str = "bodies") -> Lake:
    """Return a lake of the whole chain, fetched in spans of the planner's choice and partitions of 50 blocks."""
    folder.mkdir()
    settings = {"keep3r": chain.keep3r, "version": "v2_0"}
    spec = ExtractionSpec("followed", "keep3r_v2", 31337, 0, 50, follow=follow, settings=settings)
    client = NodeClient([chain.node.url])
    Extraction(folder, spec, protocol, client, Request(confirmations=0), print, lambda *_: None).run()
    return Lake.open(folder)


def test_transactions_without_logs_are_followed_if_the_protocol_asks(chain: Keep3rChain, tmp_path: Path) -> None:
    """A call that fails and leaves no log is in the lake, with its block's header; all else is as without."""
    node = chain.node
    failed = node.send(chain.keepers[0], chain.keep3r, calldata("setFee(uint256)", 7))
    node.mine()
    receipt = node.rpc("eth_getTransactionReceipt", failed)
    assert int(receipt["status"], 16) == 0
    chain.live(2, seed=8)

    plain = extracted(chain, tmp_path / "plain", PROTOCOL)
    followed = extracted(chain, tmp_path / "followed", FollowingProtocol())

    assert failed not in set(plain.scan("transactions").collect()["hash"])
    rows = followed.scan("transactions").collect().rows(named=True)
    (row,) = (each for each in rows if each["hash"] == failed)
    assert (row["status"], row["to"], row["from"]) == (0, chain.keep3r.lower(), chain.keepers[0].lower())
    assert row["input"].hex() == calldata("setFee(uint256)", 7)[2:]
    places = [(each["block_number"], each["transaction_index"]) for each in rows]
    assert places == sorted(set(places))

    number = int(receipt["blockNumber"], 16)
    for lake, is_there in ((plain, False), (followed, True)):
        (block,) = lake.scan("blocks", from_block=number, until_block=number).collect().rows(named=True)
        assert (block["timestamp"] is not None) == is_there
    assert (plain.deployment.transactions, followed.deployment.transactions) == ("with_logs", "followed")
    for table in plain.tables():
        if table not in {"transactions", "blocks"}:
            assert followed.scan(table).collect().equals(plain.scan(table).collect()), table


def test_a_tracing_node_tells_calls_inside_of_transactions(chain: Keep3rChain, tmp_path: Path) -> None:
    """Who called Keep3r inside of a transaction is told, in order; of a transaction that failed nothing lasted."""
    node = chain.node
    worked = node.transact(chain.keepers[0], chain.job, calldata("work()"))["transactionHash"]
    refused = node.send(chain.governance, chain.job, calldata("work()"))
    node.mine()
    assert int(node.rpc("eth_getTransactionReceipt", refused)["status"], 16) == 0

    bodies = extracted(chain, tmp_path / "bodies", FollowingProtocol())
    traced = extracted(chain, tmp_path / "traced", FollowingProtocol(), "traces")

    assert refused not in set(bodies.scan("transactions").collect()["hash"])
    assert refused in set(traced.scan("transactions").collect()["hash"])
    sent = traced.scan("transactions").select("block_number", "transaction_index", "hash")
    calls = traced.scan("calls").join(sent, on=["block_number", "transaction_index"]).collect()
    assert refused not in set(calls["hash"])
    mine = calls.filter(pl.col("hash") == worked).sort("position")
    assert mine["position"].to_list() == list(range(mine.height))
    assert set(mine["from"]) == {chain.job.lower()}
    assert [data[:4].hex() for data in mine["input"]] == [
        calldata("isKeeper(address)", chain.keepers[0])[2:10],
        calldata("worked(address)", chain.keepers[0])[2:10],
    ]
    for table in bodies.tables():
        if table not in {"transactions", "blocks"}:
            assert traced.scan(table).collect().equals(bodies.scan(table).collect()), table
