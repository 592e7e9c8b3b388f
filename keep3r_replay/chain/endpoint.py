"""One address of a node, and what is known of it."""

from __future__ import annotations

import base64
import html
import re
import time
import unicodedata
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import urllib3

from keep3r_replay.chain.transport import pool_of
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

ENVIRONMENT = "ETH_RPC_URL"
"""The variable that holds the addresses of the nodes, comma-separated."""

_SHORTEST_SECRET = 6
"""Characters: `v2` and `eth` are no keys, and masking them would make every error unreadable."""
_LONGEST_TEXT = 200
_LAYERS = 3
_ESCAPE = re.compile(r"\\u\{?([0-9a-f]{4})\}?|\\x([0-9a-f]{2})", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{12,}", re.IGNORECASE)
_BASE64 = re.compile(r"[\w+/-]{8,}", re.ASCII)
LEFT_OUT = "the node's words are left out: they held a secret"
"""Stands for the text of a node that repeats a secret in part, or in an encoding."""

_LOCAL = {"localhost", "127.0.0.1", "[::1]"}


@dataclass
class Endpoint:
    """One node address and what is known of it.

    `most_calls` go into one batch; `batches_refused` is how many were refused one after the other. `pause` is the wait
    in seconds between two requests, which 429s lengthen.
    """

    number: int
    url: str = field(repr=False)
    pool: Any = field(repr=False)
    path: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    most_calls: int = 1_000
    batches_refused: int = 0
    pause: float = 0.0
    free_at: float = 0.0


def secrets_of(url: str) -> frozenset[str]:
    """Parts of an address that must not be shown, as they stand there and in the encodings that a node may echo.

    These are user and password, the host unless it is this machine, and every part of path and query but short words.
    """
    parsed = urllib3.util.parse_url(url)
    parts = {parsed.auth or "", *(parsed.auth or "").split(":")}
    if parsed.host and parsed.host not in _LOCAL:
        parts |= {parsed.host, parsed.host.split(".")[0]}
    parts |= set(re.split(r"[/?&=#]", parsed.request_uri))
    parts |= {unquote(each) for each in parts}
    parts |= {base64.b64encode(each.encode()).decode().rstrip("=") for each in parts}
    parts |= {quote(each, safe="") for each in parts}
    return frozenset(each for each in parts if len(each) >= _SHORTEST_SECRET)


def retry_after(text: str) -> float | None:
    """Return the seconds that a header `Retry-After` asks to wait, given as a number or as a date; None if neither."""
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret in it replaced by `***`, whatever its case, and bounded in length.

    A text that holds a piece of one all the same, plainly or behind percent signs, escapes, entities, hexadecimal or
    Base64, is left out as a whole.
    """
    known = sorted(secrets, key=len, reverse=True)
    for secret in known:
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
    if _holds_a_piece(text, known):
        return LEFT_OUT
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def _holds_a_piece(text: str, secrets: Iterable[str]) -> bool:
    """Whether six characters of a secret in a row stand in a text, plainly or in an encoding that hides them."""
    pieces = {
        each[start : start + _SHORTEST_SECRET].lower()
        for each in secrets
        for start in range(len(each) - _SHORTEST_SECRET + 1)
    }
    if not pieces:
        return False
    seen = [text]
    # An encoding may be hidden in another one: undo them one after the other, and again.
    for _ in range(_LAYERS):
        plain = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), html.unescape(unquote(seen[-1])))
        seen.append("".join(each for each in plain if unicodedata.category(each) != "Cf"))
    for each in tuple(seen):
        for run in _HEXADECIMAL.findall(each):
            seen += [bytes.fromhex(run[at : len(run) - (len(run) - at) % 2]).decode("latin-1") for at in (0, 1)]
        for run in _BASE64.findall(each):
            for at in range(4):
                part = run[at : len(run) - (len(run) - at) % 4]
                seen.append(base64.b64decode(part, altchars=b"-_" if set("-_") & set(part) else None).decode("latin-1"))
    lowered = [each.lower() for each in seen]
    return any(piece in each for piece in pieces for each in lowered)


def endpoint_of(number: int, url: str, connections: int, timeout: float) -> Endpoint:
    """Make the endpoint of an address; nothing is asked yet.

    Args:
        number: what it is called in messages, which must not hold the address.
        url: the address.
        connections: how many requests may be under way at once.
        timeout: seconds to wait for an answer.

    Raises:
        UsageError: the address is none.
    """
    try:
        parsed = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        raise UsageError(f"address {number} in {ENVIRONMENT} cannot be read as an address") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise UsageError(f"address {number} in {ENVIRONMENT} must start with http:// or https://")
    headers = {"Content-Type": "application/json"}
    if parsed.host not in _LOCAL:
        # Answers shrink eight- to tenfold; on the same machine packing would only cost time.
        headers["Accept-Encoding"] = "gzip"
    if parsed.auth:
        # In an address a password with special characters stands with percent signs; the header holds it as it is.
        headers |= urllib3.util.make_headers(basic_auth=unquote(parsed.auth))
    pool = pool_of(parsed.scheme, parsed.netloc or parsed.host, connections, timeout)
    return Endpoint(number, url, pool, parsed.request_uri, headers)
