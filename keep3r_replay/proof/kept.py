"""Headers and opened receipts kept beside a lake, so that its certificate can be verified without a node.

A file a window, Parquet with zstd: of each block its header without the parent's hash, which the header before gives;
of opened blocks the receipts without blooms, which their logs give; where the lake has transactions, the block's.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.errors import InputError
from keep3r_replay.lake.writer import write_bytes
from keep3r_replay.proof.header import Header, header_from_rlp
from keep3r_replay.proof.receipts import Receipt, receipt_from_slim
from keep3r_replay.proof.rlp import decode_list, encode, text
from keep3r_replay.proof.teller import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.proof.records import Evidence

Item = TypeVar("Item")

FOLDER = "proof"
"""The folder in a lake for what proofs leave behind."""

STATE = "state.json"
WINDOW_NAME = re.compile(r"\d{9,}-\d{9,}", re.ASCII)
"""How the files of a window are called, without suffix."""

_NAME = re.compile(r"(\d{9,})-(\d{9,})\.parquet", re.ASCII)
_SCHEMA = pa.schema(
    [
        ("number", pa.uint32()),
        ("header", pa.binary()),
        ("receipts", pa.binary()),
        ("transactions", pa.binary()),
    ]
)
_AGAIN = "run keep3r prove with keep=true"


def kept_name(first: int, last: int) -> str:
    """A window's file, relative to the lake."""
    return f"{FOLDER}/kept/{first:09d}-{last:09d}.parquet"


def keep_window(lake: Path, first: int, last: int, evidence: Evidence) -> None:
    """Write a window's evidence. The first header is whole; with the block before the window there is one more."""
    headers = evidence.headers
    short = [headers[0].rlp, *(encode(list(header.fields[1:])) for header in headers[1:])]
    numbers = [header.number for header in headers]
    receipts = [_receipts(evidence.receipts.get(number)) for number in numbers]
    transactions = [_raws(evidence.transactions.get(number)) for number in numbers]
    columns = (numbers, short, receipts, transactions)
    table = pa.table([pa.array(column, each.type) for column, each in zip(columns, _SCHEMA, strict=True)], _SCHEMA)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=9, use_dictionary=False, write_statistics=False)
    write_bytes(lake / kept_name(first, last), memoryview(sink.getvalue()))


def _receipts(receipts: Sequence[Receipt] | None) -> bytes | None:
    return None if receipts is None else encode([receipt.slim() for receipt in receipts])


def _raws(raws: Sequence[bytes] | None) -> bytes | None:
    return None if raws is None else encode(list(raws))


def kept_files(lake: Path, windows: Sequence[tuple[int, int]]) -> dict[str, str]:
    """SHA-256 of the kept files of some windows and of the proofs of state, by name; what is not there is left out."""
    names = [*(kept_name(first, last) for first, last in windows), f"{FOLDER}/kept/{STATE}"]
    return {name: digest for name in names if (digest := digest_of(lake / name))}


