"""What explains the amount of a KeeperWork, and the record of a work: named rows, with the schema of their columns."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

EXACT = "exact"
STALE_GAS = "stale_gas"
INTERVAL = "interval"
"""The payment lies between the bounds that the formula gives for what events leave open."""
TOKEN_PAYMENT = "token_payment"  # noqa: S105 - no password
SOLVED_GAS = "solved_gas"
"""The formula gives the payment with a gas meter that no event logged."""
SILENT_ACCESS = "silent_access"
"""2.0: the formula gives the payment only if a contract accessed a slot of Keep3r before it in a way that leaves no
event."""
OTHER_BONDS = "other_bonds"
"""The formula gives the payment for other bonds of the keeper than the events before it lead to."""
UNEXPLAINED = "unexplained"
"""The formula does not give the payment, so it is the job's own choice, or wrong."""

UNMETERED = "unmetered"
"""Unexplained, where a validation that left no event may have set the gas meter: its measure is not to be had."""
UNPRICED = "unpriced"
"""Unexplained, where the cached price is unknown since a start from views."""
UNFED = "unfed"
"""Unexplained, where the oracle was fed what no log, no input and no reading tells."""
CHOSEN = "chosen"
"""The transaction itself calls `bondedPayment`, so the amount is the job's own choice."""
REFUTED = "refuted"
"""The transaction itself calls `worked`, and the formula gives another amount."""

ASSUMED, GUESSED = "assumed", "guessed"
"""Of a helper or a Keep3r whose code no known version has: the configuration says its version, or its views suggest it,
or the lake does not describe it at all."""

BY_FORMULA = (EXACT, STALE_GAS, INTERVAL)
"""Explanations by the formula, from what events tell."""


class Explained(NamedTuple):
    """What explains a payment: wei, gas and parts of 10,000.

    Attributes:
        explanation: one of the words above.
        computed_payment: the formula's amount, where events tell all of it.
        lowest_payment, highest_payment: its bounds, where they tell a part.
        initial_gas: the gas meter.
        boost: wei of ETH per 10,000 gas.
        one_eth_quote: KP3R for one ETH; on the sidechain for one USD.
        extra_gas: of the helper.
        usd_per_gas_unit: what a sidechain's job asked, wei of USD.
        suspicious: the gas meter is one that no silent validation explains by itself: an event of the transaction
            logged another one, or the keeper passes the plain test.
        obstacle: why the formula has no answer.
        told_here: a log of this transaction set the gas meter.
        choices: how many amounts of gas events leave open, each with bounds of its own.
        off_by: wei between the payment and the nearest amount that the formula gives; None where it gives none.
        price_is_told: the transaction's input tells `usd_per_gas_unit`.
        code: `ASSUMED` or `GUESSED` where no known version has the code that priced the work, empty where one has.
    """

    explanation: str
    computed_payment: int | None = None
    lowest_payment: int | None = None
    highest_payment: int | None = None
    initial_gas: int | None = None
    boost: int | None = None
    one_eth_quote: int | None = None
    extra_gas: int | None = None
    usd_per_gas_unit: int | None = None
    suspicious: bool = False
    obstacle: str = ""
    told_here: bool = False
    choices: int = 1
    off_by: int | None = None
    price_is_told: bool = False
    code: str = ""


class WorkRecord(NamedTuple):
    """One work of a replay: what explains its payment, the job's credits around it in wei, its reward events."""

    explained: Explained
    credits_before: int
    credits_after: int
    rewards: int


_AMOUNT = pl.Decimal(38, 0)

EXPLAINED_SCHEMA = pl.Schema(
    {
        "explanation": pl.String(),
        "computed_payment": _AMOUNT,
        "lowest_payment": _AMOUNT,
        "highest_payment": _AMOUNT,
        "initial_gas": _AMOUNT,
        "boost": _AMOUNT,
        "one_eth_quote": _AMOUNT,
        "extra_gas": _AMOUNT,
        "usd_per_gas_unit": _AMOUNT,
        "suspicious": pl.Boolean(),
        "obstacle": pl.String(),
        "told_here": pl.Boolean(),
        "choices": pl.UInt32(),
        "off_by": _AMOUNT,
        "price_is_told": pl.Boolean(),
        "code": pl.String(),
    }
)
"""Columns of `Explained`."""

RECORD_SCHEMA = pl.Schema({"credits_before": _AMOUNT, "credits_after": _AMOUNT, "rewards": pl.UInt32()})
"""Columns of `WorkRecord` beside those of `Explained`."""

TOKEN = Explained(TOKEN_PAYMENT)
