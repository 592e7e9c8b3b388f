"""The chain that a simulation writes: blocks, transactions and logs, with hashes that follow from their contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import WORD, keccak256
from keep3r_replay.evm.codec import encode_arguments

if TYPE_CHECKING:
    from keep3r_replay.evm.abi import Event, EventsByRole
    from keep3r_replay.lake.deployment import Contract, Deployment

GAS_LIMIT = 200_000_000


class SimulatedLog(NamedTuple):
    """A log as a node would return it; `place` is its index in the block."""

    block: int
    place: int
    transaction: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(slots=True)
class SimulatedTransaction:
    """A transaction: gas in units, price in wei; `status` 1 for success."""

    block: int
    index: int
    sender: str
    to: str
    data: bytes
    gas: int
    gas_used: int
    price: int
    status: int
    hash: bytes


@dataclass(slots=True)
class SimulatedBlock:
    """A block; times in seconds, base fee in wei."""

    number: int
    timestamp: int
    base_fee: int
    hash: bytes = b""
    parent: bytes = b""
    gas_used: int = 0


@dataclass(slots=True)
class Chain:
    """What has been written; `begin_block` and `end_block` frame each block. `events` are the protocol's."""

    deployment: Deployment
    events: EventsByRole
    blocks: list[SimulatedBlock] = field(default_factory=list)
    transactions: list[SimulatedTransaction] = field(default_factory=list)
    logs: list[SimulatedLog] = field(default_factory=list)
    _block_start: int = 0
    _first_log: int = 0
    _events: dict[tuple[str, str], Event] = field(default_factory=dict)
    _contracts: dict[str, Contract] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._contracts = self.deployment.by_address()

    def begin_block(self, timestamp: int, base_fee: int) -> SimulatedBlock:
        """Open the next block."""
        parent = self.blocks[-1].hash if self.blocks else b"\0" * WORD
        block = SimulatedBlock(len(self.blocks), timestamp, base_fee, parent=parent)
        self.blocks.append(block)
        self._block_start = len(self.transactions)
        self._first_log = len(self.logs)
        return block

    def end_block(self) -> None:
        """Close the block: its hash follows from its parent, its facts and its contents."""
        block = self.blocks[-1]
        transactions = self.transactions[self._block_start :]
        block.gas_used = sum(transaction.gas_used for transaction in transactions)
        facts = b"".join(value.to_bytes(WORD, "big") for value in (block.number, block.timestamp, block.base_fee))
        hashes = b"".join(transaction.hash for transaction in transactions)
        contents = b"".join(
            log.address + b"".join(log.topics) + log.data for log in self.logs[self._first_log : len(self.logs)]
        )
        block.hash = keccak256(block.parent + facts + hashes + keccak256(contents))

    def begin_transaction(self, sender: str, to: str, data: bytes, gas: int) -> SimulatedTransaction:
        """Add a transaction to the block, successful so far."""
        block = self.blocks[-1]
        index = len(self.transactions) - self._block_start
        place = block.number.to_bytes(WORD, "big") + index.to_bytes(WORD, "big")
        name = keccak256(place + bytes.fromhex(sender[2:]) + bytes.fromhex(to[2:]) + data)
        made = SimulatedTransaction(block.number, index, sender, to, data, gas, 0, block.base_fee, 1, name)
        self.transactions.append(made)
        return made

    def emit(self, address: str, event_name: str, values: dict[str, object]) -> None:
        """Add a log of the present transaction; `values` by the event's columns."""
        event = self._event(address, event_name)
        indexed = (encode_arguments([each.type], [values[each.column]]) for each in event.indexed)
        topics = (event.topic0, *indexed)
        in_data = event.in_data
        data = encode_arguments([each.type for each in in_data], [values[each.column] for each in in_data])
        transaction = self.transactions[-1]
        index = len(self.logs) - self._first_log
        emitter = bytes.fromhex(address[2:])
        self.logs.append(SimulatedLog(transaction.block, index, transaction.index, emitter, topics, data))

    def revert(self, logs: int) -> None:
        """Fail the present transaction: its logs, those after the first `logs`, never were."""
        self.transactions[-1].status = 0
        del self.logs[logs:]

    def _event(self, address: str, name: str) -> Event:
        event = self._events.get((address, name))
        if event is None:
            contract = self._contracts[address]
            events = self.events[contract.role][contract.version]
            event = next((each for each in events if each.name == name), None)
            if event is None:
                raise UsageError(f"{contract.role} {contract.version} has no such function: it never emits {name}")
            self._events[address, name] = event
        return event
