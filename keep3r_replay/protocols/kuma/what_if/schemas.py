"""Schemas of a what-if's tables. Amounts are wei, times seconds; `reason` is that of a revert, empty: there is none."""

from __future__ import annotations

import polars as pl

from keep3r_replay.protocols.kuma.audit.schemas import AMOUNT

REIMBURSED = "reimbursement_reconstructed_not_verified"
"""The column of the audit's terms; with `_what_if` at its end, of the changed ones."""

SCHEMAS: dict[str, pl.Schema] = {
    "purchases_what_if": pl.Schema(
        {
            "block_number": pl.UInt32,
            "transaction_index": pl.UInt32,
            "category": pl.String,
            "bond_id": pl.UInt32,
            "buyer": pl.String,
            "realized": AMOUNT,
            "realized_what_if": AMOUNT,
            "difference": AMOUNT,
            "clone": pl.Boolean,
            "clone_what_if": pl.Boolean,
        }
    ),
    "changed_transactions": pl.Schema(
        {
            "block_number": pl.UInt32,
            "transaction_index": pl.UInt32,
            "timestamp": pl.Int64,
            "function": pl.String,
            "succeeded": pl.Boolean,
            "reason_what_if": pl.String,
        }
    ),
    "accounts_what_if": pl.Schema(
        {
            "category": pl.String,
            "account": pl.String,
            "balance": AMOUNT,
            "balance_what_if": AMOUNT,
            "difference": AMOUNT,
        }
    ),
    "categories_what_if": pl.Schema(
        {
            "category": pl.String,
            "supply": AMOUNT,
            "supply_what_if": AMOUNT,
            "yield": AMOUNT,
            "yield_what_if": AMOUNT,
        }
    ),
    "bonds_what_if": pl.Schema(
        {
            "category": pl.String,
            "bond_id": pl.UInt32,
            "maturity": pl.Int64,
            "status": pl.String,
            "status_what_if": pl.String,
            "deadline": pl.Int64,
            "deadline_what_if": pl.Int64,
            "expired_at": pl.Int64,
            "expired_at_what_if": pl.Int64,
            "seconds_late": pl.Int64,
            "seconds_late_what_if": pl.Int64,
        }
    ),
    "added_calls": pl.Schema(
        {
            "block_number": pl.UInt32,
            "timestamp": pl.Int64,
            "contract": pl.String,
            "function": pl.String,
            "argument": pl.String,
            "reason": pl.String,
        }
    ),
    "keepers_what_if": pl.Schema(
        {
            "sender": pl.String,
            "calls": pl.UInt32,
            "calls_what_if": pl.UInt32,
            "outlay": AMOUNT,
            "outlay_what_if": AMOUNT,
            REIMBURSED: AMOUNT,
            f"{REIMBURSED}_what_if": AMOUNT,
        }
    ),
}
"""Every table of a what-if."""
