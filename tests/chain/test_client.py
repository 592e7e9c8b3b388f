"""How often, how long and how much a node is asked, and what one bad answer costs."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import pytest
from chain.small_node import SmallNode, error, header, results, send

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.log_answers import fetch_logs
from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.views import Question, View, read_views
from keep3r_replay.dataset.chain_head import block_at, check_chain
from keep3r_replay.errors import NodeError, UsageError

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

ADDRESS = "0x" + "11" * 20


def by_number(call: dict[str, Any]) -> dict[str, Any]:
    """The header that a call asks for."""
    return {"result": header(int(call["params"][0], 16))}


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_has_a_time_as_a_whole(part: str) -> None:
    """A node that sends a byte now and then, of the head or of the body, is left after the time of one answer."""

    def drip(_: Any, handler: BaseHTTPRequestHandler) -> None:
        text = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: " + b"y" * 900
        whole = text if part == "head" else b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 900
        try:
            for byte in whole:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.01)
        except OSError:
            pass

    with SmallNode(drip) as node:
        started = time.monotonic()
        with pytest.raises(NodeError, match="after 2 attempts"):
            NodeClient([node.url], timeout=0.5, attempts=2).call("eth_chainId")
        assert time.monotonic() - started < 3
        assert len(node.requests) == 2


def test_a_slow_answer_leaves_the_next_one_its_time() -> None:
    """What one answer took of its time is not taken from the next one over the same connection."""

    def slowly(asked: Any, _: BaseHTTPRequestHandler) -> Any:
        time.sleep(0.3)
        return results(asked, lambda _: {"result": "0x1"})

    with SmallNode(slowly) as node:
        client = NodeClient([node.url], timeout=0.5, attempts=1)
        assert [bytes(client.call("eth_chainId")) for _ in range(4)] == [b'"0x1"'] * 4


@pytest.mark.parametrize("attempts", [1, 3])
def test_attempts_are_attempts(attempts: int) -> None:
    """A question is asked as often as is said, whether requests fail or answers cannot be true."""

    def broken(_: Any, handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"away", 503, Retry_After="0")

    for answer in (broken, lambda asked, _: results(asked, lambda _: {"result": None})):
        for ask in (
            lambda client: fetch_logs(client, 0, 9, [ADDRESS]),
            lambda client: fetch_headers(client, [1, 2, 3]),
            lambda client: read_views(client, [Question(ADDRESS, View("total", (), ("uint256",)))], 5),
        ):
            with SmallNode(answer) as node:
                with pytest.raises(NodeError):
                    ask(NodeClient([node.url], attempts=attempts))
                assert len(node.requests) == attempts


def test_one_failed_batch_does_not_end_batches() -> None:
    """A batch that fails as a whole once, or is refused once, is asked again; the next ones are batches as before."""
    problems = iter([error(-32603, "internal error"), None, error(-32600, "batch requests are not supported"), None])

    def sometimes(asked: Any, _: BaseHTTPRequestHandler) -> Any:
        return next(problems, None) or results(asked, by_number)

    with SmallNode(sometimes) as node:
        client = NodeClient([node.url])
        for first in range(0, 300, 100):
            assert [int(each.number, 16) for each in fetch_headers(client, range(first, first + 100))] == [
                *range(first, first + 100)
            ]
        assert [len(each) for each in node.requests] == [100] * 5
        assert client.batches_everywhere


def test_batches_are_made_smaller_or_given_up_where_they_must_be() -> None:
    """A cap on calls at once halves the batches; a node that refuses every batch is asked one by one."""

    def capped(asked: Any, _: BaseHTTPRequestHandler) -> Any:
        if isinstance(asked, list) and len(asked) > 30:
            return error(-32600, "batch too large")
        return results(asked, by_number)

    def never(asked: Any, _: BaseHTTPRequestHandler) -> Any:
        return error(-32600, "no batches") if isinstance(asked, list) else results(asked, by_number)

    for reply, most in ((capped, 8), (never, 102)):
        with SmallNode(reply) as node:
            found = fetch_headers(NodeClient([node.url], attempts=3), range(100))
            assert [int(each.number, 16) for each in found] == [*range(100)]
            assert len(node.requests) <= most


def test_a_header_that_is_not_found_is_asked_for_again() -> None:
    """`header not found` is said by a node behind the others: the next answer counts."""
    left = [3]

    def behind(call: dict[str, Any]) -> dict[str, Any]:
        left[0] -= 1
        return error(-32000, "header not found") if left[0] >= 0 else by_number(call)

    with SmallNode(lambda asked, _: results(asked, behind)) as node:
        assert fetch_headers(NodeClient([node.url]), [7])[0].number == "0x7"


@pytest.mark.parametrize("refusal", [None, error(-32602, "invalid params"), error(-32601, "method not found")])
def test_what_is_refused_once_is_asked_again(refusal: dict[str, Any] | None) -> None:
    """A null or a refusal, once, of chain, genesis, head or code, changes nothing; said for good, it counts."""
    said: dict[str, int] = {}
    once = {"result": None} if refusal is None else refusal

    def answer(call: dict[str, Any]) -> dict[str, Any]:
        key = f"{call['method']} {call['params'][:1]}"
        said[key] = said.get(key, 0) + 1
        if said[key] == 1:
            return once
        return {"result": "0x1"} if call["method"] == "eth_chainId" else by_number(call)

    with SmallNode(lambda asked, _: results(asked, answer)) as node:
        client = NodeClient([node.url])
        assert check_chain(client, 1) == header(0)["hash"]
        block = block_at(client, "0x9")
        assert block is not None
        assert block.number == 9
    with SmallNode(lambda asked, _: results(asked, lambda _: once)) as node:
        client = NodeClient([node.url])
        if refusal is None:
            assert block_at(client, "0x9") is None
        else:
            with pytest.raises(RefusedError):
                block_at(client, "0x9")
        assert len(node.requests) == 3


def test_a_wrong_chain_or_genesis_once_is_no_other_chain() -> None:
    """A chain's number counts if it is said twice, a first block only if the second one names it as its parent."""
    said: dict[str, int] = {}

    def answer(call: dict[str, Any]) -> dict[str, Any]:
        key = f"{call['method']} {call['params'][:1]}"
        said[key] = said.get(key, 0) + 1
        first = said[key] == 1
        if call["method"] == "eth_chainId":
            return {"result": "0x5" if first else "0x1"}
        number = int(call["params"][0], 16)
        return {"result": header(number, **({"hash": "0x" + "ee" * 32} if first and number == 0 else {}))}

    with SmallNode(lambda asked, _: results(asked, answer)) as node:
        assert check_chain(NodeClient([node.url]), 1) == header(0)["hash"]
        with pytest.raises(UsageError, match="of chain 1, the deployment of chain 2"):
            check_chain(NodeClient([node.url]), 2)


