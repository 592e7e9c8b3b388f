"""Reading files of the e2store family: `.era1` before the Merge, `.ere` of any time.

A file is a row of entries: type (2 bytes), length (4, little-endian), two zeros, content. Headers, bodies and receipts
are compressed by Snappy in frames; in `.era1` they come block after block, in `.ere` kind after kind. The nth of each
kind belongs to the nth block, which needs no index.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from keep3r_replay.errors import InputError
from keep3r_replay.proof.header import Header, header_from_rlp
from keep3r_replay.proof.receipts import Receipt, receipt_from_consensus, receipt_from_slim
from keep3r_replay.proof.rlp import decode_list, encode, items

if TYPE_CHECKING:
    from pathlib import Path

VERSION, HEADER, BODY, RECEIPTS, SLIM_RECEIPTS = b"e2", b"\x03\x00", b"\x04\x00", b"\x05\x00", b"\x0a\x00"
_ENTRY = struct.Struct("<2sIH")
_LARGEST = 1 << 26
"""Bytes of an unpacked entry: no block has come near it."""


class HistoryFile:
    """One file of up to 8,192 blocks. Its entries are found once; each is read where it is asked for.

    Attributes:
        first: its first block.
        count: how many blocks it holds.
    """

    def __init__(self, path: Path) -> None:
        """Find the entries of the file at `path`.

        Raises:
            InputError: it is no such file, or is cut off.
        """
        self._path = path
        self._places: dict[bytes, list[tuple[int, int]]] = {HEADER: [], BODY: [], RECEIPTS: [], SLIM_RECEIPTS: []}
        with path.open("rb") as file:
            try:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise InputError(path, "is empty") from None
        place = 0
        while place < len(self._content):
            try:
                kind, length, reserved = _ENTRY.unpack_from(self._content, place)
            except struct.error:
                raise InputError(path, "is cut off") from None
            place += _ENTRY.size
            if reserved or place + length > len(self._content) or (place == _ENTRY.size and kind != VERSION):
                raise InputError(path, "is no history file, or is cut off")
            if kind in self._places:
                self._places[kind].append((place, length))
            place += length
        self.count = len(self._places[HEADER])
        if self.count == 0:
            raise InputError(path, "holds no header")
        self.first = self.header(0).number

    def header(self, place: int) -> Header:
        """The header of the nth block. Raises `InputError` where there is none."""
        try:
            return header_from_rlp(self._unpacked(HEADER, place))
        except ValueError as error:
            raise self._wrong(place, error) from None

    def transactions(self, place: int) -> list[bytes] | None:
        """The raw transactions of the nth block; None where the file has no bodies. Raises `InputError` if damaged."""
        if len(self._places[BODY]) != self.count:
            return None
        try:
            sent = items(decode_list(self._unpacked(BODY, place))[0])
        except (ValueError, IndexError) as error:
            raise self._wrong(place, error) from None
        return [each if isinstance(each, bytes) else encode(items(each)) for each in sent]

    def receipts(self, place: int) -> list[Receipt] | None:
        """The receipts of the nth block, of either kind; None where the file has none. Raises as `transactions`."""
        try:
            if len(self._places[SLIM_RECEIPTS]) == self.count:
                return [receipt_from_slim(each) for each in decode_list(self._unpacked(SLIM_RECEIPTS, place))]
            if len(self._places[RECEIPTS]) == self.count:
                return [receipt_from_consensus(each) for each in decode_list(self._unpacked(RECEIPTS, place))]
        except ValueError as error:
            raise self._wrong(place, error) from None
        return None

    def _unpacked(self, kind: bytes, place: int) -> bytes:
        # An extra brings it: only history files need it.
        from cramjam import DecompressionError, snappy  # noqa: PLC0415 - see above

        start, length = self._places[kind][place]
        try:
            content = bytes(snappy.decompress(self._content[start : start + length]))
        except DecompressionError as error:
            raise ValueError(str(error)) from None
        if len(content) > _LARGEST:
            raise ValueError("an entry that is too large")
        return content

    def _wrong(self, place: int, error: Exception) -> InputError:
        text = " ".join(str(error).split())[:80]
        return InputError(self._path, f"cannot be read: {text}", place=f"block {place} of the file")
