"""What the page of a what-if leads with: what lateness cost or would have cost, and whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.protocols.kuma.audit.keepers import NOT_VERIFIED
from keep3r_replay.protocols.kuma.report.late import short, whole
from keep3r_replay.protocols.kuma.what_if.rows import REIMBURSED
from keep3r_replay.report.frame import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_TELLS_APART = "of those in the history, by going through in one world and failing in the other"


def what_if_answers(outcome: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> list[Answer]:
    """Late bonds, what was burned too much and by whom, what holders have, what keepers are paid back, what fails.

    Args:
        outcome: sums of both worlds.
        tables: of the what-if, where they were kept.
    """
    excess, late, would_be_late = int(outcome["excess"]), outcome["late"], outcome["late_what_if"]
    more = "more were" if excess >= 0 else "fewer were"
    burned = f"{more} burned for the same bonds than would have been; {counted(outcome['purchases'], 'purchase')}"
    supply = int(outcome["supply_what_if"]) - int(outcome["supply"])
    paid, would_be = (int(outcome[f"{REIMBURSED}{end}"]) for end in ("", "_what_if"))
    changed = outcome["changed_transactions"]
    return [
        Answer(
            "burned too much" if excess >= 0 else "burned less",
            f"{whole(abs(excess))} KIBT",
            burned,
            "bad" if excess > 0 else "",
        ),
        *_buyer(tables.get("purchases_what_if")),
        Answer("late bonds", f"{would_be_late:,}", f"in the what-if; {late:,} as it was", _tone(late - would_be_late)),
        Answer(
            "KIBT at the end",
            _signed(supply, "KIBT"),
            f"{whole(outcome['supply'])} as it was, {whole(outcome['supply_what_if'])} in the what-if",
        ),
        Answer(
            "paid back to keepers",
            _signed(would_be - paid, "ETH"),
            f"{whole(paid)} ETH as it was, {whole(would_be)} in the what-if ({NOT_VERIFIED})",
        ),
        Answer("transactions", f"{changed or 'none'} changed", _TELLS_APART),
    ]


def _buyer(purchases: pl.DataFrame | None) -> list[Answer]:
    """Whom it changes most for; nobody, where every price is as it was."""
    sums: dict[str, list[int]] = {}
    rows = [] if purchases is None else purchases.select("buyer", "difference").drop_nulls().iter_rows()
    for buyer, difference in rows:
        if difference:
            sums.setdefault(buyer, []).append(int(difference))
    if not sums:
        return []
    buyer = min(sums, key=lambda each: (-abs(sum(sums[each])), each))
    total = sum(sums[buyer])
    words = "too much" if total > 0 else "less than would have been"
    bonds, buyers = counted(len(sums[buyer]), "bond"), counted(len(sums), "buyer")
    said = f"{short(buyer)} burned so much {words}, for {bonds}; of {buyers}"
    return [Answer("buyer it changes most for", f"{whole(abs(total))} KIBT", said)]


def _signed(wei: int, unit: str) -> str:
    return f"{'+' if wei > 0 else ''}{whole(wei)} {unit}"


def _tone(fewer: int) -> str:
    return "good" if fewer > 0 else "bad" if fewer < 0 else ""