def test_a_revert_once_is_no_reading() -> None:
    """A view that reverts or answers nothing is asked again; what it says twice is what it says."""
    view = Question(ADDRESS, View("total", (), ("uint256",)))
    for once in (error(3, "execution reverted"), {"result": "0x"}):
        answers = iter([once])

        def reply(asked: Any, _: Any, answers: Any = answers) -> Any:
            return results(asked, lambda _: next(answers, {"result": f"0x{7:064x}"}))

        with SmallNode(reply) as node:
            assert read_views(NodeClient([node.url]), [view], 5)[0].values == (7,)
    with SmallNode(lambda asked, _: results(asked, lambda _: error(3, "execution reverted"))) as node:
        assert read_views(NodeClient([node.url]), [view], 5)[0].values is None


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_has_a_largest_size(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than the limit, as it comes or unpacked, is refused: a range is split, all else asked again."""
    monkeypatch.setattr("keep3r_replay.chain.endpoint._LOCAL", frozenset())
    content = b" " * 3_000_000

    def huge(_: Any, handler: BaseHTTPRequestHandler) -> None:
        if packed:
            assert len(gzip.compress(content)) < 10_000
            send(handler, gzip.compress(content), Content_Encoding="gzip")
        else:
            send(handler, content)

    with SmallNode(huge) as node:
        client = NodeClient([node.url], attempts=2, most_bytes=1_000_000)
        with pytest.raises(NodeError, match="larger than 1000000 bytes"):
            client.call("eth_chainId")
        with pytest.raises(RefusedError) as refused:
            fetch_logs(client, 0, 9, [ADDRESS])
        assert refused.value.verdict.refusal is Refusal.TOO_MUCH


def test_an_endless_answer_is_cut_off() -> None:
    """An answer without a length that never ends is read up to the limit, and no further."""
    sent = [0]

    def endless(_: Any, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while sent[0] < 200_000_000:
                handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                sent[0] += 0x10000
        except OSError:
            pass

    with SmallNode(endless) as node, pytest.raises(NodeError, match="larger than"):
        NodeClient([node.url], attempts=1, most_bytes=1_000_000).call("eth_chainId")
    assert sent[0] < 50_000_000


def test_a_history_that_never_ends_costs_few_requests() -> None:
    """A history that tells of one block at a time, of earlier ones, or of none, is left for headers."""

    def one(call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "eth_getBlockByNumber":
            return by_number(call)
        count, newest = (int(each, 16) for each in call["params"][:2])
        return {"result": {"oldestBlock": hex(newest - count + 1), "baseFeePerGas": ["0x7", "0x7"]}}

    def earlier(call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "eth_getBlockByNumber":
            return by_number(call)
        return {"result": {"oldestBlock": "0x0", "baseFeePerGas": ["0x7"]}}

    for answer in (one, earlier):
        with SmallNode(lambda asked, _, answer=answer: results(asked, answer)) as node:
            assert FeeSource(NodeClient([node.url])).base_fees(10, 4_009) == [7] * 4_000
            assert len(node.requests) < 80


def test_calls_of_a_batch_are_answered_in_order() -> None:
    """Answers in another order, with ids that are no numbers among them, are put in order or asked for again."""
    times = iter(range(10))

    def shuffled(asked: Any, _: Any) -> Any:
        said = results(asked, by_number)[::-1]
        if next(times) == 0:
            said[0]["id"] = ["no", "id"]
        return said

    with SmallNode(shuffled) as node:
        found = NodeClient([node.url]).batch([Call("eth_getBlockByNumber", [hex(i), False]) for i in range(5)])
        assert [hex(i).encode() in bytes(raw) for i, raw in enumerate(found)] == [True] * 5
        assert len(node.requests) == 2


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
def test_the_call_that_is_refused_is_named(method: str) -> None:
    """Of several that are asked together, the one that the node answers with an error."""

    def answer(call: dict[str, Any]) -> dict[str, Any]:
        return error(-32000, "come back later") if call["method"] == method else {"result": []}

    with SmallNode(lambda asked, _: results(asked, answer)) as node, pytest.raises(NodeError) as refused:
        fetch_logs(NodeClient([node.url], attempts=1), 0, 9, [ADDRESS])
    assert str(refused.value).startswith(f"no answer to {method} after 1 attempts (endpoint 1: ")
