"""Protocols by name: a lake's `deployment.json` and a recording's `meta.json` say which one they are of."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keep3r_replay import protocols
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.integrity import Schemas
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.rooms import Scenarios

KEEP3R_V2 = "keep3r_v2"
"""The protocol of lakes and recordings that name none: they are older than the others."""


def protocol_of(lake: Lake) -> Protocol:
    """The protocol that a lake is of.

    Raises:
        UsageError: it is of several, or as `protocol_named`.
    """
    names = protocols_in(lake)
    if len(names) > 1:
        raise UsageError(f"{lake.path}: is of {' and '.join(names)}: say which one, as in lake={lake.path}/{names[0]}")
    return protocol_named(names[0])


def protocols_in(lake: Lake) -> list[str]:
    """Names of the protocols that a lake is of."""
    return lake.deployment.protocol.split() or [KEEP3R_V2]


def schemas_in(protocol: str) -> Schemas:
    """The Arrow schemas of a lake's tables by name, of the protocols that it says and that are known here."""
    from keep3r_replay.dataset.table_schemas import table_schemas  # noqa: PLC0415  (naming a protocol needs no Arrow)

    named = [protocol_named(name) for name in protocol.split() or [KEEP3R_V2] if name in known_protocols()]
    events = {role: versions for each in named for role, versions in each.events.items()}
    return lambda table: table_schemas(table, events)


def part_of(lake: Lake, name: str) -> Lake:
    """One protocol's part of a lake of several: the contracts of its roles.

    Raises:
        UsageError: the lake is not of that protocol.
    """
    if name not in protocols_in(lake):
        raise UsageError(f"{lake.path}: is of {' and '.join(protocols_in(lake))}, not of {name[:60]}")
    roles = protocol_named(name).events
    mine = tuple(contract for contract in lake.deployment.contracts if contract.role in roles)
    return type(lake)(lake.path, replace(lake.deployment, protocol=name, contracts=mine), lake.manifest, part=True)


def protocol_of_results(manifest: Mapping[str, Any]) -> Protocol:
    """The protocol of results, by their `manifest.json`; those that name none are Keep3r V2's.

    Raises:
        UsageError: as `protocol_named`.
    """
    return protocol_named(str(manifest.get("protocol") or KEEP3R_V2))


def scenarios_of(content: Mapping[str, Any]) -> tuple[Protocol, Scenarios, dict[str, Any]]:
    """The protocol that a scenario names, Keep3r V2 if none; what plays its scenarios; and the rest of the content.

    Raises:
        UsageError: the protocol has no scenarios, or as `protocol_named`.
    """
    protocol = protocol_named(str(content.get("protocol") or KEEP3R_V2))
    if protocol.scenarios is None:
        raise UsageError(f"there are no scenarios of {protocol.title}")
    return protocol, protocol.scenarios, {key: value for key, value in content.items() if key != "protocol"}


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
