from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.forks import FORKS, Forks
from keep3r_replay.errors import NodeError

HEAD = 9_999
FREE = range(3_000, 3_010)


class FeeNode:
    """A node of some answers to eth_feeHistory and headers, as providers give them."""

    def __init__(self, most_blocks: int = 1024, oldest: int = 0, known: bool = True, london: int = 0) -> None:
        self.most_blocks, self.oldest, self.known, self.london = most_blocks, oldest, known, london
        self.requests: list[str] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                many = request if isinstance(request, list) else [request]
                node.requests.append(many[0]["method"])
                answers = [{"jsonrpc": "2.0", "id": each["id"]} | node.answer(each) for each in many]
                content = json.dumps(answers if isinstance(request, list) else answers[0]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.client = NodeClient([self.url])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: dict) -> dict:
        """Answer one call."""
        if call["method"] == "eth_getBlockByNumber":
            number = int(call["params"][0], 16)
            zero = "0x" + "00" * 32
            header = {"number": hex(number), "hash": zero, "parentHash": zero, "timestamp": "0x1"}
            fee = {"baseFeePerGas": hex(fee_of(number))} if number >= self.london else {}
            return {"result": header | {"gasUsed": "0x0", "gasLimit": "0x1"} | fee}
        if not self.known:
            return {"error": {"code": -32601, "message": "the method eth_feeHistory does not exist/is not available"}}
        count, newest = int(call["params"][0], 16), int(call["params"][1], 16)
        count = min(count, self.most_blocks)
        if newest - count + 1 < self.oldest:
            return {"error": {"code": -32602, "message": "requested block range is out of bounds"}}
        first = max(newest - count + 1, 0)
        fees = [hex(fee_of(number) if number >= self.london else 0) for number in range(first, newest + 1)] + ["0x7"]
        return {"result": {"oldestBlock": hex(first), "baseFeePerGas": fees}}


def fee_of(block: int) -> int:
    """Return a block's base fee in this chain: there are a few blocks whose fee is 0."""
    return 0 if block in FREE else 10**9 + block * block


@pytest.mark.parametrize(
    ("node", "most_requests"),
    [
        ({}, 5),
        ({"most_blocks": 100}, 120),
        ({"oldest": 4_000}, 60),
        ({"known": False}, 60),
    ],
    ids=["whole history", "short answers", "old part refused", "no such method"],
)
def test_every_fee_is_there_and_right(node: dict, most_requests: int) -> None:
    """Whatever the node refuses, each block has its own fee, and a willing node is asked once in 1,024 blocks."""
    served = FeeNode(**node)
    try:
        fees = FeeSource(served.client).base_fees(1, 5_000)
    finally:
        served.close()
    assert fees == [fee_of(number) for number in range(1, 5_001)]
    assert len(served.requests) <= most_requests


@pytest.mark.parametrize("london", [2_500, 3_000, 3_005, 9_000])
def test_no_fee_is_not_a_fee_of_zero(london: int) -> None:
    """Blocks before base fees have none, though the history says 0; a fee of 0 stays 0; few headers are asked for."""
    served = FeeNode(london=london)
    try:
        fees = FeeSource(served.client).base_fees(1, 5_000)
        later = FeeSource(served.client).base_fees(3_005, 3_100)
    finally:
        served.close()
    expected = [fee_of(number) if number >= london else None for number in range(1, 5_001)]
    assert (fees, later) == (expected, expected[3_004:3_100])
    assert served.requests.count("eth_getBlockByNumber") <= 13 + 7


def test_a_node_without_anything_is_an_error() -> None:
    """A node that gives neither history nor headers ends the run with one line."""
    served = FeeNode(known=False)
    served.answer = lambda _: {"result": None}  # type: ignore[method-assign]  # this one node answers nothing
    try:
        with pytest.raises(NodeError, match="no believable header of block"):
            FeeSource(NodeClient([served.url], attempts=2)).base_fees(1, 3)
    finally:
        served.close()


@pytest.mark.parametrize(("begin", "asks"), [(4_000, True), (3_900, False)])
def test_the_table_of_forks_spares_histories_where_the_chain_agrees(
    begin: int, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two headers prove the first block with a fee, and nothing before is asked for; a wrong table changes no fee."""
    monkeypatch.setitem(FORKS, 77, Forks("Test", base_fee_from=begin))
    served = FeeNode(london=4_000)
    served.client.chain_id = 77
    try:
        fees = FeeSource(served.client).base_fees(1, 5_000)
    finally:
        served.close()
    assert fees == [fee_of(number) if number >= 4_000 else None for number in range(1, 5_001)]
    assert (served.requests.count("eth_feeHistory") == 1) is asks
