"""A proxy before a real node that lies on command: every answer goes through a function that may change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.node.faulty_proxy import Faults, FaultyProxy

Lie = Callable[[dict[str, Any], Any], Any]
"""Gets a call and its true result; returns the result to give."""


class LyingProxy(FaultyProxy):
    """Serves on the loopback. Use as a context; `told` counts the answers that were changed."""

    def __init__(self, target: str, lie: Lie) -> None:
        super().__init__(target, Faults(), seed=1)
        self.lie = lie
        self.told = 0

    def _answer(self, call: dict[str, Any], fault: str, lag: int) -> dict[str, Any]:
        answer = super()._answer(call, fault, lag)
        if "result" in answer:
            said = self.lie(call, answer["result"])
            self.told += said != answer["result"]
            answer["result"] = said
        return answer

    def ask(self, method: str, *parameters: Any) -> Any:
        """The true result of a call."""
        return self._ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})["result"]
