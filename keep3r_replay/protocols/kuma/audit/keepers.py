"""Keepers: what every `expireBond` and `refreshYield` cost, what it was good for, and what KUMAKeeper might have paid.

The reimbursement is *reconstructed, not verified*: KUMAKeeper's source is not public, and every term of the formula is
an assumption that can be set.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.audit.rows import KeeperCallRow, KeeperRow, told_bond
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.audit.recorder import CallRow, TokenState
    from keep3r_replay.protocols.kuma.audit.stale import StaleYield
    from keep3r_replay.protocols.kuma.contract.state import Kuma

KEEPERS_CALLS = frozenset({"expire_bond", "refresh_yield"})
NOT_VERIFIED = "reconstructed, not verified"


@dataclass(frozen=True)
class Reimbursement:
    """KUMAKeeper's payment as the documentation describes it; every term is an assumption.

    Attributes:
        overhead: gas beside that of the receipt.
        gas_feed: wei a unit of gas by Chainlink's feed; None: the transaction's own price.
        max_gas_price: wei a unit of gas at most.
        reward: wei beside the gas.
        funds: wei in the contract at the beginning; None: always enough.
    """

    overhead: int = 0
    gas_feed: int | None = None
    max_gas_price: int = 100 * 10**9
    reward: int = 0
    funds: int | None = None

    def of(self, gas_used: int, gas_price: int) -> int:
        """Wei for one call, if the funds suffice."""
        price = gas_price if self.gas_feed is None else self.gas_feed
        return (gas_used + self.overhead) * min(price, self.max_gas_price) + self.reward


class Judgement(NamedTuple):
    """What a keeper's call was good for, and how late it was (seconds; None: it was not)."""

    name: str
    seconds_late: int | None = None


class KeeperCall(NamedTuple):
    """One keeper's call with its judgement."""

    row: CallRow
    judgement: str
    seconds_late: int | None
    outlay: int | None
    reimbursement: int | None


def keeper_calls(
    rows: Sequence[CallRow],
    judged: Sequence[Judged],
    states: Sequence[TokenState],
    stale: Sequence[StaleYield],
    model: Reimbursement,
) -> list[KeeperCall]:
    """Every `expireBond` and `refreshYield`, successful or not, in chain order."""
    deadlines = {(each.story.category, each.story.bond_id): each for each in judged}
    yields: dict[str, list[TokenState]] = {}
    for state in states:
        yields.setdefault(state.category, []).append(state)
    ended = {(each.category, each.until): each for each in stale if each.until is not None}
    funds = model.funds
    found = []
    for row in rows:
        if row.function not in KEEPERS_CALLS:
            continue
        if row.outcome in {"reverted", "mismatch"}:
            judgement = Judgement("failed" if row.outcome == "reverted" else "not as predicted")
        elif row.function == "expire_bond":
            judgement = _expiry(row, deadlines)
        else:
            judgement = _refresh(row, yields.get(row.category, []), ended)
        paid = None
        if row.gas_used is not None and row.gas_price is not None:
            paid = model.of(row.gas_used, row.gas_price) if judgement.name != "failed" else 0
            if funds is not None:
                paid = paid if paid <= funds else 0
                funds -= paid
        outlay = row.gas_used * row.gas_price if row.gas_used is not None and row.gas_price is not None else None
        found.append(KeeperCall(row, *judgement, outlay, paid))
    return found


def _expiry(row: CallRow, deadlines: Mapping[tuple[str, int], Judged]) -> Judgement:
    judged = deadlines.get((row.category, row.bond_id or 0))
    if judged is None:
        return Judgement("not as predicted")
    if any(each[:2] < row.place[:2] for each in judged.story.expired if each >= judged.story.sold[0]):
        return Judgement("repeated")
    late = row.place.timestamp - judged.deadline.late_from
    return Judgement("late", late) if late >= 0 else Judgement("in time")


def _refresh(row: CallRow, states: Sequence[TokenState], ended: Mapping[tuple[str, Place], StaleYield]) -> Judgement:
    """Needless: no log. Useful: another yield since. Accrual: only the cumulative yields moved."""
    if row.outcome == "silent":
        return Judgement("needless")
    position = bisect_left(states, row.place, key=lambda state: state.place)
    before = states[position - 1] if position else None
    after = states[position] if position < len(states) else None
    if before is None or after is None or before.yield_ == after.yield_:
        return Judgement("accrual")
    stale = next(
        (each for (category, until), each in ended.items() if category == row.category and until == row.place), None
    )
    return Judgement("useful", row.place.timestamp - stale.since.timestamp if stale is not None else 0)


def keeper_calls_table(kuma: Kuma, calls: Sequence[KeeperCall]) -> pl.DataFrame:
    """One row a call."""
    return frame(
        KeeperCallRow,
        [
            KeeperCallRow(
                each.row.place.block,
                each.row.place.transaction,
                each.row.place.timestamp,
                kuma.categories[each.row.category].name if each.row.category in kuma.categories else "",
                each.row.category,
                each.row.sender,
                each.row.function,
                *told_bond(each.row.bond_id),
                each.judgement,
                each.row.reason,
                each.seconds_late,
                each.row.gas_used,
                each.row.gas_price,
                each.outlay,
                each.reimbursement,
            )
            for each in calls
        ],
    )


def keepers_table(calls: Sequence[KeeperCall]) -> pl.DataFrame:
    """One row a sender."""
    by_sender: dict[str, list[KeeperCall]] = {}
    for call in calls:
        by_sender.setdefault(call.row.sender, []).append(call)
    return frame(KeeperRow, [_keeper(sender, by_sender[sender]) for sender in sorted(by_sender)])


def _keeper(sender: str, calls: Sequence[KeeperCall]) -> KeeperRow:
    def counted(function: str, *judgements: str, failed: bool = False) -> list[KeeperCall]:
        return [
            each
            for each in calls
            if each.row.function == function
            and (each.judgement == "failed") == failed
            and (not judgements or each.judgement in judgements)
        ]

    def gas(some: Sequence[KeeperCall]) -> int:
        return sum(each.row.gas_used or 0 for each in some)

    expiries, failed_expiries = counted("expire_bond"), counted("expire_bond", failed=True)
    refreshes, failed_refreshes = counted("refresh_yield"), counted("refresh_yield", failed=True)
    return KeeperRow(
        sender,
        len(expiries),
        gas(expiries),
        len(counted("expire_bond", "late")),
        len(failed_expiries),
        gas(failed_expiries),
        len(refreshes),
        gas(refreshes),
        len(counted("refresh_yield", "needless")),
        len(counted("refresh_yield", "useful")),
        len(failed_refreshes),
        gas(failed_refreshes),
        sum(each.outlay or 0 for each in calls),
        sum(each.reimbursement or 0 for each in calls),
    )
