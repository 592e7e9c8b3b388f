"""The base fee of every block, by `eth_feeHistory`: 35 bytes a block instead of a header.

The answer holds one fee more than blocks, that of the block after the last; some nodes only estimate it, so it is left
out. Nodes may answer fewer blocks than asked, or refuse old ranges; what is refused is taken from headers. Where a
header is known anyway, because the block carries logs, the extraction compares its fee with the history's. For blocks
before base fees existed histories say 0, which a fee may be as well: headers tell where fees begin.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.forks import forks_of
from keep3r_replay.chain.headers import HEADERS_A_REQUEST, fetch_headers
from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.tries import UNBELIEVABLE
from keep3r_replay.chain.wire import WireBlock, quantities, quantity

if TYPE_CHECKING:
    from keep3r_replay.chain.client import NodeClient

BLOCKS_A_REQUEST = 1024
"""The most blocks that go-ethereum answers at once."""


class _History(msgspec.Struct):
    oldestBlock: str
    baseFeePerGas: list[str] | None = None


_HISTORY = msgspec.json.Decoder(_History | None)
_HEADER = msgspec.json.Decoder(WireBlock | None)
_ATTEMPTS = 4


class FeeSource:
    """Reads base fees from one node's history, and remembers what the node refuses."""

    def __init__(self, client: NodeClient) -> None:
        """Take the client to ask."""
        self._client = client
        self._history = True
        self._meagre = 0
        self._begin = forks_of(client.chain_id).base_fee_from
        self._proved: int | None = None

    def base_fees(self, first: int, last: int) -> list[int | None]:
        """Return the base fee in wei of every block of the closed range; None for blocks before base fees existed.

        Raises:
            NodeError: neither history nor headers can be had.
        """
        fees: list[int | None] = [None] * min(max(self._begin_of_fees(first) - first, 0), last - first + 1)
        while first + len(fees) <= last:
            start = first + len(fees)
            count = min(BLOCKS_A_REQUEST, last - start + 1)
            answer = self._from_history(start, count) if self._history else None
            if answer is not None:
                fees += answer
                continue
            # Older parts may be refused where newer ones are not, so the history is asked again for the next part.
            for header in fetch_headers(self._client, list(range(start, start + count))):
                fees.append(None if header.baseFeePerGas is None else quantity(header.baseFeePerGas))
        return self._none_before_fees(first, fees)

    def _begin_of_fees(self, first: int) -> int:
        """The first block with a base fee, if the chain agrees with the table of forks; otherwise 0: nothing is known.

        Two headers spare the histories of millions of blocks that have no fee.
        """
        if self._begin is None or first >= self._begin:
            return 0
        if self._proved is None:
            calls = [Call("eth_getBlockByNumber", [hex(number), False]) for number in (self._begin - 1, self._begin)]
            try:
                before, at = (_HEADER.decode(raw) for raw in self._client.batch(calls))
            except (*UNBELIEVABLE, RefusedError):
                before = at = None
            told = [] if before is None or at is None else [quantity(each.number) for each in (before, at)]
            agrees = told == [self._begin - 1, self._begin] and before.baseFeePerGas is None and bool(at.baseFeePerGas)
            self._proved = self._begin if agrees else 0
        return self._proved

    def _none_before_fees(self, first: int, fees: list[int | None]) -> list[int | None]:
        """Tell no fee from a fee of 0 in the blocks from `first` on: once a block has one, every later block has."""
        doubtful = next((row for row, fee in enumerate(fees) if fee), len(fees))
        begin = bisect_left(range(doubtful), 1, key=lambda row: self._has_fee(first + row))
        return [None] * begin + fees[begin:]

    def _has_fee(self, block: int) -> bool:
        return fetch_headers(self._client, [block])[0].baseFeePerGas is not None

    def _from_history(self, start: int, count: int) -> list[int] | None:
        """Return the fees of some blocks from `start` on; None if the node has no such history."""
        for _ in range(_ATTEMPTS):
            call = Call("eth_feeHistory", [hex(count), hex(start + count - 1), []])
            try:
                raw = self._client.batch([call])[0]
            except RefusedError as refused:
                if refused.verdict.refusal is Refusal.TOO_MUCH and count > 1:
                    count //= 2
                    continue
                if refused.verdict.refusal is Refusal.UNSUPPORTED and "method" in str(refused).lower():
                    self._history = False
                return None
            try:
                history = _HISTORY.decode(raw)
                if history is None or history.baseFeePerGas is None:
                    continue
                oldest = quantity(history.oldestBlock)
                fees = quantities(history.baseFeePerGas, 96, "baseFeePerGas")
            except UNBELIEVABLE:
                continue
            if oldest > start or len(fees) < 2:
                # Fewer blocks than asked, counted from the newest: ask for the older ones by themselves.
                count = min(max(oldest - start, 1), max(count // 2, 1))
                continue
            # The last fee is of the block after the last told of: an estimate, wherever the answer really ends.
            told = fees[:-1][start - oldest : start - oldest + count]
            if told:
                self._weigh(len(told), count)
                return told
        return None

    def _weigh(self, told: int, asked: int) -> None:
        """Leave a history that tells of a few blocks at a time, again and again: headers come by the hundred."""
        if told >= min(asked, HEADERS_A_REQUEST) // 2:
            self._meagre = 0
            return
        self._meagre += 1
        self._history = self._meagre < _ATTEMPTS
