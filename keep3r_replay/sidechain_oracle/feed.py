"""What was written into the oracles of a sidechain: batches from the receivers' logs and the transactions' inputs.

Generations 1 and 2 log a batch as they write it. Generation 3 logs its nonce alone: the items stand in the input of the
transaction that delivered them, and a batch that came too early is cached until the nonces before it have come. What
neither tells is None; nobody guesses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.sidechain_oracle.oracle import USUAL_CARDINALITY, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = 32
_INT24 = 1 << 24


def _topic(signature: str) -> bytes:
    return keccak256(signature.encode())


SWAP = _topic("Swap(address,address,int256,int256,uint160,uint128,int24)")
ORACLE_DEPLOYED = _topic("OracleDeployed(bytes32,address,uint24)")
CARDINALITY_SET = _topic("InitialCardinalitySet(uint16)")
ADDED_WITH_BATCH = _topic("ObservationsAdded(bytes32,uint24,(uint32,int24)[],address)")
ADDED = _topic("ObservationsAdded(bytes32,uint24,address)")
CACHED = _topic("ObservationsCached(bytes32,uint24,address)")


class RawLog(NamedTuple):
    """A log as a node tells it: place, emitter in lower case, topics, data."""

    block: int
    log_index: int
    transaction: int
    address: str
    topics: tuple[bytes, ...]
    data: bytes


class Deployed(NamedTuple):
    """An oracle's beginning: the salt of its pool, the size of its ring, the nonce of its first batch."""

    salt: bytes
    cardinality: int
    initial_nonce: int


class Written(NamedTuple):
    """A batch that was written: its nonce, and its items; None for what is not to be told."""

    nonce: int | None
    batch: tuple[Item, ...] | None


class Feed(NamedTuple):
    """Oracles by address, and what each `Swap` of one wrote, by block and log."""

    oracles: dict[str, Deployed]
    written: dict[tuple[int, int], Written]


def feed_of(
    logs: Iterable[RawLog], inputs: Mapping[tuple[int, int], bytes], known: Mapping[str, Deployed] | None = None
) -> Feed:
    """Follow factories, receivers and oracles.

    Args:
        logs: all of theirs, in chain order; others are passed over.
        inputs: of transactions, by block and place in it.
        known: oracles that are older than the logs.
    """
    follower = _Follower(inputs)
    follower.feed.oracles.update(known or {})
    for log in logs:
        follower.take(log)
    return follower.feed


class _Follower:
    def __init__(self, inputs: Mapping[tuple[int, int], bytes]) -> None:
        self.feed = Feed({}, {})
        self._inputs = inputs
        self._cardinality: dict[str, int] = {}
        self._cached: dict[tuple[str, bytes, int], tuple[Item, ...] | None] = {}
        self._transaction = (-1, -1)
        self._swap: RawLog | None = None
        self._seen: set[bytes] = set()
        """Salts of which this transaction cached or wrote a batch already."""

    def take(self, log: RawLog) -> None:
        place = (log.block, log.transaction)
        if place != self._transaction:
            self._transaction, self._swap = place, None
            self._seen.clear()
        topic = log.topics[0] if log.topics else b""
        if topic == CARDINALITY_SET:
            self._cardinality[log.address] = _number(log.data, 0)
        elif topic == ORACLE_DEPLOYED:
            cardinality = self._cardinality.get(log.address, USUAL_CARDINALITY)
            oracle = "0x" + log.topics[2][-20:].hex()
            self.feed.oracles[oracle] = Deployed(log.topics[1], cardinality, _number(log.data, 0))
        elif topic == SWAP and log.address in self.feed.oracles:
            self.feed.written[log.block, log.log_index] = Written(None, None)
            self._swap = log
        elif topic == CACHED:
            self._cache(log)
        elif topic in {ADDED, ADDED_WITH_BATCH} and self._swap is not None:
            self._added(log, self._swap)

    def _cache(self, log: RawLog) -> None:
        salt, nonce = log.topics[1], _number(log.data, 0)
        key = log.address, salt, nonce
        told, there = self._told(salt, nonce), self._cached.get(key)
        # Only the first build of the third generation caches again what it holds: it doubles it.
        if key in self._cached and there != ():
            told = None if told is None or there is None else there + told
        self._cached[key] = told
        self._seen.add(salt)

    def _added(self, log: RawLog, swap: RawLog) -> None:
        salt, nonce = log.topics[1], _number(log.data, 0)
        if self.feed.oracles[swap.address].salt != salt:
            return
        if log.topics[0] == ADDED_WITH_BATCH:
            batch: tuple[Item, ...] | None = _items(log.data, _number(log.data, 1))
        else:
            own = None if salt in self._seen else self._told(salt, nonce)
            # A direct write leaves what was cached of its nonce; nobody uses it any more.
            batch = self._cached.pop((log.address, salt, nonce), None) if own is None else own
        self.feed.written[swap.block, swap.log_index] = Written(nonce, batch)
        self._seen.add(salt)
        self._swap = None

    def _told(self, salt: bytes, nonce: int) -> tuple[Item, ...] | None:
        data = self._inputs.get(self._transaction, b"")
        shape = (0x60).to_bytes(_WORD, "big") + salt + nonce.to_bytes(_WORD, "big")
        found = data.find(shape)
        return None if found < 0 else _items(data, found + len(shape))


def _number(data: bytes, word: int) -> int:
    return int.from_bytes(data[word * _WORD : (word + 1) * _WORD], "big")


def _items(data: bytes, start: int) -> tuple[Item, ...] | None:
    """An array of items whose length stands at `start`; None if it is cut off or no such array."""
    count = int.from_bytes(data[start : start + _WORD], "big")
    start += _WORD
    if start + 2 * _WORD * count > len(data):
        return None
    items = []
    for place in range(start, start + 2 * _WORD * count, 2 * _WORD):
        time, tick = (int.from_bytes(data[at : at + _WORD], "big") for at in (place, place + _WORD))
        tick %= _INT24
        items.append(Item(time % 2**32, tick - _INT24 if tick >= _INT24 // 2 else tick))
    return tuple(items)
