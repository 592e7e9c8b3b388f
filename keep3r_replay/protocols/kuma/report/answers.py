"""What the page of KUMA leads with: what lateness cost, whom, by which bond, and who held more for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.kuma.audit.bonds import STILL_LATE
from keep3r_replay.protocols.kuma.report.late import by_buyer, ordered, short, whole
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.frame import Answer
from keep3r_replay.report.html import text, when
from keep3r_replay.report.tables import table
from keep3r_replay.report.times import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOLD = 10
"""Late bonds that are told in words."""
_HUNDREDTH = 10**16
_CLONED = {
    (True, True): ", which came back as a larger clone",
    (False, True): " and got the bond, where an expiry in time would have left a clone",
    (True, False): " and got a clone, where an expiry in time would have left the bond",
}


def answered(summary: dict[str, Any], late: pl.DataFrame, holders: pl.DataFrame) -> list[Answer]:
    """Answers to what a holder, a buyer and an auditor ask first; amounts are KIBT against the last second of grace."""
    bought, waiting = parted(late)
    given = [_cost(summary["late_expiries"])]
    if bought.height:
        given += [_who(bought), _dearest(ordered(bought)[0])]
    given += [_gain(bought, holders), _waiting(waiting), _agreement(summary)]
    return given


def parted(late: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Late bonds that somebody bought, and those that wait."""
    is_waiting = pl.col("status").is_in(sorted(STILL_LATE))
    return late.filter(~is_waiting), late.filter(is_waiting)


def _cost(sums: dict[str, Any]) -> Answer:
    purchases, exact = sums["purchases"], sums["clean_grace"]
    if not purchases:
        return Answer("lateness cost buyers", "nothing", "No bond was bought after a late expiry.", "good")
    grace, strict = (int(sums[f"excess_{world}_all"]) for world in ("grace", "strict"))
    bounds = f" {purchases - exact:,} of the figures are bounds: other transactions would have gone another way."
    return Answer(
        "lateness cost buyers",
        f"{_kibt(grace)} KIBT",
        f"{_bonds(purchases)} bought late took so much more KIBT than with an expiry in the last second of grace; "
        f"{_kibt(strict)} more than with one at maturity.{bounds * (exact < purchases)}",
        "bad" if grace else "",
    )


def _who(bought: pl.DataFrame) -> Answer:
    (buyer, most), *others = by_buyer(bought)
    rest = sum(sums.grace for _, sums in others)
    said = f"{short(buyer)} burned so much too much for {_bonds(most.bonds)}"
    return Answer(
        "who paid most",
        f"{_kibt(most.grace)} KIBT",
        f"{said}; {len(others):,} more buyer{'s' * (len(others) > 1)} {_kibt(rest)}."
        if others
        else f"{said}, and nobody else paid.",
    )


def _dearest(row: dict[str, Any]) -> Answer:
    return Answer(f"dearest bond: {row['category']} {row['bond_id']}", f"{_kibt(row['excess_grace'])} KIBT", told(row))


def told(row: dict[str, Any]) -> str:
    """What became of one late bond that was bought, and what that cost its buyer; markup."""
    came = "never expired, bought" if row["expired_at"] is None else "expired"
    clone = _CLONED.get((bool(row["clone_actual"]), bool(row["clone_grace"])), "")
    buyer = short(row["buyer"])
    if row["excess_grace"] is None:
        paid = f"in time, {buyer} could not have bought it"
    else:
        paid = f"{buyer} burned {_kibt(row['excess_grace'])} KIBT too much{clone}"
    return f"Due by {when(row['deadline'])}, {came} {duration(row['seconds_late'])} late: {paid}."


def _gain(bought: pl.DataFrame, holders: pl.DataFrame) -> Answer:
    rows = sorted(
        bought.filter(pl.col("clean_grace")).to_dicts(),
        key=lambda row: (-int(row["supply_excess_grace"]), row["bond_id"]),
    )
    if not rows or rows[0]["supply_excess_grace"] <= 0:
        return Answer("holders had more", "nothing", "No late expiry left holders with more KIBT.")
    row = rows[0]
    most = max(_of(holders, row), key=lambda each: (each["gain_grace"], each["account"]))
    return Answer(
        "holders had more, at most",
        f"{_kibt(row['supply_excess_grace'])} KIBT",
        f"So much more did all holders of {text(row['category'])} hold together, just before its bond {row['bond_id']} "
        f"was bought; of it {short(most['account'])} {_kibt(most['gain_grace'])}.",
    )


