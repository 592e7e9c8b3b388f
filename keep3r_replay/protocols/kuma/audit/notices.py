"""Facts that an auditor wants to know: they are findings of severity `notice`, and leave the verdict as it is.

Kinds:

    late_expiry            a bond was expired at or after its deadline
    late_purchase          a bond that nobody expired was bought after its deadline
    currently_late         a bond is late, and neither expired nor bought
    repeated_expiry        a bond was expired again (v1)
    self_transfer          a transfer to oneself inflated an account (v1)
    epoch_jump             another epoch length moved balances without a refresh
    stale_rate_blocked     a call failed since the rate is stale (v1.1)
    undercollateralised    the reserve is worth less than the supply by more than roundings account for (`shortfall`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.replay.findings import notice
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.times import duration, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from keep3r_replay.journal import Finding
    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.audit.recorder import CallRow
    from keep3r_replay.replay.timeline import Span

_LATE = {
    "late, bought": "late_expiry",
    "late, still in reserve": "late_expiry",
    "never expired, bought late": "late_purchase",
    "never expired, currently late": "currently_late",
}


def bond_notices(judged: Sequence[Judged], late: pl.DataFrame, end: Place) -> list[Finding]:
    """Late bonds with what they cost, and repeated expiries."""
    excess = {
        (row["risk_category"], row["bond_id"]): (row["excess_strict"], row["excess_grace"])
        for row in late.iter_rows(named=True)
    }
    found = []
    for each in judged:
        story = each.story
        name = f"bond {story.bond_id}"
        kind = _LATE.get(each.status)
        if kind is not None:
            place = each.expiry or (story.purchase.place if story.purchase is not None else end)
            strict, grace = excess.get((story.category, story.bond_id), (None, None))
            late_by = each.seconds_late(end.timestamp)
            reason = (
                f"{each.status}, {duration(late_by or 0)} late: its deadline was {moment(each.deadline.late_from)} UTC"
            )
            if strict is not None:
                reason += f"; the buyer burned {tokens(int(strict), 6)} KIBT more than with an expiry at maturity"
                reason += f", {tokens(int(grace), 6)} more than with one in the last second of grace" if grace else ""
            log = place.log_index if place.log_index >= 0 else None
            found.append(notice(place.block, log, name, kind, "seconds_late", late_by, reason))
        found += [
            notice(again.block, again.log_index, name, "repeated_expiry", "expireBond", "again", "the first one counts")
            for before, again in zip(story.expired, story.expired[1:], strict=False)
            if not any(before < sold < again for sold in story.sold)
        ]
    return found


def token_notices(epochs: pl.DataFrame, transfers: pl.DataFrame, calls: Iterable[CallRow]) -> list[Finding]:
    """Jumps, inflations, and calls that a stale rate blocked."""
    found = [
        notice(
            row["block_number"],
            None,
            row["category"],
            "epoch_jump",
            "supply",
            row["jump"],
            f"the epoch length went from {row['before']} to {row['after']} s without a refresh",
        )
        for row in epochs.iter_rows(named=True)
        if not row["is_refreshed"] and row["jump"]
    ]
    found += [
        notice(
            row["block_number"],
            row["log_index"],
            row["account"],
            "self_transfer",
            "balance",
            row["inflation"],
            "a transfer to oneself writes the larger balance last",
        )
        for row in transfers.iter_rows(named=True)
    ]
    found += [
        notice(
            each.place.block,
            None,
            each.contract,
            "stale_rate_blocked",
            each.function,
            each.reason,
            "the rate feed refuses an answer older than its threshold",
        )
        for each in calls
        if each.reason == "ORACLE_ANSWER_IS_STALE"
    ]
    return found


def within(findings: Iterable[Finding], span: Span) -> list[Finding]:
    """Those of the blocks that a replay went over."""
    return [finding for finding in findings if span.holds(finding.block_number)]
