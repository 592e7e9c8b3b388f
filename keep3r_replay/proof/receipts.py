"""Receipts as consensus has them: their encodings, and the root that a header holds of them (EIP-658, EIP-2718)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.proof.blooms import bloom_of
from keep3r_replay.proof.rlp import decode_list, encode, integer, items, text, whole
from keep3r_replay.proof.tries import ordered_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEPOSIT = 0x7E
"""Type of Optimism's deposits."""

_STATUS = (b"", b"\1")
_MOST_TOPICS = 4


class Log(NamedTuple):
    """One log: emitter (20 bytes), topics (32 bytes each), data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class Receipt(NamedTuple):
    """One receipt.

    Attributes:
        type: of its transaction; 0 for those without a type.
        outcome: 1 or nothing (the status), or before Byzantium the 32 bytes of a state root.
        cumulative_gas: gas used in the block up to this transaction, it included.
        logs: of the transaction, in order.
        deposit: nonce and version of a deposit's receipt, as far as it has them. Only with a version are they hashed:
            before Canyon Optimism's nodes told a nonce that their root did not hold.
    """

    type: int
    outcome: bytes
    cumulative_gas: int
    logs: tuple[Log, ...]
    deposit: tuple[int, ...] = ()

    @property
    def bloom(self) -> bytes:
        """The bloom of its logs: what is kept without blooms is complete all the same."""
        return bloom_of(value for log in self.logs for value in (log.address, *log.topics))

    @property
    def status(self) -> int | None:
        """1 for success, 0 for failure; None where the receipt holds a state root instead."""
        return None if len(self.outcome) > 1 else len(self.outcome)

    def encoded(self) -> bytes:
        """The bytes that the receipts root is of."""
        logs: list[object] = [[log.address, list(log.topics), log.data] for log in self.logs]
        body: list[object] = [self.outcome, integer(self.cumulative_gas), self.bloom, logs]
        if self.type == DEPOSIT and len(self.deposit) > 1:
            body += map(integer, self.deposit)
        return (bytes([self.type]) if self.type else b"") + encode(body)

    def slim(self) -> list[object]:
        """The receipt without its bloom, as lists and bytes: what is kept of it."""
        logs: list[object] = [[log.address, list(log.topics), log.data] for log in self.logs]
        body: list[object] = [integer(self.type), self.outcome, integer(self.cumulative_gas), logs]
        return [*body, *map(integer, self.deposit)] if self.deposit else body


def receipts_root(receipts: Sequence[Receipt]) -> bytes:
    """The root of a block's receipts."""
    return ordered_root([receipt.encoded() for receipt in receipts])


def receipt_of(told: Mapping[str, Any]) -> Receipt:
    """Make the receipt that a node tells of, by its JSON.

    Raises:
        ValueError: a part is missing or of a wrong form.
    """
    try:
        kind = int(told.get("type") or "0x0", 16)
        status = told.get("status")
        outcome = bytes.fromhex(told["root"][2:]) if status is None else integer(int(status, 16))
        deposit = tuple(
            int(told[name], 16) for name in ("depositNonce", "depositReceiptVersion") if told.get(name) is not None
        )
        logs = tuple(map(_log_of, told["logs"]))
        return _checked(Receipt(kind, outcome, int(told["cumulativeGasUsed"], 16), logs, deposit))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a receipt without {error}") from None


def _log_of(told: Mapping[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in told["topics"])
    return Log(bytes.fromhex(told["address"][2:]), topics, bytes.fromhex(told["data"][2:]))


def receipt_from_slim(item: object) -> Receipt:
    """Read a receipt back that has no bloom. Raises `ValueError` for what is none."""
    kind, outcome, gas, logs, *deposit = items(item)
    found = tuple(map(_log_from, items(logs)))
    more = tuple(whole(text(each)) for each in deposit)
    return _checked(Receipt(whole(text(kind)), text(outcome), whole(text(gas)), found, more))


def receipt_from_consensus(item: object) -> Receipt:
    """Read a receipt back from an entry of a block's list: a list, or bytes that begin with a type.

    Raises:
        ValueError: it is none.
    """
    kind = 0
    if isinstance(item, bytes):
        kind, item = item[0], decode_list(item[1:])
    outcome, gas, _, logs, *deposit = items(item)
    found = tuple(map(_log_from, items(logs)))
    more = tuple(whole(text(each)) for each in deposit)
    return _checked(Receipt(kind, text(outcome), whole(text(gas)), found, more))


def _log_from(item: object) -> Log:
    address, topics, data = items(item)
    return Log(text(address), tuple(map(text, items(topics))), text(data))


def _checked(receipt: Receipt) -> Receipt:
    """Refuse what is no receipt: its bytes could mean something else than they say."""
    if (len(receipt.outcome) != 32 and receipt.outcome not in _STATUS) or not 0 <= receipt.type < 0x80:
        raise ValueError("a receipt with neither status nor root")
    for log in receipt.logs:
        if len(log.address) != 20 or len(log.topics) > _MOST_TOPICS or any(len(topic) != 32 for topic in log.topics):
            raise ValueError("a log with an address or a topic of another width")
    return receipt
