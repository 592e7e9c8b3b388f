"""A proxy that misbehaves like providers do, by a seed: the same seed brings the same mix of faults."""

from __future__ import annotations

import gzip
import json
import random
import threading
import time
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Faults:
    """How a proxy misbehaves.

    Attributes:
        share: part of the requests that meet a passing fault.
        passing: the passing faults to choose from; see `FaultyProxy`.
        max_results: the most logs of an answer; 0 for no cap.
        max_blocks: the most blocks of a range; 0 for no cap.
        hints: whether a refusal says the cap.
        batches: whether batches are taken.
        fee_history: whether eth_feeHistory is known.
        lag: blocks by which some answers are behind the others.
        latency: seconds before every answer.
        zipped: whether answers are gzipped for who accepts it.
    """

    share: float = 0.0
    passing: tuple[str, ...] = ()
    max_results: int = 0
    max_blocks: int = 0
    hints: bool = True
    batches: bool = True
    fee_history: bool = True
    lag: int = 0
    latency: float = 0.0
    zipped: bool = False


ALL_PASSING = (
    "rate_status",
    "rate_error",
    "server_error",
    "bad_gateway_text",
    "hang",
    "cut_body",
    "half_json",
    "null_result",
    "shuffled",
    "doubled",
    "foreign_block",
    "removed",
    "lagging",
)


class FaultyProxy:
    """Stands before a node. Use as a context; `counts` says how often each fault was served."""

    def __init__(self, target: str, faults: Faults, seed: int, hang: float = 1.0) -> None:
        self.target = target
        self.faults = faults
        self.hang = hang
        self.counts: dict[str, int] = {}
        self.requests = 0
        self._choose = random.Random(seed)
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet, or every answer waits for the system to join them.
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.serve(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer one request, well or badly."""
        faults = self.faults
        with self._lock:
            self.requests += 1
            fault = self._choose.choice(faults.passing) if self._choose.random() < faults.share else ""
        calls = json.loads(body)
        if faults.latency:
            time.sleep(faults.latency)
        if isinstance(calls, list) and not faults.batches:
            self._count("batch_refused")
            self._reply(handler, _error(-32600, "batch requests are not supported"))
            return
        if fault and self._break(handler, fault):
            return
        many = calls if isinstance(calls, list) else [calls]
        lag = faults.lag if fault == "lagging" else 0
        if lag:
            self._count(fault)
        answers = [self._answer(call, fault, lag) for call in many]
        if fault == "half_json":
            self._count(fault)
            whole = json.dumps(answers).encode()
            self._send(handler, 200, whole[: len(whole) * 2 // 3])
            return
        self._reply(handler, answers if isinstance(calls, list) else answers[0], cut=fault == "cut_body")

    def _break(self, handler: BaseHTTPRequestHandler, fault: str) -> bool:
        if fault == "rate_status":
            self._count(fault)
            self._send(handler, 429, b"slow down", {"Retry-After": "0.02"})
        elif fault == "rate_error":
            self._count(fault)
            self._reply(handler, _error(-32005, "daily request count exceeded, request rate limited"))
        elif fault == "server_error":
            self._count(fault)
            self._send(handler, 503, b"upstream is away")
        elif fault == "bad_gateway_text":
            self._count(fault)
            self._send(handler, 200, b"<html>502 Bad Gateway</html>")
        elif fault == "hang":
            self._count(fault)
            time.sleep(self.hang)
            handler.close_connection = True
        else:
            return False
        return True

    def _answer(self, call: dict[str, Any], fault: str, lag: int) -> dict[str, Any]:
        faults, method = self.faults, call["method"]
        if method == "eth_feeHistory" and not faults.fee_history:
            return _error(-32601, "the method eth_feeHistory does not exist/is not available", call)
        if method == "eth_getLogs":
            return self._logs(call, fault, lag)
        by_number = method == "eth_getBlockByNumber" and call["params"][0].startswith("0x")
        if lag and by_number and int(call["params"][0], 16) > self._head(call) - lag:
            return {"jsonrpc": "2.0", "id": call["id"], "result": None}
        answer = self._ask(call)
        if fault == "null_result" and method in {"eth_getTransactionByHash", "eth_getTransactionReceipt"}:
            self._count(fault)
            answer["result"] = None
        return answer

    def _logs(self, call: dict[str, Any], fault: str, lag: int) -> dict[str, Any]:
        faults = self.faults
        wanted = call["params"][0]
        if "blockHash" in wanted:
            block = self._ask({**call, "method": "eth_getBlockByHash", "params": [wanted["blockHash"], False]})
            if lag and int(block["result"]["number"], 16) > self._head(call) - lag:
                return _error(-32000, "unknown block", call)
            return self._ask(call)
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        if faults.max_blocks and last - first + 1 > faults.max_blocks:
            self._count("range_refused")
            hint = f"eth_getLogs is limited to a {faults.max_blocks} range" if faults.hints else "block range too large"
            return _error(-32602, hint, call)
        if lag:
            head = self._head(call) - lag
            wanted = {**wanted, "toBlock": hex(min(last, max(head, 0)))}
        answer = self._ask({**call, "params": [wanted]})
        logs = answer["result"]
        if faults.max_results and len(logs) > faults.max_results:
            self._count("results_refused")
            hint = (
                f"query returned more than {faults.max_results} results" if faults.hints else "query timeout exceeded"
            )
            return _error(-32005, hint, call)
        if fault == "null_result":
            self._count(fault)
            answer["result"] = None
        elif len(logs) > 1:
            answer["result"] = self._spoiled(logs, fault, last)
        return answer

    def _head(self, call: dict[str, Any]) -> int:
        return int(self._ask({**call, "method": "eth_blockNumber", "params": []})["result"], 16)

    def _spoiled(self, logs: list[dict[str, Any]], fault: str, last: int) -> list[dict[str, Any]]:
        with self._lock:
            place = self._choose.randrange(len(logs))
        if fault == "shuffled":
            self._count(fault)
            return logs[place:] + logs[:place]
        if fault == "doubled":
            self._count(fault)
            return [*logs, logs[place]]
        if fault == "foreign_block":
            self._count(fault)
            return [*logs, {**logs[place], "blockNumber": hex(last + 1)}]
        if fault == "removed":
            self._count(fault)
            return [*logs[:place], {**logs[place], "removed": True}, *logs[place + 1 :]]
        return logs

    def _ask(self, call: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(self.target, json.dumps(call).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def _reply(self, handler: BaseHTTPRequestHandler, answer: Any, *, cut: bool = False) -> None:
        content = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json"}
        if self.faults.zipped and "gzip" in handler.headers.get("Accept-Encoding", ""):
            self._count("zipped")
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        if cut and len(content) > 1:
            self._count("cut_body")
            headers["Content-Length"] = str(len(content))
            self._send(handler, 200, content[: len(content) // 2], headers)
            handler.close_connection = True
            return
        self._send(handler, 200, content, headers)

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str] | None = None
    ) -> None:
        try:
            handler.send_response(status)
            for key, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
                handler.send_header(key, value)
            handler.end_headers()
            handler.wfile.write(content)
            handler.wfile.flush()
        except OSError:
            pass

    def _count(self, fault: str) -> None:
        with self._lock:
            self.counts[fault] = self.counts.get(fault, 0) + 1


def _error(code: int, message: str, call: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"] if call else None, "error": {"code": code, "message": message}}
