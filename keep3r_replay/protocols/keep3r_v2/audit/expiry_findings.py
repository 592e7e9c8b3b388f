"""What people ask of expiry: credits that were lost, that were spent too late, that outlived their time.

    spent_after_expiry    warning   a payment took credits that the documented rule had expired before
    forced_expired        warning   credits that governance forced were thrown away by a reset
    expiry_postponed      info      an operation moved the job's clock while older credits stayed
    denied_on_paper       info      at a period's end a job holds credits that the contract's view no longer counts
    capped                info      credits above one period's were cut off
    payment_above_period  info      a payment above one period's credits; a warning above twice as much

Amounts are wei. They are facts of the history, not disagreements with the model: the audit's verdict is not theirs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.journal import WARNING
from keep3r_replay.protocols.keep3r_v2.audit.rows import LedgerRow
from keep3r_replay.protocols.keep3r_v2.audit.standing import LastChange
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    CAPPED,
    EXPIRED,
    FORCED,
    MINTED,
    MINTED_RESET,
    SPENT,
    CreditChange,
)
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT
from keep3r_replay.report.amounts import decimal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar
    from keep3r_replay.protocols.keep3r_v2.audit.ledger import Ledger
    from keep3r_replay.protocols.keep3r_v2.audit.steps import Step

INFO = "info"
SPENT_AFTER_EXPIRY = "spent_after_expiry"
FORCED_EXPIRED = "forced_expired"
EXPIRY_POSTPONED = "expiry_postponed"
DENIED_ON_PAPER = "denied_on_paper"
CREDITS_CAPPED = "capped"
PAYMENT_ABOVE_PERIOD = "payment_above_period"
EXPIRY_KINDS = (
    SPENT_AFTER_EXPIRY,
    FORCED_EXPIRED,
    EXPIRY_POSTPONED,
    DENIED_ON_PAPER,
    CREDITS_CAPPED,
    PAYMENT_ABOVE_PERIOD,
)


_EVENT = ("log_index", "block_number", "job")
"""What entries of one event on one job have in common."""


class ExpiryFinding(NamedTuple):
    """One fact: where (block and log of the event; for a period's end, the job's last event before it), when, how much.

    `period_credits` is one period's worth at that time, in wei; `sources` says which credits are meant, by the kind of
    entry that they came from.
    """

    kind: str
    severity: str
    block_number: int
    log_index: int
    timestamp: int
    job: str
    operation: str
    amount: int
    period_credits: int
    sources: str
    reason: str


def expiry_findings(
    ledger: Ledger, entries: pl.DataFrame, steps: Sequence[Step], calendar: Calendar, first: int = 0
) -> list[ExpiryFinding]:
    """All facts, in chain order; of a run that went on, those since, the former one having ended in period `first`.

    Args:
        ledger: the book.
        entries: its table.
        steps: its changes.
        calendar: all periods.
        first: place of the period that a former run ended in.
    """
    found = [*_from_entries(entries), *_postponed(ledger, steps), *_denied(ledger, steps, calendar, first)]
    return sorted(found, key=lambda fact: (fact.timestamp, fact.block_number, fact.log_index, fact.kind, fact.job))


def _from_entries(entries: pl.DataFrame) -> Iterator[ExpiryFinding]:
    """What the entries of one event on one job tell together."""
    taken = entries.lazy().filter(pl.col("kind").is_in([SPENT, EXPIRED, CAPPED]))
    goes_on = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _EVENT).fill_null(value=False)
    expired_before = pl.col("minted_at") <= pl.col("period_start") - pl.col("reward_period_time")
    # Nearly all events are payments out of one lot of which there is nothing to tell.
    told = taken.filter(
        goes_on
        | goes_on.shift(-1, fill_value=False)
        | (pl.col("kind") != SPENT)
        | expired_before
        | (-pl.col("amount") > pl.col("period_credits"))
    )
    rows = told.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).select(LedgerRow._fields).collect()
    groups: dict[tuple[int, int, str], list[LedgerRow]] = {}
    for row in map(LedgerRow._make, rows.iter_rows()):
        groups.setdefault((row.block_number, row.log_index, row.job), []).append(row)
    for group in groups.values():
        yield from _of_event(group)


def _of_event(group: list[LedgerRow]) -> Iterator[ExpiryFinding]:
    spent = [entry for entry in group if entry.kind == SPENT]
    if spent:
        length = spent[0].reward_period_time
        late = [entry for entry in spent if entry.minted_at <= spent[0].period_start - length]
        if late:
            yield _finding(
                SPENT_AFTER_EXPIRY,
                WARNING,
                late,
                f"mined by {late[-1].minted_at}, and so expired by the documented rule "
                f"{spent[0].timestamp - _expiry_time(late[-1].minted_at, length)} s before they were spent",
            )
        paid, one_period = -sum(entry.amount for entry in spent), spent[0].period_credits
        if paid > one_period:
            yield _finding(
                PAYMENT_ABOVE_PERIOD,
                WARNING if paid > 2 * one_period else INFO,
                spent,
                "the payment is above one period's credits"
                if not one_period
                else f"the payment is {decimal(paid, one_period, 3)} times one period's credits",
            )
    forced = [entry for entry in group if entry.kind == EXPIRED and entry.origin == FORCED]
    if forced:
        yield _finding(
            FORCED_EXPIRED, WARNING, forced, "forced credits expire like mined ones, and these were not used"
        )
    capped = [entry for entry in group if entry.kind == CAPPED]
    if capped:
        yield _finding(
            CREDITS_CAPPED, INFO, capped, "settling a job cuts its credits to one period's; the rest is lost"
        )


def _expiry_time(minted_at: int, length: int) -> int:
    """Start of the first period in which the documented rule no longer counts credits mined by `minted_at`."""
    return -(-minted_at // length) * length + length


def _finding(kind: str, severity: str, entries: list[LedgerRow], reason: str) -> ExpiryFinding:
    first = entries[0]
    by_origin: Counter[str] = Counter()
    for entry in entries:
        by_origin[entry.origin] -= entry.amount
    return ExpiryFinding(
        kind,
        severity,
        first.block_number,
        first.log_index,
        first.timestamp,
        first.job,
        first.operation,
        -sum(entry.amount for entry in entries),
        first.period_credits,
        ", ".join(f"{origin} {amount}" for origin, amount in by_origin.items()),
        reason,
    )


def _postponed(ledger: Ledger, steps: Sequence[Step]) -> Iterator[ExpiryFinding]:
    """Where `rewarded_at` moved to now although credits from before were kept."""
    balances = {job: amount for job, (amount, _) in ledger.opening.items()}
    if ledger.former is not None:
        balances = {job: account.lots.total for job, account in ledger.former.accounts[CONTRACT].items()}
    for position, (job, _, change, _) in enumerate(steps):
        older = balances.get(job, 0)
        balances[job] = older + change.amount
        if change.kind not in MINTED or change.kind == MINTED_RESET or change.rewarded_at <= change.rewarded_before:
            continue
        if position + 1 < len(steps):
            next_job, _, following, _ = steps[position + 1]
            if next_job == job and following.kind == CAPPED and _place(following) == _place(change):
                older += following.amount
        if older > 0:
            yield ExpiryFinding(
                EXPIRY_POSTPONED,
                INFO,
                change.block_number,
                change.log_index,
                change.timestamp,
                job,
                change.operation,
                older,
                change.period_credits,
                "",
                f"credits from before keep their place while the job's clock moves on by "
                f"{change.rewarded_at - change.rewarded_before} s"
                + ("; this payment spends them first" if change.operation == "KeeperWork" else ""),
            )


def _place(change: CreditChange) -> tuple[int, int]:
    return change.block_number, change.log_index


def last_change(change: CreditChange) -> LastChange:
    """What is remembered of a job's last change."""
    return LastChange(
        change.block_number, change.log_index, change.operation, change.rewarded_at, change.period_credits
    )


