"""The JSON of requests and answers: what JSON-RPC wraps around a method's own parameters and result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True)
class Call:
    """One JSON-RPC call."""

    method: str
    parameters: list[Any]


def can_be_split(call: Call) -> bool:
    """Whether a call is about a range of more than one block, so that less can be asked for."""
    wanted = call.parameters[0] if call.parameters else None
    return isinstance(wanted, dict) and wanted.get("fromBlock") != wanted.get("toBlock")


class RpcError(msgspec.Struct):
    """What went wrong, as a node says it."""

    code: int = 0
    message: str = ""
    data: Any = None


class RpcAnswer(msgspec.Struct):
    """One answer: a result, left as JSON, or an error."""

    id: Any = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: RpcError | None = None


_BEGIN = re.compile(rb'\[\{"jsonrpc":"2.0","id":0,"result":(?=\[)')
_MIDDLE = b'},{"jsonrpc":"2.0","id":1,"result":'
ONE_ANSWER = msgspec.json.Decoder(RpcAnswer)
MANY_ANSWERS = msgspec.json.Decoder(list[RpcAnswer])


def halves(content: bytes) -> list[RpcAnswer] | None:
    """Cut the answer to logs and header in two without reading the logs, where it is written as most nodes do.

    What is cut is still JSON to be read: whoever reads the halves sees every byte of them. None: read it all instead.
    """
    begin = _BEGIN.match(content)
    middle = content.rfind(_MIDDLE)
    if begin is None or middle < begin.end() or not content.endswith(b"}]"):
        return None
    whole = memoryview(content)
    return [
        RpcAnswer(0, msgspec.Raw(whole[begin.end() : middle])),
        RpcAnswer(1, msgspec.Raw(whole[middle + len(_MIDDLE) : -2])),
    ]


def revert_data(data: Any) -> str:
    """Return what a call reverted with as hexadecimal text; nodes wrap it in different ways."""
    inner = data.get("data") if isinstance(data, dict) else data
    return inner if isinstance(inner, str) and inner.startswith("0x") else "0x"


def error_line(error: RpcError) -> str:
    """Say an error in one line; it may be long, and hold whatever the node wanted to say."""
    return f"error {error.code}: {' '.join(error.message.split())}"


def encode_request(calls: list[Call]) -> bytes:
    """Write calls as one request, with their places as ids: a batch, if there are several."""
    bodies = [
        {"jsonrpc": "2.0", "id": number, "method": call.method, "params": call.parameters}
        for number, call in enumerate(calls)
    ]
    return msgspec.json.encode(bodies[0] if len(bodies) == 1 else bodies)
