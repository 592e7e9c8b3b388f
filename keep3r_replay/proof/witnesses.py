"""Which endpoint tells otherwise than what is proved of a block: who left out a log, or changed an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.counts import counted
from keep3r_replay.errors import NodeError
from keep3r_replay.proof.contradictions import Contradiction, Lie

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.proof.mending import TrueBlock
    from keep3r_replay.proof.node import NodeTeller

_LOG_FIELDS = ("address", "topics", "data", "transactionHash", "transactionIndex", "logIndex")
_NUMBERS = frozenset({"transactionIndex", "logIndex", "gas", "gasUsed", "status"})
_SENT_FIELDS = {
    "eth_getTransactionByHash": ("from", "to", "input", "gas"),
    "eth_getTransactionReceipt": ("gasUsed", "status"),
}
_BASES = {"eth_getTransactionByHash": "the transactions root", "eth_getTransactionReceipt": "the receipts root"}


def lies_about(
    block: TrueBlock, sent: Sequence[int], addresses: Sequence[str], nodes: Sequence[NodeTeller]
) -> Iterator[Lie]:
    """Ask every endpoint about a block, and yield what each tells otherwise than what is proved.

    Args:
        block: as it is proved.
        sent: places of the transactions to ask for.
        addresses: the followed contracts.
        nodes: the endpoints.
    """
    found = {node.name: _told(block, sent, addresses, node) for node in nodes}
    honest = next((name for name, wrong in found.items() if wrong is None), "")
    for name, wrong in found.items():
        if wrong is not None:
            yield Lie(name, wrong, honest)


def _told(block: TrueBlock, sent: Sequence[int], addresses: Sequence[str], node: NodeTeller) -> Contradiction | None:
    """The first thing that an endpoint tells otherwise, or that cannot be read."""
    try:
        return _wrong(block, sent, addresses, node)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        told = f"an answer that cannot be read ({' '.join(str(error).split())[:40]})"
        return Contradiction(block.header.number, "answers", "", told, "another", "their specification")


def _wrong(block: TrueBlock, sent: Sequence[int], addresses: Sequence[str], node: NodeTeller) -> Contradiction | None:
    """The first thing that an endpoint tells otherwise; None where it tells the truth, or nothing."""
    number = block.header.number
    wanted = {"fromBlock": hex(number), "toBlock": hex(number), "address": list(addresses)}
    logs = _asked(node, Call("eth_getLogs", [wanted]))
    if isinstance(logs, list):
        true = [_plain(log, _LOG_FIELDS) for log in block.logs if log["address"] in addresses]
        told = sorted((_plain(log, _LOG_FIELDS) for log in logs), key=lambda log: int(log["logIndex"], 16))
        if told != true:
            return _of_logs(number, told, true)
    for place in sent:
        for method, fields in _SENT_FIELDS.items():
            answer = _asked(node, Call(method, [block.hashes[place]]))
            if not isinstance(answer, dict):
                continue
            proved = block.transaction(place, answer) if method.endswith("ByHash") else block.receipt(place, answer)
            for name in fields:
                mine, right = _normal(name, answer.get(name)), _normal(name, proved.get(name))
                if mine != right:
                    where = f"transaction {place} {name}"
                    return Contradiction(number, method, where, str(mine)[:80], str(right)[:80], _BASES[method])
    fees = _asked(node, Call("eth_feeHistory", ["0x1", hex(number), []]))
    if isinstance(fees, dict) and block.header.base_fee is not None and fees.get("baseFeePerGas"):
        told_fee = int(fees["baseFeePerGas"][0], 16)
        if int(fees["oldestBlock"], 16) == number and told_fee != block.header.base_fee:
            proved_fee = str(block.header.base_fee)
            return Contradiction(number, "eth_feeHistory", "", str(told_fee), proved_fee, "the header")
    return None


def _of_logs(number: int, told: list[dict[str, Any]], true: list[dict[str, Any]]) -> Contradiction:
    lacking = [log for log in true if log not in told]
    invented = [log for log in told if log not in true]
    parts = [f"{len(lacking)} left out or changed"] if lacking else []
    parts += [f"{len(invented)} invented or changed"] if invented else []
    proved = f"{counted(len(true), 'log')}, others than {'; '.join(parts)}"
    return Contradiction(number, "eth_getLogs", "", counted(len(told), "log"), proved, "the receipts root")


def _plain(log: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: _normal(name, log.get(name)) for name in fields}


def _normal(name: str, value: Any) -> Any:
    """A value without what nodes write in different ways: case, and zeros before a number."""
    if isinstance(value, list):
        return [_normal(name, each) for each in value]
    if not isinstance(value, str):
        return value
    try:
        return hex(int(value, 16)) if name in _NUMBERS else value.lower()
    except ValueError:
        return value


def _asked(node: NodeTeller, call: Call) -> Any:
    try:
        return ask(node.client, [call], lambda raws: msgspec.json.decode(raws[0]))
    except (RefusedError, NodeError):
        return None
