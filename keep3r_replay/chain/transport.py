"""One request over HTTP, bounded in time and size whatever the other side does.

Waiting is bounded as a whole, not from byte to byte, and an answer may neither be nor inflate to more than a limit:
otherwise a node that sends a byte a second, or a small file of zeros packed, could hold up a run or fill the memory.
"""

from __future__ import annotations

import http.client
import io
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

MOST_BYTES = 128 << 20
"""The largest answer that is read, packed or unpacked: ten times what is asked for at once, at 1 KB a log."""

_PIECE = 1 << 20
_ANY_GZIP_OR_ZLIB = 47


class TooLargeError(Exception):
    """An answer is larger than what is read."""


class BrokenError(Exception):
    """An answer did not come whole, in time or at all. The text says how, and never where from."""


class Response(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class _TimedReader(io.RawIOBase):
    """Reads from a connection until a moment in time; every wait is for what is left until then."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._connection = connection
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            # The next request over this connection has a time of its own.
            if self._connection.fileno() >= 0:
                self._connection.settimeout(self._seconds)
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer, head and body, that has as long as one read of its connection has otherwise."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        seconds = sock.gettimeout()
        if seconds is not None:
            raw: Any = self.fp.detach()
            self.fp = io.BufferedReader(_TimedReader(raw, sock, seconds))


class _Plain(HTTPConnection):
    response_class = _TimedResponse


class _Secure(HTTPSConnection):
    response_class = _TimedResponse


def pool_of(scheme: str, place: str, connections: int, timeout: float) -> urllib3.HTTPConnectionPool:
    """Make the connections to one place, `host:port`; nothing is opened yet.

    Args:
        scheme: http or https.
        place: the host, with its port if it has one.
        connections: how many there may be; more threads wait for one to come free.
        timeout: seconds for a whole answer, and at most for making a connection.
    """
    pool = urllib3.connectionpool.connection_from_url(
        f"{scheme}://{place}",
        maxsize=connections,
        block=True,
        retries=False,
        timeout=urllib3.Timeout(connect=min(timeout, 10.0), read=timeout),
    )
    pool.ConnectionCls = _Secure if scheme == "https" else _Plain
    return pool


def post(
    pool: urllib3.HTTPConnectionPool, path: str, body: bytes, headers: Mapping[str, str], most_bytes: int = MOST_BYTES
) -> Response:
    """Send a request and return the whole answer, unpacked.

    Raises:
        TooLargeError: the answer, packed or unpacked, has more than `most_bytes`.
        BrokenError: it did not come whole and in time.
    """
    try:
        response = pool.request("POST", path, body=body, headers=headers, preload_content=False, redirect=False)
        try:
            content = _packed(response, most_bytes)
        except BaseException:
            # What is not read to its end leaves a connection that cannot be used again.
            response.close()
            raise
        finally:
            response.release_conn()
        packed = response.headers.get("Content-Encoding", "").strip().lower()
        if packed in {"gzip", "x-gzip", "deflate"}:
            content = _unpacked(content, most_bytes)
        elif packed not in {"", "identity"}:
            raise BrokenError("the answer is packed in another way than was asked for")
        return Response(response.status, response.headers, content)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        # The text of these errors holds the address: only their kind is told.
        raise BrokenError(type(error).__name__) from None
    except zlib.error:
        raise BrokenError("the packed answer is damaged") from None


def _packed(response: Any, most_bytes: int) -> bytes:
    told = response.headers.get("Content-Length", "")
    if told.isdigit():
        if int(told) > most_bytes:
            raise TooLargeError
        content: bytes = response.read(decode_content=False)
        return content
    pieces: list[bytes] = []
    size = 0
    while piece := response.read(_PIECE, decode_content=False):
        size += len(piece)
        if size > most_bytes:
            raise TooLargeError
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(content: bytes, most_bytes: int) -> bytes:
    unpacking = zlib.decompressobj(_ANY_GZIP_OR_ZLIB)
    unpacked = unpacking.decompress(content, most_bytes + 1)
    if len(unpacked) > most_bytes:
        raise TooLargeError
    if not unpacking.eof:
        raise BrokenError("the packed answer is cut off")
    return unpacked