def _waiting(waiting: pl.DataFrame) -> Answer:
    if waiting.is_empty():
        return Answer("late by now", "none", "No bond in a reserve is past its deadline without an expiry.", "good")
    so_far, a_day = (sum(int(each or 0) for each in waiting[name]) for name in ("cost_so_far_grace", "cost_per_day"))
    return Answer(
        "late by now",
        _bonds(waiting.height),
        f"Their buyers would burn {_kibt(so_far)} KIBT too much today, and {_kibt(a_day)} more for each day to come.",
        "bad",
    )


def _agreement(summary: dict[str, Any]) -> Answer:
    events, readings = summary["events"], summary["readings"]
    wrong = events["mismatched"] + readings["mismatched"]
    logs = counted(events["matched"], "log is", "logs are")
    said = f"{logs} as the contracts' rules give, {counted(readings['compared'], 'reading')} compared"
    if summary["verdict"] == "clean":
        return Answer("is the history right?", "to the wei", f"{said}, none differs.", "good")
    return Answer("is the history right?", "no", f"{said}, {wrong:,} differ: see the findings.", "bad")


def cases(late: pl.DataFrame, holders: pl.DataFrame) -> str:
    """The dearest late bonds, one sentence for who paid and one for who gained."""
    bought, _ = parted(late)
    rows = ordered(bought)[:_TOLD]
    if not rows:
        return ""
    items = "".join(
        f"<li><strong>{text(row['category'])} {row['bond_id']}</strong>. {told(row)} {_gained(row, holders)}</li>"
        for row in rows
    )
    first = f"The {len(rows)} dearest of {bought.height:,}" if bought.height > len(rows) else f"All {len(rows)}"
    return (
        f"<h2>What lateness cost, bond by bond</h2><p>{first}, in KIBT, against an expiry in time.</p><ul>{items}</ul>"
    )


def _gained(row: dict[str, Any], holders: pl.DataFrame) -> str:
    """What holders had more; where other transactions would have gone another way, what they moved hides it."""
    changed, excess = row["changed_transactions_grace"], int(row["supply_excess_grace"])
    if not row["clean_grace"]:
        others = f"{changed:,} other transaction{'s' if changed > 1 else ''}"
        return f"A bound, for {others} would have gone another way; what holders gained is not told apart from that."
    if excess == 0:
        return "Just before, holders had as much as they would have had."
    side = "more" if excess > 0 else "less"
    most = sorted(_of(holders, row), key=lambda each: (-abs(each["gain_grace"]), each["account"]))[:1]
    of_it = "".join(f", of it {short(each['account'])} {_kibt(each['gain_grace'])}" for each in most)
    return f"Just before, all holders together had {_kibt(abs(excess))} {side}{of_it}."


def gainers(late: pl.DataFrame, holders: pl.DataFrame) -> str:
    """The largest gain of every account, and by which bond; of cases in which no other transaction changes."""
    clean = late.filter(pl.col("clean_grace")).select("risk_category", "bond_id")
    holders = holders.join(clean, on=["risk_category", "bond_id"], how="semi", maintain_order="left")
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in holders.iter_rows(named=True):
        key = row["category"], row["account"]
        if key not in best or (row["gain_grace"], -row["bond_id"]) > (best[key]["gain_grace"], -best[key]["bond_id"]):
            best[key] = row
    rows = [
        (
            short(row["account"]),
            text(row["category"]),
            str(row["bond_id"]),
            whole(row["gain_grace"]),
            whole(row["balance"]),
        )
        for row in sorted(best.values(), key=lambda each: (-each["gain_grace"], each["category"], each["account"]))
    ]
    if not rows:
        return ""
    headers = ("holder", "category", "by bond", "more than in time, KIBT", "of a balance of, KIBT")
    return (
        "<h3>Who gained</h3><p>Just before a late bond was bought; the most that each account gained by one bond, "
        "where no other transaction would have gone another way. Gains by several bonds overlap, so they are not "
        "added up; below zero: it had less.</p>"
        + table(headers, rows, frozenset({2, 3, 4}), file="late_holders.parquet")
    )


def _of(holders: pl.DataFrame, row: dict[str, Any]) -> Sequence[dict[str, Any]]:
    own = (pl.col("risk_category") == row["risk_category"]) & (pl.col("bond_id") == row["bond_id"])
    return holders.filter(own).to_dicts()


def _kibt(wei: object) -> str:
    """KIBT in hundredths; what is less than one of them with all its digits."""
    amount = int(str(wei))
    return tokens(amount) if amount == 0 or abs(amount) >= _HUNDREDTH else tokens(amount, 18).rstrip("0")


def _bonds(count: int) -> str:
    return f"{count:,} bond{'' if count == 1 else 's'}"
