"""Which event a log is: by the role and the version of the contract that emitted it, and its first topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.events import (
    ESCROW_EVENTS,
    HELPER_EVENTS,
    KEEP3R_EVENTS,
    PAIR_MANAGER_EVENTS,
    PAIR_MANAGER_FACTORY_EVENTS,
)
from keep3r_replay.uniswap_v3.events import POOL_EVENTS

if TYPE_CHECKING:
    from keep3r_replay.evm.abi import Event

ROLES: dict[str, dict[str, tuple[Event, ...]]] = {
    "keep3r": KEEP3R_EVENTS,
    "keep3r_helper": HELPER_EVENTS,
    "uniswap_v3_pool": {"": POOL_EVENTS},
    "pair_manager": {"": PAIR_MANAGER_EVENTS},
    "pair_manager_factory": {"": PAIR_MANAGER_FACTORY_EVENTS},
    "escrow": {"": ESCROW_EVENTS},
}
"""Role, version (empty for a contract that has only one), events."""


def events_of(role: str, version: str = "") -> tuple[Event, ...]:
    """Return the events a contract of this role and version can emit.

    Raises:
        KeyError: there is no such role or version.
    """
    return ROLES[role][version]


def table_name(role: str, event: Event) -> str:
    """Return the lake's table for an event type: `events/keep3r.KeeperWork`."""
    return f"events/{role}.{event.name}"
