"""Two worlds beside each other: the tables and the numbers of a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.audit.bond_tables import judge
from keep3r_replay.protocols.kuma.audit.bonds import STILL_LATE, TO_RERUN, BondBook
from keep3r_replay.protocols.kuma.audit.schemas import rows_frame
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, total_supply
from keep3r_replay.protocols.kuma.what_if.outcome import Bought
from keep3r_replay.protocols.kuma.what_if.reimbursed import keeper_rows, reimbursed
from keep3r_replay.protocols.kuma.what_if.schemas import REIMBURSED, SCHEMAS

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
    rows: dict[str, Sequence[tuple[object, ...]]] = {
        "purchases_what_if": _purchases(names, baseline.world, world),
        "changed_transactions": [
            (
                step.block,
                step.transaction,
                step.timestamp,
                step.calls[-1].function,
                step.succeeded,
                world.reverted.get((step.block, step.transaction), ""),
            )
            for step in changed(baseline, world)
        ],
        "accounts_what_if": _accounts(baseline, world),
        "categories_what_if": _categories(baseline, world),
        "bonds_what_if": _bonds(names, baseline.judged, _judged(baseline, world), baseline.history.end),
        "added_calls": [
            (
                step.block,
                step.timestamp,
                call.contract,
                call.function,
                ", ".join(map(str, call.arguments)),
                reason,
            )
            for step, reason in world.added
            for call in step.calls
        ],
        "keepers_what_if": keeper_rows(baseline, world, changes),
    }
    return {name: rows_frame(SCHEMAS[name], each) for name, each in rows.items()}


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


def _bonds(
    names: Mapping[str, str], before: Sequence[Judged], after: Sequence[Judged], end: int
) -> list[tuple[object, ...]]:
    """One row a bond that is sold in either world."""
    worlds = [{(each.story.category, each.story.bond_id): each for each in judged} for judged in (before, after)]
    rows: list[tuple[object, ...]] = []
    for key in sorted({*worlds[0], *worlds[1]}, key=lambda each: each[::-1]):
        pair = [world.get(key) for world in worlds]
        some = next(each for each in pair if each is not None)
        rows.append(
            (
                names[key[0]],
                key[1],
                some.story.bond.maturity,
                *(each.status if each is not None else None for each in pair),
                *(each.deadline.late_from if each is not None else None for each in pair),
                *(each.expiry.timestamp if each is not None and each.expiry is not None else None for each in pair),
                *(each.seconds_late(end) if each is not None else None for each in pair),
            )
        )
    return rows


def _purchases(names: Mapping[str, str], before: World, after: World) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for key in sorted({*before.purchases, *after.purchases}):
        block, transaction, category, bond_id = key
        old, new = before.purchases.get(key), after.purchases.get(key)
        buyer = (old or new or Bought("", 0, has_clone=False)).buyer
        rows.append(
            (
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


def _categories(baseline: Baseline, world: World) -> list[tuple[object, ...]]:
    end = baseline.history.end
    return [
        (
            old.name,
            total_supply(old.kibt, end),
            total_supply(new.kibt, end),
            old.kibt.yield_,
            new.kibt.yield_,
        )
        for old, new in _tokens(baseline, world)
    ]


def _accounts(baseline: Baseline, world: World) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for old, new in _tokens(baseline, world):
        for account in sorted({*old.kibt.base_balances, *new.kibt.base_balances}):
            was, would = (balance_of(each.kibt, account, baseline.history.end) for each in (old, new))
            rows.append((old.name, account, was, would, was - would))
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
