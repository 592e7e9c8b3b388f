"""Rows of the tables about late bonds: amounts are wei of KIBT, times are seconds."""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.replay.tables import Amount, Int64, UInt32, schema_of

WORLDS = ("strict", "grace")
"""Counterfactuals of a late bond: expired at maturity, and in the last second that is in time."""


class LateExpiryRow(NamedTuple):
    """A late bond, and what it would have cost if it had been expired in time, in each of `WORLDS`: `late_expiries`."""

    category: str
    risk_category: str
    bond_id: UInt32
    status: str
    maturity: Int64
    epoch_length: Int64
    deadline: Int64
    epoch_changed_before_deadline: bool
    expired_at: Int64 | None
    bought_at: Int64 | None
    bought_in_block: UInt32 | None
    buyer: str | None
    seconds_late: Int64 | None
    realized: Amount | None
    clone_actual: bool | None
    excuse: str
    cost_per_day: Amount | None
    expired_at_strict: Int64
    realized_strict: Amount | None
    excess_strict: Amount | None
    closed_form_strict: Amount | None
    clone_strict: bool | None
    clone_principal_strict: Amount | None
    supply_excess_strict: Amount
    changed_transactions_strict: UInt32
    changed_strict: str
    clean_strict: bool
    cost_so_far_strict: Amount | None
    expired_at_grace: Int64
    realized_grace: Amount | None
    excess_grace: Amount | None
    closed_form_grace: Amount | None
    clone_grace: bool | None
    clone_principal_grace: Amount | None
    supply_excess_grace: Amount
    changed_transactions_grace: UInt32
    changed_grace: str
    clean_grace: bool
    cost_so_far_grace: Amount | None


class LateHolderRow(NamedTuple):
    """A late bond and an account whose balance it changed, just before it was bought: `late_holders`."""

    category: str
    risk_category: str
    bond_id: UInt32
    account: str
    balance: Amount
    balance_strict: Amount
    balance_grace: Amount
    gain_strict: Amount
    gain_grace: Amount


LATE_TABLES = {"late_expiries": schema_of(LateExpiryRow), "late_holders": schema_of(LateHolderRow)}
"""Columns of the tables about late bonds."""
