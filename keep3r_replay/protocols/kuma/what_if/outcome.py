"""A changed history run, and what it comes to beside the one that was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.kuma.audit.schemas import AMOUNT, rows_frame
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, total_supply
from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase
from keep3r_replay.protocols.kuma.what_if.changes import (
    Changes,
    changed_steps,
    start_of,
    with_epoch_change,
)
from keep3r_replay.protocols.kuma.what_if.history import History, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.what_if.history import Step

_EVERY = 64
"""Steps between two savepoints of the history as it was."""

SCHEMAS: dict[str, pl.Schema] = {
    "purchases_what_if": pl.Schema(
        {
            "block_number": pl.UInt32,
            "transaction_index": pl.UInt32,
            "category": pl.String,
            "bond_id": pl.UInt32,
            "buyer": pl.String,
            "realized": AMOUNT,
            "realized_what_if": AMOUNT,
            "difference": AMOUNT,
            "clone": pl.Boolean,
            "clone_what_if": pl.Boolean,
        }
    ),
    "changed_transactions": pl.Schema(
        {
            "block_number": pl.UInt32,
            "transaction_index": pl.UInt32,
            "timestamp": pl.Int64,
            "function": pl.String,
            "succeeded": pl.Boolean,
            "reason_what_if": pl.String,
        }
    ),
    "accounts_what_if": pl.Schema(
        {
            "category": pl.String,
            "account": pl.String,
            "balance": AMOUNT,
            "balance_what_if": AMOUNT,
            "difference": AMOUNT,
        }
    ),
    "categories_what_if": pl.Schema(
        {
            "category": pl.String,
            "supply": AMOUNT,
            "supply_what_if": AMOUNT,
            "yield": AMOUNT,
            "yield_what_if": AMOUNT,
        }
    ),
}


class Bought(NamedTuple):
    """A purchase in one world: its buyer, price (wei), and whether it left a clone."""

    buyer: str
    realized: int
    has_clone: bool


@dataclass
class World:
    """What a history came to: purchases by place, reasons of reverts by place, and the model at its end."""

    purchases: dict[tuple[int, int, str, int], Bought] = field(default_factory=dict)
    reverted: dict[tuple[int, int], str] = field(default_factory=dict)
    kuma: Kuma | None = None

    def copy(self) -> World:
        """A world that goes on by itself."""
        return World(dict(self.purchases), dict(self.reverted), self.kuma)


class Baseline:
    """A history as it was, run once, with savepoints on the way."""

    def __init__(self, history: History, judged: Sequence[Judged]) -> None:
        self.history = history
        self.judged = judged
        self.swaps = {name: each.swap.address for name, each in history.start.categories.items()}
        self.savepoints: list[tuple[int, Kuma, World]] = []
        world, kuma = World(), history.start.copy()
        for position in range(0, len(history.steps) + 1, _EVERY):
            self.savepoints.append((position, kuma.copy(), world.copy()))
            kuma = advance(world, kuma, history.steps[position : position + _EVERY])
        world.kuma = kuma
        self.world = world

    def with_changes(self, changes: Changes) -> World:
        """Run the history with changes, from the last savepoint before the first of them."""
        history = with_epoch_change(
            self.history, changes, [each.kibt.address for each in self.history.start.categories.values()]
        )
        steps = changed_steps(history, self.judged, self.swaps, changes)
        start = start_of(self.history, changes)
        same = self._same(steps) if self._starts_alike(changes) else 0
        position, kuma, world = next(each for each in reversed(self.savepoints) if each[0] <= same)
        world = world.copy()
        kuma = kuma.copy() if same else start
        if not same:
            world = World()
            position = 0
        world.kuma = advance(world, kuma, steps[position:])
        return world

    @staticmethod
    def _starts_alike(changes: Changes) -> bool:
        return changes.version is None and changes.variable_fee is None and changes.fixed_fee is None

    def _same(self, steps: Sequence[Step]) -> int:
        """How many steps from the beginning are those of the history as it was."""
        for position, (old, new) in enumerate(zip(self.history.steps, steps, strict=False)):
            if old is not new and old != new:
                return position
        return min(len(self.history.steps), len(steps))


def advance(world: World, kuma: Kuma, steps: Sequence[Step]) -> Kuma:
    """Run steps on a model and note what they come to; gives the model after them."""
    for ran, after in run(kuma, steps):
        kuma = after
        step = ran.step
        if ran.reason:
            world.reverted[step.block, step.transaction] = ran.reason
        for call, result in zip(step.calls, ran.results, strict=False):
            if isinstance(result, Purchase):
                bond_id = call.arguments[0]
                assert isinstance(bond_id, int)
                key = (step.block, step.transaction, kuma.by_contract[call.contract], bond_id)
                world.purchases[key] = Bought(call.sender, result.realized, result.clone_id != 0)
    return kuma


def tables(baseline: Baseline, world: World) -> dict[str, pl.DataFrame]:
    """Both worlds beside each other."""
    before, after = baseline.world, world
    assert before.kuma is not None
    assert after.kuma is not None
    names = {name: each.country for name, each in before.kuma.categories.items()}
    return {
        "purchases_what_if": rows_frame(SCHEMAS["purchases_what_if"], _purchases(names, before, after)),
        "changed_transactions": rows_frame(
            SCHEMAS["changed_transactions"],
            [
                (
                    step.block,
                    step.transaction,
                    step.timestamp,
                    step.calls[-1].function,
                    step.succeeded,
                    after.reverted.get((step.block, step.transaction), ""),
                )
                for step in changed(baseline, after)
            ],
        ),
        "accounts_what_if": rows_frame(SCHEMAS["accounts_what_if"], _accounts(before.kuma, after.kuma)),
        "categories_what_if": rows_frame(
            SCHEMAS["categories_what_if"],
            [
                (
                    names[name],
                    total_supply(each.kibt, baseline.history.end),
                    total_supply(after.kuma.categories[name].kibt, baseline.history.end),
                    each.kibt.yield_,
                    after.kuma.categories[name].kibt.yield_,
                )
                for name, each in before.kuma.categories.items()
                if each.kibt.epoch_length
            ],
        ),
    }


def changed(baseline: Baseline, world: World) -> list[Step]:
    """Transactions that succeed in one world only."""
    return [
        step
        for step in baseline.history.steps
        if ((step.block, step.transaction) in world.reverted)
        != ((step.block, step.transaction) in baseline.world.reverted)
    ]


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


def _accounts(before: Kuma, after: Kuma) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for name, category in before.categories.items():
        if not category.kibt.epoch_length:
            continue
        other = after.categories[name].kibt
        for account in sorted({*category.kibt.base_balances, *other.base_balances}):
            old, new = balance_of(category.kibt, account, before.now), balance_of(other, account, before.now)
            rows.append((category.country, account, old, new, old - new))
    return rows


def sums(baseline: Baseline, world: World) -> dict[str, str | int]:
    """Numbers that a sweep compares: KIBT burned for bonds in both worlds, what was paid too much, the supply."""
    both = [key for key in baseline.world.purchases if key in world.purchases]
    assert baseline.world.kuma is not None
    assert world.kuma is not None
    end = baseline.history.end
    supplies = [
        sum(total_supply(each.kibt, end) for each in kuma.categories.values() if each.kibt.epoch_length)
        for kuma in (baseline.world.kuma, world.kuma)
    ]
    return {
        "purchases": len(baseline.world.purchases),
        "purchases_what_if": len(world.purchases),
        "burned": str(sum(each.realized for each in baseline.world.purchases.values())),
        "burned_what_if": str(sum(each.realized for each in world.purchases.values())),
        "excess": str(sum(baseline.world.purchases[key].realized - world.purchases[key].realized for key in both)),
        "supply": str(supplies[0]),
        "supply_what_if": str(supplies[1]),
        "changed_transactions": len(changed(baseline, world)),
    }
