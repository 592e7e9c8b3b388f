"""A changed history run: what it comes to, and the history as it was with savepoints on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.audit.place import Place
from keep3r_replay.protocols.kuma.audit.recorder import OF_BONDS, Happening
from keep3r_replay.protocols.kuma.contract.kib_token import previous_epoch
from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase
from keep3r_replay.protocols.kuma.what_if.history import History, run
from keep3r_replay.protocols.kuma.what_if.steps import ADDED, changed_steps, start_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.audit.recorder import CallRow
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.what_if.changes import Changes
    from keep3r_replay.protocols.kuma.what_if.history import Ran, Step

_EVERY = 64
"""Steps between two savepoints of the history as it was."""


class Bought(NamedTuple):
    """A purchase in one world: its buyer, price (wei), and whether it left a clone."""

    buyer: str
    realized: int
    has_clone: bool


class Added(NamedTuple):
    """A transaction that the what-if adds, and why it reverts (empty: it does not)."""

    step: Step
    reason: str


class PurchaseKey(NamedTuple):
    """Which purchase: its block and transaction, the risk category and the bond."""

    block: int
    transaction: int
    category: str
    bond_id: int


@dataclass
class World:
    """What a history came to.

    Attributes:
        purchases: by block, transaction, risk category and bond.
        reverted: reasons of reverts, by block and transaction.
        happenings: what changed the fate of bonds and the epochs, in order.
        added: what the what-if put in.
        taken_out: what it left out, by block and transaction.
        kuma: the model at its end.
    """

    purchases: dict[PurchaseKey, Bought] = field(default_factory=dict)
    reverted: dict[tuple[int, int], str] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    taken_out: frozenset[tuple[int, int]] = frozenset()
    kuma: Kuma | None = None

    def copy(self) -> World:
        """A world that goes on by itself."""
        return World(dict(self.purchases), dict(self.reverted), list(self.happenings))


class Baseline:
    """A history as it was, run once, with savepoints on the way.

    Args:
        history: what happened.
        judged: its bonds.
        keepers: every `expireBond` and `refreshYield` with its gas.
    """

    def __init__(self, history: History, judged: Sequence[Judged], keepers: Sequence[CallRow]) -> None:
        self.history = history
        self.judged = judged
        self.keepers = keepers
        self.savepoints: list[tuple[int, Kuma, World]] = []
        world, kuma = World(), history.start.copy()
        for position in range(0, len(history.steps) + 1, _EVERY):
            self.savepoints.append((position, kuma.copy(), world.copy()))
            kuma = advance(world, kuma, history.steps[position : position + _EVERY])
        world.kuma = kuma
        self.world = world

    def with_changes(self, changes: Changes) -> World:
        """Run the history with changes, from the last savepoint before the first of them.

        Raises `InputError` and `UsageError` as `changed_steps` does.
        """
        if not changes.changes_calls:
            return self.world
        steps = changed_steps(self.history, self.judged, changes)
        same = self._same(steps) if self._starts_alike(changes) else 0
        position, kuma, world = next(each for each in reversed(self.savepoints) if each[0] <= same)
        kuma, world = kuma.copy() if same else start_of(self.history, changes), world.copy()
        world.kuma = advance(world, kuma, steps[position:])
        left = {(step.block, step.transaction) for step in steps}
        world.taken_out = frozenset(
            place for step in self.history.steps if (place := (step.block, step.transaction)) not in left
        )
        return world

    @staticmethod
    def _starts_alike(changes: Changes) -> bool:
        given = (changes.version, changes.staleness_threshold, changes.variable_fee, changes.fixed_fee)
        return all(each is None for each in given)

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
        if step.transaction == ADDED:
            world.added.append(Added(step, ran.reason))
        elif ran.reason:
            world.reverted[step.block, step.transaction] = ran.reason
        _note(world, kuma, ran)
    return kuma


def _note(world: World, kuma: Kuma, ran: Ran) -> None:
    """What the calls of a transaction did to bonds and epochs; none where it reverted."""
    step = ran.step
    for number, (call, result) in enumerate(zip(step.calls, ran.results, strict=False)):
        if call.function not in OF_BONDS:
            continue
        category = kuma.category_of(call.contract)
        name, token = category.risk_category, category.kibt
        place = Place(step.block, step.transaction, number, step.timestamp)
        boundary = previous_epoch(token, step.timestamp)
        world.happenings.append(Happening(place, name, call, result, boundary, token.epoch_length))
        if isinstance(result, Purchase):
            bond_id = call.arguments[0]
            assert isinstance(bond_id, int)
            key = PurchaseKey(step.block, step.transaction, name, bond_id)
            world.purchases[key] = Bought(call.sender, result.realized, result.clone_id != 0)
