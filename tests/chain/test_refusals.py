"""Refusals in the words of the nodes and providers that say them, each with where the wording is from."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from keep3r_replay.chain.refusals import Refusal, of_error, of_http_status


class Wording(NamedTuple):
    """An error as it is said, who says it (`source`), and what must come of it."""

    source: str
    code: int
    text: str
    refusal: Refusal
    max_blocks: int | None = None
    max_results: int | None = None
    part: int | None = None


MUCH = Refusal.TOO_MUCH
WORDINGS = [
    Wording("go-ethereum, history.PrunedHistoryError", 4444, "pruned history unavailable", Refusal.PRUNED),
    Wording(
        "github.com/NethermindEth/nethermind/issues/12089",
        -32000,
        "Receipt not available for From block 14319330.",
        Refusal.PRUNED,
    ),
    Wording("github.com/NethermindEth/nethermind/issues/9539", 4444, "Pruned history unavailable", Refusal.PRUNED),
    Wording(
        "github.com/erigontech/erigon/issues/13198",
        -32000,
        "seek with txNum=1962853355 but data before txNum=2662500000 is not available: blockNum=16999999",
        Refusal.PRUNED,
    ),
    Wording("go-ethereum, old state", -32000, "missing trie node 0xab (path )", Refusal.UNSUPPORTED),
    Wording("Infura, docs of eth_getLogs", -32005, "query returned more than 10000 results", MUCH, None, 10_000),
    Wording(
        "Infura, as above, newer",
        -32602,
        "query returned more than 10000 results. Try with this block range [0x64, 0xc7].",
        MUCH,
        None,
        10_000,
        100,
    ),
    Wording("github.com/INFURA/infura/issues/237", -32602, "range 1000000 exceeds limit of 10000", MUCH, 10_000),
    Wording("QuickNode, docs of eth_getLogs", -32600, "eth_getLogs is limited to a 10,000 range", MUCH, 10_000),
    Wording(
        "github.com/boundless-xyz/boundless/issues/838 (Alchemy)",
        -32600,
        "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range "
        "should work: [0x1a30dfd, 0x1a30ff0]",
        MUCH,
        500,
        None,
        500,
    ),
    Wording(
        "Alchemy, docs of eth_getLogs",
        -32602,
        "You can make eth_getLogs requests with up to a 2K block range and no limit on the response size",
        MUCH,
        2_000,
    ),
    Wording(
        "github.com/bancorprotocol/webapp/issues/523 (Alchemy)",
        -32602,
        "Log response size exceeded. Please reduce query block range.",
        MUCH,
    ),
    Wording("dRPC, free tier", 35, "ranges over 10000 blocks are not supported on freetier", MUCH, 10_000),
    Wording("Chainbase and others", -32000, "please limit the query to at most 1000 blocks", MUCH, 1_000),
    Wording(
        "thirdweb",
        -32005,
        "Log response size exceeded. Maximum allowed number of requested blocks is 3500",
        MUCH,
        3_500,
    ),
    Wording(
        "harmony-one/harmony, rpc filters (rpcGetLogsLimit)",
        -32000,
        "GetLogs query must be smaller than size 1024",
        MUCH,
        1_024,
    ),
    Wording("github.com/bnb-chain/bsc/issues/1215", -32005, "limit exceeded", MUCH),
    Wording(
        "ethereum-optimism, proxyd rpc_proxy (maxBlockRange)", -32602, "block range greater than 5000 max", MUCH, 5_000
    ),
    Wording("ethereum-optimism, proxyd (ErrResponseTooLarge)", -32020, "backend response too large", MUCH),
    Wording("jsonrpsee, error code -32008", -32008, "Response is too big", MUCH),
    Wording(
        "github.com/moonbeam-foundation/moonbeam/pull/3250",
        -32603,
        "block range is too wide (maximum 1024)",
        MUCH,
        1_024,
    ),
    Wording(
        "ava-labs/coreth, eth/filters (GetLogs)",
        -32000,
        "requested too many blocks from 0 to 16777216, maximum is set to 2048",
        MUCH,
        2_048,
    ),
    Wording(
        "paradigmxyz/reth, eth filter (max results)",
        -32602,
        "query exceeds max results 20000, retry with the range 24383075-24383579",
        MUCH,
        None,
        20_000,
        505,
    ),
    Wording("paradigmxyz/reth, eth filter (max blocks)", -32602, "query exceeds max block range 100000", MUCH, 100_000),
    Wording("github.com/scroll-tech/go-ethereum/pull/529", -32000, "block range is bigger than maxBlockRange", MUCH),
    Wording("Merkle", -32602, "eth_getLogs range is too large, max is 1k blocks", MUCH, 1_000),
    Wording("Aurora", -32600, "requests with up to a 2,000 block range", MUCH, 2_000),
    Wording(
        "Oasis, emerald gateway", -32000, "invalid request: max allowed of rounds in logs query is: 100", MUCH, 100
    ),
    Wording("Filecoin, lotus", -32000, "logs matched by query exceeds limit of 10000", MUCH, None, 10_000),
    Wording("BNB Smart Chain", -32000, "exceed maximum block range: 5000", MUCH, 5_000),
    Wording("Hyperledger Besu", -32005, "Requested range exceeds maximum RPC range limit", MUCH),
    Wording(
        "Cloudflare",
        -32047,
        "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800",
        MUCH,
        800,
    ),
    Wording("1RPC", -32000, "eth_getLogs is limited to 0 - 50000 blocks range", MUCH, 50_000),
    Wording("go-ethereum, rpc timeout", -32002, "query timeout exceeded", MUCH),
    Wording("Infura, daily", -32005, "daily request count exceeded, request rate limited", Refusal.TOO_OFTEN),
    Wording("Alchemy", 429, "Your app has exceeded its compute units per second capacity", Refusal.TOO_OFTEN),
    Wording("Ankr", -32029, "Too Many Requests", Refusal.TOO_OFTEN),
    Wording("several", -32600, "batch requests are not supported", Refusal.NO_BATCH),
    Wording("go-ethereum, rpc batch limit", -32600, "batch too large", Refusal.SMALLER_BATCH),
    Wording("several", -32600, "batch of 100 exceeds the maximum batch size of 50", Refusal.SMALLER_BATCH),
    Wording("go-ethereum", -32601, "the method eth_feeHistory does not exist/is not available", Refusal.UNSUPPORTED),
    Wording("go-ethereum", -32000, "missing trie node 1234 (path )", Refusal.UNSUPPORTED),
    Wording("Erigon", -32603, "requested block range is out of bounds", Refusal.UNSUPPORTED),
    Wording("go-ethereum", -32000, "block range extends beyond current head block", Refusal.PASSING),
    Wording("go-ethereum, behind a balancer", -32000, "header not found", Refusal.PASSING),
    Wording("several", -32000, "internal error", Refusal.PASSING),
    Wording("go-ethereum", 3, "execution reverted: OLD", Refusal.REVERTED),
    Wording("go-ethereum", -32602, "invalid argument 0: hex string without 0x prefix", Refusal.FINAL),
]


@pytest.mark.parametrize("said", WORDINGS, ids=[each.text[:50] for each in WORDINGS])
def test_a_refusal_is_judged_by_its_wording(said: Wording) -> None:
    """Each provider's wording leads to the right next step, with the cap it tells and the part it suggests."""
    verdict = of_error(said.code, said.text, splits=True)
    found = (verdict.refusal, verdict.max_blocks, verdict.max_results, verdict.part)
    assert found == (said.refusal, said.max_blocks, said.max_results, said.part)


