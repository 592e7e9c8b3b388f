"""Calls inside of transactions, by methods that archive nodes offer: `trace_filter` and `trace_transaction`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.headers import insist
from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import MalformedError
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from keep3r_replay.chain.client import NodeClient

TRACES_A_REQUEST = 50
"""A transaction's trace is as large as its receipt, and some are a hundred times as large."""
_RUNS = frozenset({"call"})
"""Kinds of calls that may change the state of the contract that is called."""


class _Action(msgspec.Struct, gc=False):
    sender: str = msgspec.field(name="from", default="")
    to: str = ""
    input: str = "0x"
    callType: str = ""


class _Trace(msgspec.Struct, gc=False):
    action: _Action
    blockHash: str
    blockNumber: int
    type: str
    traceAddress: list[int]
    transactionHash: str | None = None
    transactionPosition: int | None = None
    error: str | None = None


_TRACES = msgspec.json.Decoder(list[_Trace] | None)


class Traced(NamedTuple):
    """A transaction in which somebody called a contract: block, place in the block, hash, hash of the block."""

    block: int
    place: int
    hash: str
    block_hash: str


class InnerCall(NamedTuple):
    """A call that was not undone; `position` counts those of one transaction in the order in which they began."""

    block: int
    place: int
    position: int
    sender: str
    to: str
    input: bytes


def fetch_traced(client: NodeClient, first: int, last: int, addresses: Sequence[str]) -> list[Traced]:
    """Return the transactions of the closed range that call one of `addresses`, at any depth, failed ones included.

    Raises:
        UsageError: the node offers no traces.
        RefusedError: the node wants a smaller range.
        NodeError: no believable answer was had.
    """
    wanted = {"fromBlock": hex(first), "toBlock": hex(last), "toAddress": list(addresses)}

    def read(raws: Sequence[msgspec.Raw]) -> list[Traced]:
        traces = _TRACES.decode(raws[0])
        if traces is None or not all(first <= each.blockNumber <= last for each in traces):
            raise MalformedError("the traces are of other blocks than was asked for")
        found = {
            Traced(each.blockNumber, each.transactionPosition, each.transactionHash.lower(), each.blockHash.lower())
            for each in traces
            if each.type == "call" and each.transactionHash is not None and each.transactionPosition is not None
        }
        return sorted(found)

    try:
        return ask(client, [Call("trace_filter", [wanted])], read)
    except RefusedError as refused:
        raise _no_traces(refused) from None


def fetch_inner_calls(
    client: NodeClient, transactions: Sequence[Traced], addresses: Collection[str]
) -> list[InnerCall]:
    """Return the calls of `addresses` in these transactions, in order; what was undone is left out.

    Raises:
        UsageError: the node offers no traces.
        NodeError: a trace is missing or is of another block.
    """
    of_hash = {each.hash: each for each in transactions}
    found: list[InnerCall] = []
    hashes = [each.hash for each in transactions]

    def calls(wanted: str) -> list[Call]:
        return [Call("trace_transaction", [wanted])]

    def believed(wanted: str, raws: Sequence[msgspec.Raw]) -> list[_Trace] | None:
        traces = _TRACES.decode(raws[0])
        own = of_hash[wanted]
        return traces if traces and all(each.blockHash.lower() == own.block_hash for each in traces) else None

    for start in range(0, len(hashes), TRACES_A_REQUEST):
        part = hashes[start : start + TRACES_A_REQUEST]
        try:
            answers = insist(client, part, calls, believed, "trace of transaction")
        except RefusedError as refused:
            raise _no_traces(refused) from None
        for wanted, traces in zip(part, answers, strict=True):
            found += _effective(of_hash[wanted], traces, addresses)
    return found


def _effective(transaction: Traced, traces: Sequence[_Trace], addresses: Collection[str]) -> list[InnerCall]:
    """Calls that lasted: neither they nor anything that they stand in was undone."""
    undone = [each.traceAddress for each in traces if each.error is not None]
    lasting = [
        each.action
        for each in sorted(traces, key=lambda trace: trace.traceAddress)
        if each.type == "call"
        and each.action.callType in _RUNS
        and each.action.to.lower() in addresses
        and not any(each.traceAddress[: len(place)] == place for place in undone)
    ]
    return [
        InnerCall(
            transaction.block,
            transaction.place,
            position,
            action.sender.lower(),
            action.to.lower(),
            bytes.fromhex(action.input[2:]),
        )
        for position, action in enumerate(lasting)
    ]


def _no_traces(refused: RefusedError) -> Exception:
    if refused.verdict.refusal is Refusal.TOO_MUCH:
        return refused
    return UsageError(f"the node offers no traces ({refused}); say follow=bodies, or ask a node that does")
