"""A node as a teller: headers without transactions where it offers them, receipts block by block where it does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.tries import UNBELIEVABLE
from keep3r_replay.errors import NodeError
from keep3r_replay.proof.header import FIELDS, Header, header_of
from keep3r_replay.proof.receipts import Receipt, receipt_of
from keep3r_replay.proof.teller import Account
from keep3r_replay.proof.transactions import raw_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient

Item = TypeVar("Item")
Found = TypeVar("Found")

HEADERS_A_REQUEST, BLOCKS_A_REQUEST, RECEIPTS_A_REQUEST = 100, 10, 50
"""Calls of one request: most providers take a hundred; a whole block's receipts are some 100 KB."""

_WireHeader = msgspec.defstruct("_WireHeader", [(name, str | None, None) for name in FIELDS])
_HEADER = msgspec.json.Decoder(_WireHeader | None)
_OBJECT = msgspec.json.Decoder(dict[str, Any] | None)
_LIST = msgspec.json.Decoder(list[dict[str, Any]] | None)
_TEXT = msgspec.json.Decoder(str)
_NOBODY = "0x" + "00" * 20


class NodeTeller:
    """One endpoint. What it refuses is None, as what it does not have.

    Args:
        client: of this endpoint alone.
        name: what to call it; never its address, which carries a key.
        connections: requests under way at once.
        whole_from: first block whose roots hold all that the node tells of it. Before it Polygon's nodes add a
            transaction of state synchronisation, from nobody to nobody, which is in no root (`chain.forks`).
    """

    def __init__(self, client: NodeClient, name: str, connections: int = 2, whole_from: int = 0) -> None:
        self.name = name
        self.client = client
        self._connections = connections
        self._whole_from = whole_from
        self._bare_headers: bool | None = None
        self._block_receipts: bool | None = None

    def headers(self, first: int, last: int) -> list[Header | None]:
        """The headers of a closed range; `eth_getHeaderByNumber`, where offered, spares the transactions' hashes."""
        numbers = range(first, last + 1)
        if self._bare_headers is None:
            self._bare_headers = _offered(lambda: self._headers("eth_getHeaderByNumber", [last]))
        method = "eth_getHeaderByNumber" if self._bare_headers else "eth_getBlockByNumber"
        return self._in_parts(numbers, HEADERS_A_REQUEST, lambda part: self._headers(method, part))

    def _headers(self, method: str, numbers: Sequence[int]) -> list[Header | None]:
        more: list[Any] = [False] if method == "eth_getBlockByNumber" else []
        return self._asked([Call(method, [hex(number), *more]) for number in numbers], _header)

    def header_of_hash(self, block_hash: bytes) -> Header | None:
        """The header of a block by its hash."""
        return self._asked([Call("eth_getBlockByHash", [f"0x{block_hash.hex()}", False])], _header)[0]

    def head(self, number: int) -> Header | None:
        """The header of a block by its number."""
        return self._headers("eth_getBlockByNumber", [number])[0]

    def receipts(self, headers: Sequence[Header]) -> list[list[Receipt] | None]:
        """The receipts of some blocks: by `eth_getBlockReceipts`, or one by one."""
        if self._block_receipts is None and headers:
            self._block_receipts = _offered(lambda: self._receipts_of(headers[:1]))
        if self._block_receipts:
            return self._in_parts(headers, BLOCKS_A_REQUEST, self._receipts_of)
        return [self._one_by_one(header) for header in headers]

    def _receipts_of(self, headers: Sequence[Header]) -> list[list[Receipt] | None]:
        calls = [Call("eth_getBlockReceipts", [hex(header.number)]) for header in headers]
        told = self._asked(calls, _LIST.decode)
        return [self._rooted(header, each, receipt_of) for header, each in zip(headers, told, strict=True)]

    def _one_by_one(self, header: Header) -> list[Receipt] | None:
        body = self._asked([Call("eth_getBlockByNumber", [hex(header.number), False])], _OBJECT.decode)[0]
        if body is None or not isinstance(body.get("transactions"), list):
            return None
        found = self._in_parts(
            body["transactions"],
            RECEIPTS_A_REQUEST,
            lambda part: self._asked([Call("eth_getTransactionReceipt", [each]) for each in part], _OBJECT.decode),
        )
        there = [each for each in found if each is not None]
        return self._rooted(header, there, receipt_of) if len(there) == len(found) else None

    def _rooted(
        self, header: Header, told: list[dict[str, Any]] | None, read: Callable[[Mapping[str, Any]], Found]
    ) -> list[Found] | None:
        """What a node tells of a block's transactions, without what is in no root; None for what cannot be read."""
        if told is None:
            return None
        if header.number < self._whole_from and told and _NOBODY == told[-1].get("from") == told[-1].get("to"):
            told = told[:-1]
        try:
            return [read(each) for each in told]
        except UNBELIEVABLE:
            return None

    def transactions(self, headers: Sequence[Header]) -> list[list[bytes] | None]:
        """The raw transactions of some blocks."""
        told = self._in_parts(
            headers,
            BLOCKS_A_REQUEST,
            lambda part: self._asked(
                [Call("eth_getBlockByNumber", [hex(header.number), True]) for header in part], _transactions
            ),
        )
        return [self._rooted(header, each, raw_of) for header, each in zip(headers, told, strict=True)]

    def account(self, header: Header, address: bytes, slots: Sequence[int]) -> Account | None:
        """An account with its proof, by `eth_getProof`."""
        words = [f"0x{slot:064x}" for slot in slots]
        call = Call("eth_getProof", [f"0x{address.hex()}", words, hex(header.number)])
        return self._asked([call], _account)[0]

    def code(self, header: Header, address: bytes) -> bytes | None:
        """An account's code."""
        call = Call("eth_getCode", [f"0x{address.hex()}", hex(header.number)])
        return self._asked([call], lambda raw: _bytes(_TEXT.decode(raw)))[0]

    def _asked(self, calls: list[Call], read: Callable[[msgspec.Raw], Found | None]) -> list[Found | None]:
        """Ask, and read each answer by itself; None for what is refused or cannot be read."""

        def read_all(raws: Sequence[msgspec.Raw]) -> list[Found | None]:
            found: list[Found | None] = []
            for raw in raws:
                try:
                    found.append(read(raw))
                except UNBELIEVABLE:
                    found.append(None)
            return found

        try:
            return ask(self.client, calls, read_all)
        except RefusedError:
            return [None] * len(calls) if len(calls) == 1 else [self._asked([call], read)[0] for call in calls]

    def _in_parts(
        self, items: Sequence[Item], size: int, asked: Callable[[Sequence[Item]], list[Found | None]]
    ) -> list[Found | None]:
        parts = [items[start : start + size] for start in range(0, len(items), size)]
        if self._connections <= 1 or len(parts) <= 1:
            return _flat(map(asked, parts))
        with ThreadPoolExecutor(self._connections) as pool:
            return _flat(pool.map(asked, parts))


def _offered(probe: Callable[[], list[Any]]) -> bool:
    """Whether a node answers a question that not all know; a failure says no, and the usual question tells more."""
    try:
        return probe()[0] is not None
    except NodeError:
        return False


def _flat(parts: Iterable[list[Found | None]]) -> list[Found | None]:
    return [found for part in parts for found in part]


def _header(raw: msgspec.Raw) -> Header | None:
    told = _HEADER.decode(raw)
    return None if told is None else header_of(msgspec.structs.asdict(told))


def _transactions(raw: msgspec.Raw) -> list[dict[str, Any]] | None:
    told = _OBJECT.decode(raw)
    if told is None:
        return None
    found = told.get("transactions")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("a block without transactions")
    return found


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _account(raw: msgspec.Raw) -> Account | None:
    told = _OBJECT.decode(raw)
    if told is None:
        return None
    try:
        storage = tuple(tuple(map(_bytes, each["proof"])) for each in told["storageProof"])
        return Account(tuple(map(_bytes, told["accountProof"])), storage)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a proof without {error}") from None
