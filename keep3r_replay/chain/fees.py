"""The base fee of every block, by `eth_feeHistory`: 35 bytes a block instead of a header.

The answer holds one fee more than blocks, that of the block after the last: where it is not the first fee of the next
answer, the block's header tells which is right. Nodes may answer fewer blocks than asked, or refuse old ranges; what
is refused is taken from headers.
"""

from __future__ import annotations

import msgspec

from keep3r_replay.chain.client import Call, NodeClient, RefusedError
from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.refusals import Refusal
from keep3r_replay.chain.wire import quantities, quantity
from keep3r_replay.errors import NodeError

BLOCKS_A_REQUEST = 1024
"""The most blocks that go-ethereum answers at once."""


class _History(msgspec.Struct):
    oldestBlock: str  # noqa: N815  (the names of the JSON)
    baseFeePerGas: list[str] | None = None  # noqa: N815


_HISTORY = msgspec.json.Decoder(_History | None)
_ATTEMPTS = 4


class FeeSource:
    """Reads base fees from one node's history, and remembers what the node refuses."""

    def __init__(self, client: NodeClient) -> None:
        """Take the client to ask."""
        self._client = client
        self._history = True

    def base_fees(self, first: int, last: int) -> list[int | None]:
        """Return the base fee in wei of every block of the closed range; None for blocks before base fees existed.

        Raises:
            NodeError: neither history nor headers can be had, or two answers contradict each other.
        """
        fees: list[int | None] = []
        after: int | None = None
        while first + len(fees) <= last:
            start = first + len(fees)
            count = min(BLOCKS_A_REQUEST, last - start + 1)
            answer = self._from_history(start, count) if self._history else None
            if answer is None:
                # Older parts may be refused where newer ones are not, so the history is asked again later.
                headers = fetch_headers(self._client, list(range(start, start + count)))
                part: list[int | None] = [
                    None if header.baseFeePerGas is None else quantity(header.baseFeePerGas) for header in headers
                ]
                after = None
            else:
                if after is not None and answer[0] != after:
                    # Some nodes estimate the fee after the newest block asked for; the header decides.
                    header = fetch_headers(self._client, [start])[0]
                    if header.baseFeePerGas is None or quantity(header.baseFeePerGas) != answer[0]:
                        raise NodeError(f"base fee of block {start} is not its header's; try another endpoint")
                part, after = list(answer[:-1]), answer[-1]
            fees += part
        return fees

    def _from_history(self, start: int, count: int) -> list[int] | None:
        """Return the fees from `start` on, and one more; None if the node has no such history."""
        for _ in range(_ATTEMPTS):
            newest = start + count - 1
            try:
                raw = self._client.batch([Call("eth_feeHistory", [hex(count), hex(newest), []])])[0]
            except RefusedError as refused:
                if refused.verdict.refusal is Refusal.TOO_MUCH and count > 1:
                    count //= 2
                    continue
                if "not" in str(refused) and "method" in str(refused).lower():
                    self._history = False
                return None
            history = _HISTORY.decode(raw)
            if history is None or history.baseFeePerGas is None:
                continue
            oldest = quantity(history.oldestBlock)
            fees = quantities(history.baseFeePerGas, 96, "baseFeePerGas")
            if oldest > start or len(fees) < 2:
                # Fewer blocks than asked, counted from the newest: ask for the older ones by themselves.
                count = min(max(oldest - start, 1), max(count // 2, 1))
                continue
            return fees[start - oldest : start - oldest + count + 1]
        return None
