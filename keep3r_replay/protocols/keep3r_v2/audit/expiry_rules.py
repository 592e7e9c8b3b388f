"""When credits expire, by three rules held against the same history (docs/expiry.md defines them exactly).

    contract     what the code does: a reset throws away all that is left
    documented   what the manual says: at the start of every period, whatever was mined before the last one is gone
    none         nothing ever expires

What was mined, forced and paid is taken as observed in all three; what a quote, a removal, the cap or a migration makes
of the credits is worked out on each rule's own balance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.audit.lots import Lot, Lots
from keep3r_replay.protocols.keep3r_v2.audit.rows import EXPIRY_SUMS, ExpiryRow
from keep3r_replay.protocols.keep3r_v2.audit.standing import Account
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    ADOPTED,
    CAPPED,
    EXPIRED,
    FORCED,
    MIGRATED_IN,
    MIGRATED_OUT,
    MINTED,
    MINTED_LIQUIDITY,
    MINTED_SETTLED,
    REMOVED,
    REPRICED,
    SPENT,
    CreditChange,
)
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT, DOCUMENTED, NONE
from keep3r_replay.report.amounts import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar
    from keep3r_replay.protocols.keep3r_v2.audit.ledger import Ledger
    from keep3r_replay.protocols.keep3r_v2.audit.rows import PeriodRow
    from keep3r_replay.protocols.keep3r_v2.audit.steps import Step

_NAME = {
    **dict.fromkeys(MINTED, "minted"),
    FORCED: "forced",
    REPRICED: "repriced",
    REMOVED: "removed",
    MIGRATED_IN: "migrated",
    MIGRATED_OUT: "migrated",
    ADOPTED: "adopted",
    SPENT: "spent",
    EXPIRED: "expired",
    CAPPED: "capped",
}
_SETTLED = frozenset({MINTED_LIQUIDITY, MINTED_SETTLED})
"""What is mined as a job is settled, after which its credits are cut to one period's."""
_CONTRACTS_OWN = frozenset({EXPIRED, CAPPED})
"""What another rule works out for itself."""
_SHARE_BASE = 10_000


