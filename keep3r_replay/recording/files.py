"""The files of a recording: gzipped JSON lines, read whole, every mistake named by file and line."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from keep3r_replay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = TypeVar("Record")

REMEDY = "get the recording again"


class WireTransaction(msgspec.Struct, gc=False):
    """One line of `txs.jsonl.gz`."""

    hash: str
    blockNumber: str
    transactionIndex: str
    to: str | None
    input: str
    gas: str
    gasUsed: str
    effectiveGasPrice: str
    status: str
    sender: str = msgspec.field(name="from")


def read_text(path: Path) -> bytes:
    """Return the content of a file, unpacked if its name ends with .gz.

    Raises:
        InputError: the file is missing, cannot be read, or is no whole gzip.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(path, "file is missing", remedy="a recording holds meta.json and four .jsonl.gz") from None
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    if path.suffix != ".gz":
        return raw
    if not raw:
        raise InputError(path, "is empty, which no gzip is", remedy=REMEDY)
    try:
        return gzip.decompress(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = "truncated gzip" if isinstance(error, EOFError) else "damaged gzip"
        raise InputError(path, f"{kind}: {error}", remedy=REMEDY) from None


def read_object(path: Path) -> dict[str, Any]:
    """Parse a file that holds one JSON object.

    Raises:
        InputError: as `read_text`, or it is no JSON, or no object.
    """
    try:
        return msgspec.json.decode(read_text(path), type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise InputError(path, f"wrong type: {error}", remedy=REMEDY) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(path, f"invalid JSON: {error}", remedy=REMEDY) from None


def read_lines(path: Path, kind: type[Record]) -> list[Record]:
    """Parse a gzipped file of JSON lines into records of `kind`.

    Raises:
        InputError: as `read_text`, or a line is no JSON or not of this kind; the line is named.
    """
    text = read_text(path)
    decoder = msgspec.json.Decoder(kind)
    try:
        records: list[Record] = decoder.decode_lines(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        for number, line in enumerate(text.split(b"\n"), start=1):
            if line.strip():
                _decode_one(decoder, line, path, number)
        raise InputError(path, f"invalid JSON lines: {error}", remedy=REMEDY) from None
    return records


def each_line(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Parse a gzipped file of long JSON lines one by one, so that never more than one is in memory.

    Raises:
        InputError: as `read_lines`.
    """
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(read_text(path).split(b"\n"), start=1):
        if line.strip():
            yield _decode_one(decoder, line, path, number)


def _decode_one(decoder: msgspec.json.Decoder[Record], line: bytes, path: Path, number: int) -> Record:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        kind = "wrong type" if isinstance(error, msgspec.ValidationError) else "invalid JSON"
        raise InputError(path, f"{kind}: {error}", place=f"line {number}", remedy=REMEDY) from None


def line_of_row(path: Path, row: int) -> str:
    """Name the line that holds the row-th record (from 0): blank lines hold none."""
    seen = -1
    for number, line in enumerate(read_text(path).split(b"\n"), start=1):
        seen += bool(line.strip())
        if seen == row:
            return f"line {number}"
    return f"record {row + 1}"
