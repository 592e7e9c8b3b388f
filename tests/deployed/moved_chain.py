"""A served recording as it would stand on a public chain: its chain id, its heights, its contracts' addresses.

Every question is put to the node that serves the recording, in the recording's own heights and addresses, and every
answer is given in the public chain's. Hashes, times, fees and whatever contracts answer stay what was recorded. Code is
the served recording's stand-in, which no version is known by.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from chain.small_node import SmallNode, error, header, results

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGGED = {"eth_getBlockByNumber": 0, "eth_getCode": 1, "eth_call": 1, "eth_getStorageAt": 2, "eth_feeHistory": 1}
"""Methods with a block, and its place among their parameters."""
_FIRST = {"jsonrpc": "2.0", "id": 0, "method": "eth_getBlockByNumber", "params": ["0x0", False]}
_SECONDS = 12
_HEIGHTS = ("number", "blockNumber", "oldestBlock")


class MovedChain(SmallNode):
    """Stands before a node that serves a recording. Use as a context; `url` is its address.

    Args:
        inner: address of the node that serves the recording.
        chain_id: of the public chain.
        height: of the recording's first block there.
        names: addresses there by those of the recording, in any case.
        created: by address there, the first block with its code, where the recording's node does not tell.
        codes: by address there, code that is answered in the place of the recording's.
    """

    def __init__(
        self,
        inner: str,
        chain_id: int,
        height: int,
        names: Mapping[str, str],
        created: Mapping[str, int] | None = None,
        codes: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self._reply)
        self._inner, self._chain_id, self._height = inner, chain_id, height
        self._created, self._codes = dict(created or {}), dict(codes or {})
        there = {before[2:].lower(): after[2:].lower() for before, after in names.items()}
        self._there = _Renaming(there)
        self._back = _Renaming({after: before for before, after in there.items()})

    def _reply(self, asked: Any, _handler: Any) -> Any:
        self.requests.clear()
        return results(asked, self._answer)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "eth_chainId":
            return {"result": hex(self._chain_id)}
        if self._is_to_come(call):
            return {"result": "0x"}
        if call["method"] == "eth_getCode" and call["params"][0].lower() in self._codes:
            return {"result": self._codes[call["params"][0].lower()]}
        moved, older = self._to_recording(json.loads(self._back(json.dumps(call))))
        if older is not None:
            return self._before(moved, older)
        said = self._told(moved)
        kept = {key: said[key] for key in ("result", "error") if key in said}
        return self._to_chain(json.loads(self._there(json.dumps(kept))))

    def _is_to_come(self, call: dict[str, Any]) -> bool:
        """Whether code or a view is asked for before there is a contract."""
        if call["method"] not in {"eth_getCode", "eth_call"}:
            return False
        asked, block = call["params"][:2]
        first = self._created.get((asked if isinstance(asked, str) else asked["to"]).lower(), 0)
        return block.startswith("0x") and int(block, 16) < first

    def _told(self, call: dict[str, Any]) -> dict[str, Any]:
        request = Request(self._inner, json.dumps(call).encode(), {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def _to_recording(self, call: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
        """The call in the recording's heights, and the block before them that it ends at, if it does."""
        method, parameters = call["method"], call["params"]
        heights: list[tuple[Any, Any]] = []
        if method in _TAGGED:
            heights.append((parameters, _TAGGED[method]))
        elif method in {"eth_getLogs", "trace_filter"}:
            heights += [(parameters[0], "fromBlock"), (parameters[0], "toBlock")]
        last = self._height
        for holder, key in heights:
            if str(holder[key]).startswith("0x"):
                last = int(holder[key], 16)
                holder[key] = hex(max(last - self._height, 0))
        return call, last if last < self._height else None

    def _before(self, call: dict[str, Any], older: int) -> dict[str, Any]:
        """Before the recording there are blocks, and nothing in them."""
        match call["method"]:
            case "eth_getLogs" | "trace_filter":
                return {"result": []}
            case "eth_getCode" | "eth_call":
                return {"result": "0x"}
            case "eth_getBlockByNumber":
                return {"result": self._older(older)}
            case method:
                return error(-32000, f"{method} before the recording")

    def _older(self, number: int) -> dict[str, Any]:
        """A block before the recording: no contract that is followed does anything in it."""
        first = self._told(_FIRST)["result"]
        before = self._height - number
        times = {"timestamp": hex(int(first["timestamp"], 16) - _SECONDS * before)}
        last = {"hash": first["parentHash"]} if before == 1 else {}
        fee = {"baseFeePerGas": first["baseFeePerGas"]} if "baseFeePerGas" in first else {}
        made = {**header(number), **times, **last, "gasUsed": "0x0", "transactions": []}
        made.pop("baseFeePerGas")
        return made | fee

    def _to_chain(self, said: Any) -> Any:
        """An answer whose heights are the chain's."""
        if isinstance(said, list):
            return [self._to_chain(each) for each in said]
        if not isinstance(said, dict):
            return said
        return {key: self._raised(value) if key in _HEIGHTS else self._to_chain(value) for key, value in said.items()}

    def _raised(self, value: Any) -> Any:
        if isinstance(value, int):
            return value + self._height
        return hex(int(value, 16) + self._height) if isinstance(value, str) else self._to_chain(value)


class _Renaming:
    """Puts addresses in the place of others throughout a text: in topics, data and inputs too."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._any = re.compile("|".join(names), re.IGNORECASE) if names else None

    def __call__(self, text: str) -> str:
        return text if self._any is None else self._any.sub(lambda found: self._names[found[0].lower()], text)
