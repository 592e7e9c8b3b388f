"""Nodes that have deleted old history, which is an error that says so, and nodes that are behind, which is nothing."""

from __future__ import annotations

import json
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.node.lakes import content, run, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.node.keep3r_chain import Keep3rChain

Answer = dict[str, Any]


@contextmanager
def behind(target: str, change: Callable[[dict[str, Any], Answer], Answer]) -> Iterator[str]:
    """A node that passes calls on and changes the answers; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = urllib.request.Request(target, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as response:
                answers = json.load(response)
            calls = json.loads(body)
            if isinstance(calls, list):
                answers = [change(call, answer) for call, answer in zip(calls, answers, strict=True)]
            else:
                answers = change(calls, answers)
            told = json.dumps(answers).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _says_so(call: dict[str, Any], answer: Answer) -> Answer:
    if call["method"] == "eth_getLogs":
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": 4444, "message": "pruned history unavailable"}}
    return answer


def _in_silence(call: dict[str, Any], answer: Answer) -> Answer:
    if call["method"] == "eth_getTransactionReceipt":
        return answer | {"result": None}
    return answer | {"result": []} if call["method"] == "eth_getLogs" else answer


@pytest.mark.parametrize(
    ("change", "words"),
    [(_says_so, "has deleted this part of the history"), (_in_silence, "no receipts of it: it has deleted them")],
)
def test_deleted_history_is_an_error_that_says_so(
    change: Callable[[dict[str, Any], Answer], Answer],
    words: str,
    chain: Keep3rChain,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A node that has pruned the history ends the run with exit 1 and the remedy, whether it says so or not."""
    with behind(chain.node.url, change) as url:
        assert run(url, *settings(chain.keep3r, tmp_path / "lake")) == 1
    error = capsys.readouterr().err
    assert words in error
    assert "archive node" in error
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake")) == 0


def test_a_lagging_node_is_no_reorganisation(
    chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that does not have the lake's last blocks yet rolls nothing back, and changes no byte."""
    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    assert run(chain.node.url, *arguments) == 0
    before = content(tmp_path / "lake")
    head = chain.node.head - 30
    capsys.readouterr()

    def older(call: dict[str, Any], answer: Answer) -> Answer:
        if call["method"] == "eth_getBlockByNumber":
            tag = call["params"][0]
            if tag == "latest":
                return answer | {"result": chain.node.rpc("eth_getBlockByNumber", hex(head), call["params"][1])}
            if tag.startswith("0x") and int(tag, 16) > head:
                return answer | {"result": None}
        return answer

    with behind(chain.node.url, older) as url:
        assert run(url, *arguments) == 0
    assert "rolled back" not in capsys.readouterr().out
    assert content(tmp_path / "lake") == before