def test_a_limit_without_a_word_on_what_is_of_the_rate_where_nothing_can_be_split() -> None:
    """`limit exceeded` splits a range; said of a call that is about one thing, it is about the rate."""
    assert of_error(-32005, "limit exceeded", splits=True).refusal is Refusal.TOO_MUCH
    assert of_error(-32005, "limit exceeded").refusal is Refusal.TOO_OFTEN
    assert not of_error(-32005, "limit exceeded", splits=True).sure


@pytest.mark.parametrize(
    ("status", "text", "batch", "splits", "refusal"),
    [
        (429, "", False, False, Refusal.TOO_OFTEN),
        (503, "", True, True, Refusal.PASSING),
        (502, "<html>", False, False, Refusal.PASSING),
        (413, "entity too large", True, True, Refusal.TOO_MUCH),
        (413, "entity too large", True, False, Refusal.SMALLER_BATCH),
        (400, "batch not allowed", True, False, Refusal.NO_BATCH),
        (400, "You can make eth_getLogs requests with up to a 500 block range.", True, True, Refusal.TOO_MUCH),
        (401, "", False, False, Refusal.FINAL),
        (404, "", False, True, Refusal.FINAL),
    ],
)
def test_a_status_is_judged(status: int, text: str, batch: bool, splits: bool, refusal: Refusal) -> None:
    """An HTTP status that is not 200 leads to the right next step."""
    assert of_http_status(status, text, batch=batch, splits=splits).refusal is refusal
