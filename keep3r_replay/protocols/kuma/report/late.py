"""The part of the page about late bonds: what each cost, who paid it, what waits, and what a delay costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.kuma.audit.bonds import STILL_LATE
from keep3r_replay.protocols.kuma.report.figures import cost_chart, curve_chart
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.html import address, lasting, text
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.what_if.lateness import Cost
    from keep3r_replay.replay.rooms import Chart

SHOWN = 40


def late_parts(late: pl.DataFrame) -> str:
    """What each late expiry cost, drawn and told, and who paid; then what is late and not bought."""
    bought = late.filter(~pl.col("status").is_in(sorted(STILL_LATE)))
    waiting = late.filter(pl.col("status").is_in(sorted(STILL_LATE)))
    return (
        f"<h2>Late expiries</h2><p>{counted(bought.height, 'bond')} bought late, {waiting.height} late and not "
        "bought. Excess is the KIBT that the buyer burned too much, against an expiry in the last second of grace and "
        "against one at maturity; where transactions changed, it is a bound.</p>"
        + _drawn(cost_chart(ordered(bought)))
        + _bought(bought)
        + _waiting(waiting)
    )


def ordered(late: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows by excess, the dearest first; exact, so that equal pages have equal bytes."""
    rows = late.to_dicts()
    return sorted(rows, key=lambda row: (-_number(row["excess_grace"]), -_number(row["excess_strict"]), row["bond_id"]))


def _number(wei: object) -> int:
    return int(str(wei)) if wei is not None else -1


def whole(wei: object) -> str:
    """An amount in whole tokens, with six decimals; empty where there is none."""
    return "" if wei is None else tokens(int(str(wei)), 6)


def short(whole: str | None) -> str:
    """An address; empty where there is none."""
    return address(whole) if whole else ""


def _bought(late: pl.DataFrame) -> str:
    rows = [
        (
            text(row["category"]),
            str(row["bond_id"]),
            text(row["status"]),
            lasting(row["seconds_late"]),
            whole(row["excess_grace"]),
            whole(row["excess_strict"]),
            whole(row["supply_excess_grace"]),
            text(_clones(row)),
            "yes" if row["clean_grace"] else f"no: {row['changed_transactions_grace']} changed",
            short(row["buyer"]),
        )
        for row in ordered(late)[:SHOWN]
    ]
    headers = ("category", "bond", "status", "late by", "excess, grace", "excess, strict", "all holders, grace")
    if not rows:
        return ""
    return table((*headers, "clone (was/would be)", "clean", "buyer"), rows, frozenset({1, 3, 4, 5, 6})) + _more(
        late.height
    )


def _more(rows: int) -> str:
    return f"<p>and {rows - SHOWN:,} more in late_expiries.parquet</p>" if rows > SHOWN else ""


def _clones(row: dict[str, Any]) -> str:
    words = {True: "clone", False: "bond", None: "none"}
    return f"{words[row['clone_actual']]} / {words[row['clone_grace']]}"


@dataclass
class TooMuch:
    """What a buyer of late bonds burned too much (wei), in each of the two worlds."""

    bonds: int = 0
    grace: int = 0
    strict: int = 0


def by_buyer(late: pl.DataFrame) -> list[tuple[str, TooMuch]]:
    """What every buyer burned too much, the one who paid most first."""
    paid: dict[str, TooMuch] = {}
    for row in late.iter_rows(named=True):
        sums = paid.setdefault(row["buyer"], TooMuch())
        sums.bonds += 1
        sums.grace += int(row["excess_grace"] or 0)
        sums.strict += int(row["excess_strict"] or 0)
    return sorted(paid.items(), key=lambda each: (-each[1].grace, -each[1].strict, each[0]))


def payers(late: pl.DataFrame) -> str:
    """What every buyer burned too much, as a table."""
    rows = [(short(buyer), f"{sums.bonds:,}", whole(sums.grace), whole(sums.strict)) for buyer, sums in by_buyer(late)]
    headers = ("buyer", "late bonds", "burned too much, grace", "burned too much, strict")
    return "<h3>Who paid</h3>" + table(headers, rows, frozenset({1, 2, 3})) if rows else ""


def _waiting(late: pl.DataFrame) -> str:
    rows = [
        (
            text(row["category"]),
            str(row["bond_id"]),
            text(row["status"]),
            lasting(row["seconds_late"]),
            whole(row["cost_so_far_grace"]),
            whole(row["cost_per_day"]),
            whole(row["supply_excess_grace"]),
            "yes" if row["clean_grace"] else f"no: {row['changed_transactions_grace']} changed",
            text(row["excuse"]),
        )
        for row in late.iter_rows(named=True)
    ]
    headers = ("category", "bond", "status", "late by", "cost so far, grace", "a day more", "all holders, grace")
    listed = table((*headers, "clean", "excuse"), rows, frozenset({1, 3, 4, 5, 6}))
    return "<h3>Late and not bought: what the next buyer would burn too much</h3>" + listed if rows else ""


def curve_part(bond: str, costs: Sequence[Cost]) -> str:
    """What a delay costs the buyer of one bond, drawn."""
    return "<h2>What a delay costs</h2>" + drawn(curve_chart(bond, costs))


def _drawn(chart: Chart | None) -> str:
    return "" if chart is None else drawn(chart)
