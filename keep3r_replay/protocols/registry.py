"""Protocols by name: a lake's `deployment.json` and a recording's `meta.json` say which one they are of."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from keep3r_replay import protocols
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

KEEP3R_V2 = "keep3r_v2"
"""The protocol of lakes and recordings that name none: they are older than the others."""


def protocol_of(lake: Lake) -> Protocol:
    """The protocol that a lake is of. Raises `UsageError` as `protocol_named` does."""
    return protocol_named(lake.deployment.protocol or KEEP3R_V2)


def protocol_of_results(manifest: Mapping[str, Any]) -> Protocol:
    """The protocol of results, by their `manifest.json`; those that name none are Keep3r V2's.

    Raises:
        UsageError: as `protocol_named`.
    """
    return protocol_named(str(manifest.get("protocol") or KEEP3R_V2))


def protocol_of_script(script: Mapping[str, Any]) -> tuple[Protocol, dict[str, Any]]:
    """The protocol that a scenario names, Keep3r V2 if none, and the rest of its content.

    Raises:
        UsageError: as `protocol_named`.
    """
    protocol = protocol_named(str(script.get("protocol") or KEEP3R_V2))
    return protocol, {key: value for key, value in script.items() if key != "protocol"}


def protocol_recorded(meta: Mapping[str, Any]) -> Protocol:
    """The protocol of a recording, by its `meta.json`: `"protocol": "Keep3r V1"` is in the folder `keep3r_v1`.

    Raises:
        UsageError: as `protocol_named`.
    """
    return protocol_named(str(meta.get("protocol") or KEEP3R_V2).lower().replace(" ", "_"))


def protocol_named(name: str) -> Protocol:
    """The protocol in the folder `protocols/NAME`.

    Raises:
        UsageError: there is no such folder.
    """
    known = known_protocols()
    if name not in known:
        raise UsageError(f"no protocol named {name[:60]!r}; known are {', '.join(known)}")
    protocol: Protocol = importlib.import_module(f"{protocols.__name__}.{name}.protocol").PROTOCOL
    return protocol


def known_protocols() -> list[str]:
    """Names of the folders in `protocols/`, sorted; none of them is imported for this."""
    return sorted(module.name for module in pkgutil.iter_modules(protocols.__path__) if module.ispkg)