class RuleBook:
    """All jobs by one rule that is not the contract's own."""

    def __init__(self, rule: str, calendar: Calendar) -> None:
        self.rule = rule
        self.rows: list[ExpiryRow] = []
        self._calendar = calendar
        self.accounts: dict[str, Account] = {}
        self._migrating: list[Lot] = []

    def open(self, job: str, amount: int, minted_at: int) -> None:
        """A job that holds `amount` wei, mined by `minted_at`, as the run begins."""
        account = self.accounts.setdefault(job, Account())
        account.lots.add(minted_at, "opening", amount)
        account.opening = amount

    def enter(self, step: Step) -> None:
        """What the rule makes of a change."""
        job, place, change, _ = step
        account = self.accounts.get(job)
        if account is None:
            account = self.accounts[job] = Account()
        self._advance(job, account, place)
        name = _NAME[change.kind]
        difference = self._change(account, change)
        account.sums[name] += difference
        if change.kind == SPENT:
            account.sums["unpaid"] += difference - change.amount

    def settle(self) -> dict[str, Account]:
        """All jobs in the last period of the run, as a later run goes on from them."""
        for job, account in self.accounts.items():
            self._advance(job, account, len(self._calendar.periods) - 1)
        return {
            job: Account(Lots(each.lots.lots, each.lots.next_number), each.place, each.opening, dict(each.sums))
            for job, each in self.accounts.items()
        }

    def close(self) -> Iterator[ExpiryRow]:
        """Rows of `expiries` up to the end of the run, by job and time."""
        for job, account in self.accounts.items():
            self._advance(job, account, len(self._calendar.periods))
        return iter(sorted(self.rows))

    def _advance(self, job: str, account: Account, place: int) -> None:
        """Finish periods until the `place`-th is the present one; what expires at a period's start does so."""
        while account.place < place:
            self._finish(job, account)
            account.place += 1
            if self.rule == DOCUMENTED and account.lots.lots and account.place < len(self._calendar.periods):
                period = self._calendar.periods[account.place]
                gone = account.lots.take_until(period.start - period.length)
                account.sums["expired"] -= sum(lot.amount for lot in gone)

    def _finish(self, job: str, account: Account) -> None:
        sums = account.sums
        closing = account.lots.total
        if account.opening or any(sums.values()):
            period = self._calendar.periods[account.place]
            share = wasted_share(sums)
            self.rows.append(
                ExpiryRow(
                    job,
                    period.start,
                    period.begins_at,
                    period.ends_at,
                    self.rule,
                    account.opening,
                    **sums,
                    closing=closing,
                    wasted_share=share,
                )
            )
            account.sums = dict.fromkeys(EXPIRY_SUMS, 0)
        account.opening = closing

    def _change(self, account: Account, change: CreditChange) -> int:
        """Apply a change to the lots; how much the balance changed, in wei."""
        lots, kind, before = account.lots, change.kind, account.lots.total
        if kind in MINTED or kind == FORCED or (kind == ADOPTED and change.amount > 0):
            lots.add(change.rewarded_at, kind, change.amount)
        elif kind == MIGRATED_IN:
            for lot in self._migrating:
                lots.add(lot.minted_at, lot.origin, lot.amount)
        elif kind == MIGRATED_OUT:
            self._migrating = lots.take(before)
        elif kind == REPRICED:
            lots.rescale(before * change.numerator // change.denominator)
        elif kind == REMOVED:
            lots.rescale(before - min(before, before * change.numerator // change.denominator))
        elif kind not in _CONTRACTS_OWN:
            lots.take(-change.amount)
        difference = lots.total - before
        if kind in _SETTLED:
            account.sums["capped"] -= sum(lot.amount for lot in lots.take(lots.total - change.period_credits))
        return difference


def contract_rows(periods: Sequence[PeriodRow]) -> Iterator[ExpiryRow]:
    """Rows of `expiries` of the contract's own rule: those of the periods, with kinds summed up."""
    for period in periods:
        moved: dict[str, int] = period._asdict()
        sums = dict.fromkeys(EXPIRY_SUMS, 0)
        for kind, name in _NAME.items():
            sums[name] += moved[kind]
        share = wasted_share(sums)
        yield ExpiryRow(
            period.job,
            period.period_start,
            period.begins_at,
            period.ends_at,
            CONTRACT,
            period.opening,
            **sums,
            closing=period.closing,
            wasted_share=share,
        )


def wasted_share(sums: Mapping[str, int]) -> int | None:
    """What expired or was capped, in parts of 10,000 of that and what was spent; None where neither happened."""
    wasted = -sums["expired"] - sums["capped"]
    used = wasted - sums["spent"]
    return rounded(wasted * _SHARE_BASE, used) if used else None


def expiry_rows(
    ledger: Ledger, steps: Sequence[Step], calendar: Calendar, periods: Sequence[PeriodRow]
) -> tuple[list[ExpiryRow], dict[str, dict[str, Account]]]:
    """Rows of `expiries` for every rule, and all jobs by each but the contract's own in the last period.

    `periods` are the ledger's, `steps` its changes. Of a run that went on, rows are those of the periods since the
    former one's last.
    """
    rows = list(contract_rows(periods))
    standing = {}
    for rule in (DOCUMENTED, NONE):
        book = RuleBook(rule, calendar)
        if ledger.former is not None:
            book.accounts = dict(ledger.former.accounts.get(rule, {}))
        for job, (amount, minted_at) in ledger.opening.items():
            book.open(job, amount, minted_at)
        for step in steps:
            book.enter(step)
        standing[rule] = book.settle()
        rows += book.close()
    return rows, standing
