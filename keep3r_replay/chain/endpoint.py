"""One address of a node, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import urllib3

from keep3r_replay.errors import UsageError

ENVIRONMENT = "ETH_RPC_URL"
"""The variable that holds the addresses of the nodes, comma-separated."""

_LOCAL = {"localhost", "127.0.0.1", "[::1]"}


@dataclass
class Endpoint:
    """One node address and what is known of it. `pause` is the wait between two requests, which 429s lengthen."""

    number: int
    url: str = field(repr=False)
    pool: Any = field(repr=False)
    path: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    batches: bool = True
    pause: float = 0.0
    free_at: float = 0.0


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
        headers |= urllib3.util.make_headers(basic_auth=parsed.auth)
    pool = urllib3.connectionpool.connection_from_url(
        f"{parsed.scheme}://{parsed.netloc}",
        maxsize=connections,
        # More threads than connections wait for one to come free.
        block=True,
        retries=False,
        timeout=urllib3.Timeout(connect=min(timeout, 10.0), read=timeout),
    )
    return Endpoint(number, url, pool, parsed.request_uri, headers)