def digest_of(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_kept(lake: Path, kept: Mapping[str, str]) -> None:
    """Hold the kept files against what a certificate says of them, before anything is read from them.

    Args:
        lake: its folder.
        kept: SHA-256 by name, as `proof.json` has it.

    Raises:
        InputError: one is not there, or not as it was.
    """
    for name, wanted in sorted(kept.items()):
        digest = digest_of(lake / name)
        if digest != wanted:
            problem = "is damaged: it has another SHA-256 than proof.json says" if digest else "is no longer there"
            raise InputError(lake / name, problem, remedy=_AGAIN)


def kept_size(lake: Path) -> int:
    """Bytes of all kept files."""
    return sum(path.stat().st_size for path in (lake / FOLDER / "kept").glob("*") if path.is_file())


def keep_state(lake: Path, proofs: Sequence[Mapping[str, Any]]) -> None:
    """Write the proofs of state that were asked for, as `KeptTeller.account` reads them back."""
    write_bytes(lake / FOLDER / "kept" / STATE, (json.dumps(list(proofs), indent=1, sort_keys=True) + "\n").encode())


class KeptTeller:
    """What is kept beside a lake, as a teller; it is believed as little as any other."""

    name = "the kept headers and receipts"

    def __init__(self, lake: Path, names: Collection[str]) -> None:
        """Take the lake's folder, and the names of the files that the certificate rests on: no other is read."""
        self._windows = sorted(
            (int(found[1]), int(found[2]), lake / name)
            for name in names
            if (found := _NAME.fullmatch(name.rpartition("/")[2]))
        )
        self._open: tuple[Any, dict[int, int], list[Header]] | None = None
        self._path: Path | None = None
        state = f"{FOLDER}/kept/{STATE}"
        self._state = read_state(lake / state) if state in names else []

    @property
    def last(self) -> int:
        """The last block that is kept; -1 if none is."""
        return max((last for _, last, _ in self._windows), default=-1)

    def _window(self, number: int) -> tuple[Any, dict[int, int], list[Header]] | None:
        for first, last, path in self._windows:
            if first <= number <= last:
                if path != self._path:
                    self._open, self._path = _read(path), path
                return self._open
        return None

    def headers(self, first: int, last: int) -> list[Header | None]:
        """The headers of a closed range of one window; the block before the window is kept with it."""
        window = self._window(last)
        if window is None:
            return [None] * (last - first + 1)
        _, places, headers = window
        return [headers[places[number]] if number in places else None for number in range(first, last + 1)]

    def header_of_hash(self, block_hash: bytes) -> Header | None:
        """The header of the last block that is kept, if it has that hash."""
        found = self.headers(self.last, self.last)[0] if self.last >= 0 else None
        return found if found is not None and found.hash == block_hash else None

    def head(self, number: int) -> Header | None:
        """The header of a block by its number."""
        return self.headers(number, number)[0]

    def receipts(self, headers: Sequence[Header]) -> list[list[Receipt] | None]:
        """The receipts of opened blocks."""
        found: list[list[Receipt] | None] = []
        for header in headers:
            content = self._content("receipts", header.number)
            found.append(_readable(content, lambda read: [receipt_from_slim(each) for each in decode_list(read)]))
        return found

    def transactions(self, headers: Sequence[Header]) -> list[list[bytes] | None]:
        """The raw transactions of blocks whose transactions the lake holds."""
        found: list[list[bytes] | None] = []
        for header in headers:
            content = self._content("transactions", header.number)
            found.append(_readable(content, lambda read: [text(each) for each in decode_list(read)]))
        return found

    def _content(self, column: str, number: int) -> bytes | None:
        window = self._window(number)
        if window is None or number not in window[1]:
            return None
        content: bytes | None = window[0].column(column)[window[1][number]].as_py()
        return content

    def account(self, header: Header, address: bytes, slots: Sequence[int]) -> Account | None:
        """An account's proof, if the same was asked for when it was kept."""
        found = self._entry(header, address)
        if found is None or found.account is None or not {str(slot) for slot in slots} <= found.storage.keys():
            return None
        storage = tuple(tuple(map(_bytes, found.storage[str(slot)])) for slot in slots)
        return Account(tuple(map(_bytes, found.account)), storage)

    def code(self, header: Header, address: bytes) -> bytes | None:
        """An account's code, if it was kept."""
        found = self._entry(header, address)
        return _bytes(found.code) if found is not None and found.code is not None else None

    def _entry(self, header: Header, address: bytes) -> _Kept | None:
        wanted = (header.number, address.hex())
        return next((each for each in self._state if (each.block, each.address) == wanted), None)


def _readable(content: bytes | None, read: Callable[[bytes], list[Item]]) -> list[Item] | None:
    """What is kept of a block; none where it cannot be read, which proves nothing."""
    try:
        return None if content is None else read(content)
    except (ValueError, TypeError, LookupError):
        return None


def _bytes(text_: str) -> bytes:
    """The bytes of hexadecimal text; none where it is not, which proves nothing."""
    try:
        return bytes.fromhex(text_)
    except ValueError:
        return b""


class _Kept(msgspec.Struct):
    """A kept proof of state: block, address, and as far as they were asked for the account's nodes, words and code."""

    block: int
    address: str
    storage: dict[str, list[str]]
    account: list[str] | None = None
    code: str | None = None


def read_state(path: Path) -> list[_Kept]:
    """Read the kept proofs of state. Raises `InputError` where the file holds something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[_Kept])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise InputError(path, "is no list of proofs of state as keep3r prove keeps it", remedy=_AGAIN) from None


def _read(path: Path) -> tuple[Any, dict[int, int], list[Header]]:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, ValueError, TypeError, OSError):
        raise InputError(path, "is no Parquet file that can be read", remedy=_AGAIN) from None
    if not table.schema.equals(_SCHEMA):
        wanted = ", ".join(f"{field.name} ({field.type})" for field in _SCHEMA)
        raise InputError(path, f"has other columns than {wanted}", remedy=_AGAIN)
    headers: list[Header] = []
    for row, content in enumerate(table.column("header").to_pylist(), 1):
        try:
            if headers:
                headers.append(Header([headers[-1].hash, *map(text, decode_list(content))]))
            else:
                headers.append(header_from_rlp(content))
        except (ValueError, TypeError):
            raise InputError(path, "holds no header", place=f"row {row}", remedy=_AGAIN) from None
    return table, {header.number: place for place, header in enumerate(headers)}, headers
