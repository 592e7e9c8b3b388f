"""A node of a few lines on the loopback: a function answers each request, with as much misbehaviour as a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Reply = Callable[[Any, BaseHTTPRequestHandler], Any]
"""Gets the request's JSON and the handler; returns what is sent as JSON, bytes as they are, None if it has replied."""


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that go away."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


class SmallNode:
    """Serves until the block ends; `requests` holds what was asked, in order."""

    def __init__(self, reply: Reply) -> None:
        self.requests: list[Any] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.requests.append(asked)
                said = reply(asked, self)
                if said is not None:
                    send(self, said if isinstance(said, bytes) else json.dumps(said).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> None:
    """Send a whole answer; underscores in names of headers stand for hyphens."""
    try:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
    except OSError:
        pass


def results(asked: Any, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Answer a request call by call: `answer` returns `{"result": ...}` or `{"error": ...}` for each."""
    many = asked if isinstance(asked, list) else [asked]
    said = [{"jsonrpc": "2.0", "id": each["id"]} | answer(each) for each in many]
    return said if isinstance(asked, list) else said[0]


def error(code: int, message: str) -> dict[str, Any]:
    """A JSON-RPC error."""
    return {"error": {"code": code, "message": message}}


def header(number: int, **more: Any) -> dict[str, Any]:
    """A block's header whose hashes tell its number."""
    return {
        "number": hex(number),
        "hash": f"0x{number + 1:064x}",
        "parentHash": f"0x{number:064x}",
        "timestamp": hex(1_600_000_000 + number),
        "gasUsed": "0x0",
        "gasLimit": "0x1c9c380",
        "baseFeePerGas": "0x7",
    } | more