def _denied(ledger: Ledger, steps: Sequence[Step], calendar: Calendar, first: int) -> Iterator[ExpiryFinding]:
    """Jobs at the last second of each period whose reward is a whole period old, which is when views stop counting."""
    former = ledger.former
    by_job: dict[str, list[Step]] = {} if former is None else {job: [] for job in former.last}
    for step in steps:
        by_job.setdefault(step.job, []).append(step)
    for job, changes in by_job.items():
        balance, rewarded_at = ledger.opening.get(job, (0, 0))
        last: LastChange | None = None
        if former is not None and job in former.last:
            last = former.last[job]
            balance, rewarded_at = former.accounts[CONTRACT][job].lots.total, last.rewarded_at
        position = 0
        for place, period in enumerate(calendar.periods[first:-1], start=first):
            while position < len(changes) and changes[position].place <= place:
                change = changes[position].change
                balance += change.amount
                rewarded_at = change.rewarded_at
                last = last_change(change)
                position += 1
            last_second = period.ends_at - 1
            if balance and last is not None and last_second - rewarded_at >= period.length:
                yield ExpiryFinding(
                    DENIED_ON_PAPER,
                    INFO,
                    last.block_number,
                    last.log_index,
                    last_second,
                    job,
                    last.operation,
                    balance,
                    last.period_credits,
                    "",
                    f"the last reward is {last_second - rewarded_at} s old: jobLiquidityCredits tells of a new period",
                )
