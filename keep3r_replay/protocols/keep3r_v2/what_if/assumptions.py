"""What a what-if takes as given, and what follows: printed with every result, and part of docs/what-if.md."""

from __future__ import annotations

GIVEN = (
    ("work attempts: place, job, keeper, gas from validation to end of measure", "drop_*, add_works"),
    ("payments that the job chose itself (bondedPayment), payments in tokens", "drop_*, add_works"),
    ("the price of gas that a sidechain's job asks for", "-"),
    ("swaps, mints and burns of pools, and so every twap", "market_*, tick_shift, tick_scale"),
    ("base fees", "base_fee_*"),
    ("governance: parameters, roles, disputes, forced credits, approvals", "parameters, pinned"),
    ("bonds, activations, unbondings, withdrawals, slashes asked for", "bonds, bond_*"),
    ("liquidity added, unbonded, withdrawn, slashed; migrations", "liquidity, liquidity_*"),
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


def assumption_lines() -> list[str]:
    """Both tables as lines of text."""
    width = max(len(name) for name, _ in (*GIVEN, *FOLLOWS))
    lines = ["given, unless the overlay says otherwise (by)"]
    lines += [f"  {name:<{width}}  {by}" for name, by in GIVEN]
    lines.append("follows")
    lines += [f"  {name:<{width}}  {how}" for name, how in FOLLOWS]
    return lines
