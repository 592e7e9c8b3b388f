"""Protocols by name: a lake's `deployment.json` says which one it is of."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

KEEP3R_V2 = "keep3r_v2"
"""The protocol of lakes that name none: they are older than the others."""


def protocol_of(lake: Lake) -> Protocol:
    """The protocol that a lake is of. Raises `UsageError` as `protocol_named` does."""
    return protocol_named(getattr(lake.deployment, "protocol", KEEP3R_V2))


def protocol_named(name: str) -> Protocol:
    """The protocol in the folder `protocols/NAME`.

    Raises:
        UsageError: there is no such folder.
    """
    if not name.isidentifier():
        raise UsageError(f"no protocol named {name[:60]!r}")
    package = f"keep3r_replay.protocols.{name}"
    try:
        module = importlib.import_module(f"{package}.protocol")
    except ModuleNotFoundError as error:
        if error.name not in {package, f"{package}.protocol"}:
            raise
        raise UsageError(f"no protocol named {name!r}: this version replays none of that name") from None
    protocol: Protocol = module.PROTOCOL
    return protocol
