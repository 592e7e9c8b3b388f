"""Every fault by its name: what a node says or does instead of the truth. docs/extraction.md has the same table."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chain.small_node import error, send

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

Lie = Callable[[dict[str, Any], Any], Any]
"""Gets a call and its true answer (`{"result": ...}`); returns the answer to give, the same if nothing is to spoil."""

Breakage = Callable[["BaseHTTPRequestHandler", bytes], None]
"""Gets the handler and the true answer's bytes; replies in a broken way."""


def _of(*methods: str) -> Callable[[Callable[[dict[str, Any], Any], Any]], Lie]:
    """Apply a change of the result to calls of these methods that have one."""

    def made(change: Callable[[dict[str, Any], Any], Any]) -> Lie:
        def lie(call: dict[str, Any], answer: Any) -> Any:
            if call["method"] not in methods or not answer.get("result"):
                return answer
            said = change(call, answer["result"])
            return said if isinstance(said, dict) and "error" in said else {"result": said}

        return lie

    return made


_LOGS, _BLOCK, _FEES = _of("eth_getLogs"), _of("eth_getBlockByNumber"), _of("eth_feeHistory")
_SENT, _RECEIPT = _of("eth_getTransactionByHash"), _of("eth_getTransactionReceipt")
_ANY = _of(
    "eth_getLogs", "eth_getBlockByNumber", "eth_feeHistory", "eth_getTransactionByHash", "eth_getCode", "eth_call"
)


def _first(logs: list[dict[str, Any]], **change: Any) -> list[dict[str, Any]]:
    return [{**logs[0], **change}, *logs[1:]]


def _flipped(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


LIES: dict[str, Lie] = {
    "null instead of an answer": _ANY(lambda call, result: None),
    "a refusal once": _ANY(lambda call, result: error(-32602, "invalid params")),
    "a wrong type": _ANY(lambda call, result: {"not": ["what", 1, "belongs here"]}),
    "header not found": _BLOCK(lambda call, result: error(-32000, "header not found")),
    "a rate limit in words": _ANY(lambda call, result: error(-32005, "daily request count exceeded, rate limited")),
    "a cap without a number": _LOGS(lambda call, result: error(-32005, "limit exceeded")),
    "a cap with a hint for one range": _LOGS(
        lambda call, result: error(
            -32602,
            f"more than 10 results. Try with this block range [{call['params'][0]['fromBlock']}, "
            f"{call['params'][0]['fromBlock']}].",
        )
    ),
    "an older header": _BLOCK(lambda call, result: {**result, "number": "0x2"}),
    "logs doubled": _LOGS(lambda call, result: [*result, result[0]]),
    "logs doubled with other data": _LOGS(
        lambda call, result: [*result, {**result[0], "data": _flipped(result[0]["data"])}]
    ),
    "logs out of order": _LOGS(lambda call, result: result[::-1]),
    "a log left out of a transaction": _LOGS(lambda call, result: [log for log in result if log["logIndex"] != "0x1"]),
    "a log with other data": _LOGS(lambda call, result: _first(result, data=_flipped(result[0]["data"]))),
    "a log of another block": _LOGS(lambda call, result: _first(result, blockNumber=hex(1 << 30))),
    "a log of another contract": _LOGS(lambda call, result: _first(result, address="0x" + "ee" * 20)),
    "a log of a dead branch": _LOGS(lambda call, result: _first(result, blockHash="0x" + "ee" * 32)),
    "a removed log": _LOGS(lambda call, result: _first(result, removed=True)),
    "an invented event": _LOGS(lambda call, result: _first(result, topics=["0x" + "ee" * 32])),
    "a bloom without the log": _BLOCK(lambda call, result: {**result, "logsBloom": f"0x{1:0512x}"}),
    "fees of other blocks": _FEES(
        lambda call, result: {
            **result,
            "baseFeePerGas": result["baseFeePerGas"][: len(result["baseFeePerGas"]) // 2 + 1],
        }
    ),
    "a fee history that starts earlier": _FEES(
        lambda call, result: {"oldestBlock": "0x0", "baseFeePerGas": ["0x3b9aca00", "0x1"]}
    ),
    "other base fees": _FEES(
        lambda call, result: {
            **result,
            "baseFeePerGas": [hex(int(fee, 16) + 1) for fee in result["baseFeePerGas"]],
        }
    ),
    "a header with another base fee": _BLOCK(lambda call, result: {**result, "baseFeePerGas": "0x7"}),
    "a transaction of another place": _SENT(lambda call, result: {**result, "transactionIndex": "0x9"}),
    "a receipt of another block": _RECEIPT(lambda call, result: {**result, "blockHash": "0x" + "ee" * 32}),
    "a receipt that failed": _RECEIPT(lambda call, result: {**result, "status": "0x0"}),
    "a receipt with another log": _RECEIPT(lambda call, result: {**result, "logs": _first(result["logs"], data="0x")}),
    "no code once": _of("eth_getCode")(lambda call, result: "0x"),
    "a revert once": _of("eth_call")(lambda call, result: error(3, "execution reverted")),
    "another chain once": _of("eth_chainId")(lambda call, result: "0x5"),
    "another first block once": _BLOCK(
        lambda call, result: {**result, "hash": "0x" + "ee" * 32} if call["params"][0] == "0x0" else result
    ),
}
"""Lies about one call's answer."""


def _status(status: int, content: bytes = b"no", **headers: str) -> Breakage:
    return lambda handler, _: send(handler, content, status, **headers)


def _slowly(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.close_connection = True
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass


def _cut(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.close_connection = True
    send(handler, content[: len(content) // 2], Content_Length=str(len(content)))


def _hang_up(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.close_connection = True


BREAKAGES: dict[str, Breakage] = {
    "429": _status(429, Retry_After="0"),
    "429 with a date": _status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "503": _status(503),
    "403 once": _status(403),
    "text instead of JSON": _status(200, b"<html>502 Bad Gateway</html>"),
    "half of the JSON": lambda handler, content: send(handler, content[: len(content) // 2]),
    "a body that is cut off": _cut,
    "a connection that ends": _hang_up,
    "a byte now and then": _slowly,
    "a thousand brackets": _status(200, b"[" * 100_000),
    "text that is no UTF-8": _status(200, b'{"id":0,"result":"\xff"}'),
    "an id that is no number": lambda handler, content: send(handler, content.replace(b'"id": 0', b'"id": [0]')),
    "a batch that fails as a whole": _status(200, b'{"id":null,"error":{"code":-32603,"message":"internal error"}}'),
    "a batch that is refused once": _status(200, b'{"id":null,"error":{"code":-32600,"message":"no batches"}}'),
    "a packed answer that is cut off": lambda handler, content: send(
        handler, gzip.compress(content)[:-9], Content_Encoding="gzip"
    ),
    "a packed answer that fills the memory": lambda handler, content: send(
        handler, gzip.compress(b" " * 40_000_000, 1), Content_Encoding="gzip"
    ),
}
"""Replies that are broken as a whole."""

FAULTS = (*LIES, *BREAKAGES)
