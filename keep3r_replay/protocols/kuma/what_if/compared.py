"""Two worlds beside each other: the tables and the numbers of a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.audit.bond_tables import judge
from keep3r_replay.protocols.kuma.audit.bonds import STILL_LATE, TO_RERUN, BondBook
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, total_supply
from keep3r_replay.protocols.kuma.what_if.outcome import Bought
from keep3r_replay.protocols.kuma.what_if.reimbursed import keeper_rows, reimbursed
from keep3r_replay.protocols.kuma.what_if.rows import (
    REIMBURSED,
    AccountRow,
    AddedCallRow,
    BondRow,
    CategoryRow,
    ChangedRow,
    KeeperRow,
    PurchaseRow,
)
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.contract.state import Category
    from keep3r_replay.protocols.kuma.what_if.changes import Changes
    from keep3r_replay.protocols.kuma.what_if.history import Step
    from keep3r_replay.protocols.kuma.what_if.outcome import Baseline, World


def tables(baseline: Baseline, world: World, changes: Changes) -> dict[str, pl.DataFrame]:
    """Both worlds beside each other."""
    names = {name: each.name for name, each in baseline.history.start.categories.items()}
    changed_rows = [
        ChangedRow(
            step.block,
            step.transaction,
            step.timestamp,
            step.calls[-1].function,
            step.succeeded,
            world.reverted.get((step.block, step.transaction), ""),
        )
        for step in changed(baseline, world)
    ]
    added = [
        AddedCallRow(
            step.block,
            step.timestamp,
            call.contract,
            call.function,
            ", ".join(map(str, call.arguments)),
            reason,
        )
        for step, reason in world.added
        for call in step.calls
    ]
    bonds = _bonds(names, baseline.judged, _judged(baseline, world), baseline.history.end)
    return {
        "purchases_what_if": frame(PurchaseRow, _purchases(names, baseline.world, world)),
        "changed_transactions": frame(ChangedRow, changed_rows),
        "accounts_what_if": frame(AccountRow, _accounts(baseline, world)),
        "categories_what_if": frame(CategoryRow, _categories(baseline, world)),
        "bonds_what_if": frame(BondRow, bonds),
        "added_calls": frame(AddedCallRow, added),
        "keepers_what_if": frame(KeeperRow, keeper_rows(baseline, world, changes)),
    }


def changed(baseline: Baseline, world: World) -> list[Step]:
    """Transactions that succeed in one world only; those that the what-if leaves out do not count."""
    return [
        step
        for step in baseline.history.steps
        if ((place := (step.block, step.transaction)) in world.reverted) != (place in baseline.world.reverted)
        and place not in world.taken_out
    ]


def _judged(baseline: Baseline, world: World) -> Sequence[Judged]:
    """Bonds with their deadlines and statuses in a world."""
    if world is baseline.world:
        return baseline.judged
    return judge(BondBook(world.happenings), baseline.history.end)


def late(judged: Sequence[Judged]) -> int:
    """How many bonds are late, or were bought late."""
    return sum(each.status in TO_RERUN | STILL_LATE for each in judged)


def _bonds(names: Mapping[str, str], before: Sequence[Judged], after: Sequence[Judged], end: int) -> list[BondRow]:
    """One row a bond that is sold in either world."""
    old, new = ({(each.story.bond_id, each.story.category): each for each in judged} for judged in (before, after))
    rows: list[BondRow] = []
    for bond_id, category in sorted({*old, *new}):
        was, would = old.get((bond_id, category)), new.get((bond_id, category))
        some = was or would
        assert some is not None
        rows.append(
            BondRow(
                names[category],
                bond_id,
                some.story.bond.maturity,
                was and was.status,
                would and would.status,
                was and was.deadline.late_from,
                would and would.deadline.late_from,
                was and was.expiry and was.expiry.timestamp,
                would and would.expiry and would.expiry.timestamp,
                was and was.seconds_late(end),
                would and would.seconds_late(end),
            )
        )
    return rows


def _purchases(names: Mapping[str, str], before: World, after: World) -> list[PurchaseRow]:
    rows: list[PurchaseRow] = []
    for key in sorted({*before.purchases, *after.purchases}):
        block, transaction, category, bond_id = key
        old, new = before.purchases.get(key), after.purchases.get(key)
        buyer = (old or new or Bought("", 0, has_clone=False)).buyer
        rows.append(
            PurchaseRow(
                block,
                transaction,
                names[category],
                bond_id,
                buyer,
                old.realized if old is not None else None,
                new.realized if new is not None else None,
                old.realized - new.realized if old is not None and new is not None else None,
                old.has_clone if old is not None else None,
                new.has_clone if new is not None else None,
            )
        )
    return rows


def _tokens(baseline: Baseline, world: World) -> list[tuple[Category, Category]]:
    """Every category that has a token, in both worlds at their ends."""
    before, after = baseline.world.kuma, world.kuma
    assert before is not None
    assert after is not None
    return [(each, after.categories[name]) for name, each in before.categories.items() if each.kibt.epoch_length]


def _categories(baseline: Baseline, world: World) -> list[CategoryRow]:
    end = baseline.history.end
    return [
        CategoryRow(
            old.name,
            total_supply(old.kibt, end),
            total_supply(new.kibt, end),
            old.kibt.yield_,
            new.kibt.yield_,
        )
        for old, new in _tokens(baseline, world)
    ]


def _accounts(baseline: Baseline, world: World) -> list[AccountRow]:
    rows: list[AccountRow] = []
    for old, new in _tokens(baseline, world):
        for account in sorted({*old.kibt.base_balances, *new.kibt.base_balances}):
            was, would = (balance_of(each.kibt, account, baseline.history.end) for each in (old, new))
            rows.append(AccountRow(old.name, account, was, would, was - would))
    return rows


def sums(baseline: Baseline, world: World, changes: Changes) -> dict[str, str | int]:
    """Numbers that a sweep compares: KIBT burned, what of it was too much, supply, late bonds, keepers' pay."""
    before, after = baseline.world.purchases, world.purchases
    tokens, end = _tokens(baseline, world), baseline.history.end
    paid, would_be_paid = reimbursed(baseline, world, changes)
    return {
        "purchases": len(before),
        "purchases_what_if": len(after),
        "burned": str(sum(each.realized for each in before.values())),
        "burned_what_if": str(sum(each.realized for each in after.values())),
        "excess": str(sum(each.realized - after[key].realized for key, each in before.items() if key in after)),
        "supply": str(sum(total_supply(old.kibt, end) for old, _ in tokens)),
        "supply_what_if": str(sum(total_supply(new.kibt, end) for _, new in tokens)),
        "late": late(baseline.judged),
        "late_what_if": late(_judged(baseline, world)),
        "changed_transactions": len(changed(baseline, world)),
        "added_calls": len(world.added),
        "added_calls_failed": sum(bool(each.reason) for each in world.added),
        REIMBURSED: str(paid),
        f"{REIMBURSED}_what_if": str(would_be_paid),
    }
