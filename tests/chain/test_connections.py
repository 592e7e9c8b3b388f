from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from keep3r_replay.chain.client import NodeClient


class _Node(BaseHTTPRequestHandler):
    """Answers every call with 0x1 after a moment, and counts how many are under way."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    under_way = most = 0

    def do_POST(self) -> None:
        """Answer one call."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            _Node.under_way += 1
            _Node.most = max(_Node.most, _Node.under_way)
        time.sleep(0.02)
        with self.lock:
            _Node.under_way -= 1
        answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "0x1"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_node_is_never_asked_more_at_once_than_the_connections_allow() -> None:
    """However many threads ask, a node has as many requests to answer as there are connections, and no more."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Node) as server, ThreadPoolExecutor(6) as threads:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = NodeClient([f"http://127.0.0.1:{server.server_port}"], connections=2)
        answers = list(threads.map(lambda _: bytes(client.call("eth_chainId")), range(24)))
        server.shutdown()
    assert answers == [b'"0x1"'] * 24
    assert _Node.most == 2
