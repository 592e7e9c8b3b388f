"""Things of Keep3r V2 in words, and the colour of each: the same on every chart."""

from __future__ import annotations

from keep3r_replay.report.colours import AMBER, BLUE, GREEN, GREY, INK, OLIVE, PURPLE, SKY, VERMILLION

STORED, REVALUED = "in storage", "in storage, at the price now"
TOTAL = "with what has been mined since"
PERIOD = "one period’s"  # noqa: RUF001 - field names of charts hold no quotes
CREDITS = {STORED: INK, REVALUED: GREY, TOTAL: GREEN, PERIOD: AMBER}
"""A job's credits: what the contract has written, and what its views answer (`jobLiquidityCredits`,
`totalJobCredits`, `jobPeriodCredits`)."""

LEDGER = {
    "minted": ("mined", GREEN),
    "forced": ("forced by governance", OLIVE),
    "migrated": ("migrated", SKY),
    "repriced": ("by new prices", GREY),
    "adopted": ("taken over from the chain", INK),
    "spent": ("spent", BLUE),
    "expired": ("expired", VERMILLION),
    "capped": ("cut off", AMBER),
    "removed": ("removed with liquidity", PURPLE),
}
"""Kinds of a period's entries, in the order in which a waterfall shows them: words and colour."""

BY_FORMULA, OWN_AMOUNT, IN_TOKENS, OPEN = "by the formula", "an own amount", "in tokens", "undetermined"
PAYMENTS = {BY_FORMULA: BLUE, OWN_AMOUNT: PURPLE, OPEN: GREY}
"""Payments of a job in KP3R."""

EARNED, GAS = "earned", "gas paid"
KEEPERS = {EARNED: GREEN, GAS: VERMILLION}


def most_keepers(count: int, one: str = "", many: str = "") -> str:
    """The keepers that a chart shows, with the verb of one and of many: `the 5 keepers who were`."""
    return f"the keeper who {one}".rstrip() if count == 1 else f"the {count:,} keepers who {many}".rstrip()


SIDES = {"baseline": ("baseline", GREY), "what_if": ("what-if", BLUE)}
STATUSES = {"reverted": VERMILLION, "dropped": AMBER, "added": GREEN}
"""What becomes of works in a what-if."""
