"""What a what-if takes as given, and what follows: printed with `-v`, and part of docs/what-if.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.what_if.overlay import HELPER_PARAMETERS, KEEP3R_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN = (
    (
        "work attempts: place, job, keeper, gas from validation to end of measure",
        "drop_*, add_works, skip_below, reset_gas",
    ),
    ("payments that the job chose itself (bondedPayment), payments in tokens", "drop_*, add_works"),
    ("the price of gas that a sidechain's job asks for", "-"),
    ("swaps, mints and burns of pools, and so every twap", "market_*, tick_shift, tick_scale"),
    ("base fees", "base_fee_*"),
    ("governance: parameters, roles, disputes, forced credits, approvals", "parameters, pinned, credits"),
    ("bonds, activations, unbondings, withdrawals, slashes asked for", "bonds, bond_*"),
    ("liquidity added, unbonded, withdrawn, slashed; migrations", "liquidity, liquidity_*, yield_*"),
    ("a transaction fails as one, unless its entry point was seen to tolerate failed calls", "atomic"),
)
"""Inputs, and the changes of an overlay that change them."""

FOLLOWS = (
    ("payments by the formula", "2.2, 2.3, sidechain: the contract's formula on the measured gas, to the wei"),
    ("the same of 2.0 and 2.1", "events bound the gas only: the paid amount times new boost and price over the old"),
    ("credits", "mined, repriced, expired, capped, removed, migrated by the rules of the contract"),
    ("reward events", "as the calls of the changed history emit them"),
    ("keepers' bonds and earnings", "with the payments"),
    ("amounts of activations and withdrawals", "all that is pending then"),
    (
        "calls that revert",
        "undone as a whole and reported with the contract's error; what depends on them fails in turn",
    ),
)
"""Consequences, and how they come about."""


NARROWS = {
    "from_block": (*KEEP3R_PARAMETERS, *HELPER_PARAMETERS),
    "liquidity_job": ("liquidity_factor",),
    "liquidity_from_block": ("liquidity_factor",),
    "yield_step": ("yield_least", "yield_most"),
    "credits_job": ("credits_add",),
    "credits_block": ("credits_add",),
    "drop_job": ("drop_share",),
    "bond_keeper": ("bond_add",),
    "base_fee_from_block": ("base_fee_factor", "base_fee_floor", "base_fee_cap"),
    "market_from_block": ("market_lake", "market_pool", "tick_shift", "tick_scale"),
}
"""Fields of an overlay that say where others hold: alone they change nothing."""


def idle_lines(changes: Mapping[str, object]) -> list[str]:
    """One line for every field of an overlay that changes nothing for lack of what it narrows."""
    return [
        f"overlay.{name} alone changes nothing: it says where {' or '.join(of)} holds"
        for name, of in NARROWS.items()
        if name in changes and not any(each in changes for each in of)
    ]


def assumption_lines() -> list[str]:
    """Both tables as lines of text."""
    width = max(len(name) for name, _ in (*GIVEN, *FOLLOWS))
    lines = ["given, unless the overlay says otherwise (by)"]
    lines += [f"  {name:<{width}}  {by}" for name, by in GIVEN]
    lines.append("follows")
    lines += [f"  {name:<{width}}  {how}" for name, how in FOLLOWS]
    return lines
