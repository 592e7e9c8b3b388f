from __future__ import annotations

import pytest

from keep3r_replay.chain.refusals import Refusal, of_error, of_http_status

WORDINGS = [
    (-32005, "query returned more than 10000 results", Refusal.TOO_MUCH, None, 10_000),
    (
        -32602,
        "query returned more than 10000 results. Try with this block range [0x64, 0xc7].",
        Refusal.TOO_MUCH,
        100,
        10_000,
    ),
    (-32600, "eth_getLogs is limited to a 10,000 range", Refusal.TOO_MUCH, 10_000, None),
    (-32000, "exceed maximum block range: 5000", Refusal.TOO_MUCH, 5_000, None),
    (-32000, "block range is too wide (max 1000)", Refusal.TOO_MUCH, 1_000, None),
    (-32602, "You can make eth_getLogs requests with up to a 2K block range", Refusal.TOO_MUCH, 2_000, None),
    (-32000, "query timeout exceeded", Refusal.TOO_MUCH, None, None),
    (-32008, "Log response size exceeded", Refusal.TOO_MUCH, None, None),
    (-32005, "daily request count exceeded, request rate limited", Refusal.TOO_OFTEN, None, None),
    (-32005, "limit exceeded", Refusal.TOO_OFTEN, None, None),
    (429, "Your app has exceeded its compute units per second capacity", Refusal.TOO_OFTEN, None, None),
    (-32029, "Too Many Requests", Refusal.TOO_OFTEN, None, None),
    (-32600, "batch requests are not supported", Refusal.NO_BATCH, None, None),
    (-32601, "the method eth_feeHistory does not exist/is not available", Refusal.UNSUPPORTED, None, None),
    (-32000, "missing trie node 1234 (path )", Refusal.UNSUPPORTED, None, None),
    (-32603, "requested block range is out of bounds", Refusal.UNSUPPORTED, None, None),
    (-32000, "block range extends beyond current head block", Refusal.PASSING, None, None),
    (-32000, "internal error", Refusal.PASSING, None, None),
    (3, "execution reverted: OLD", Refusal.REVERTED, None, None),
    (-32602, "invalid argument 0: hex string without 0x prefix", Refusal.FINAL, None, None),
]


@pytest.mark.parametrize(
    ("code", "text", "refusal", "blocks", "results"), WORDINGS, ids=[each[1][:40] for each in WORDINGS]
)
def test_a_refusal_is_judged_by_its_wording(
    code: int, text: str, refusal: Refusal, blocks: int | None, results: int | None
) -> None:
    """Each provider's wording leads to the right next step, with the cap it tells."""
    verdict = of_error(code, text)
    assert (verdict.refusal, verdict.max_blocks, verdict.max_results) == (refusal, blocks, results)


@pytest.mark.parametrize(
    ("status", "text", "batch", "refusal"),
    [
        (429, "", False, Refusal.TOO_OFTEN),
        (503, "", True, Refusal.PASSING),
        (502, "<html>", False, Refusal.PASSING),
        (413, "entity too large", False, Refusal.TOO_MUCH),
        (400, "batch not allowed", True, Refusal.NO_BATCH),
        (401, "", False, Refusal.FINAL),
        (404, "", False, Refusal.FINAL),
    ],
)
def test_a_status_is_judged(status: int, text: str, batch: bool, refusal: Refusal) -> None:
    """An HTTP status that is not 200 leads to the right next step."""
    assert of_http_status(status, text, batch=batch).refusal is refusal
