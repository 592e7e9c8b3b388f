"""The tables `bonds` and `late_expiries`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.audit.bonds import (
    STILL_LATE,
    TO_RERUN,
    BondBook,
    BondStory,
    Deadline,
    deadline,
    status,
)
from keep3r_replay.protocols.kuma.audit.late_expiry import (
    Counterfactual,
    actually_held,
    expired_at,
    price_a_day_later,
    price_at_end,
    state_positions,
)
from keep3r_replay.protocols.kuma.audit.late_rows import LateExpiryRow
from keep3r_replay.protocols.kuma.audit.rows import BondRow
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.audit.token_tables import Pause
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.what_if.history import History


class Judged(NamedTuple):
    """A bond's story with its deadline and status."""

    story: BondStory
    deadline: Deadline
    status: str

    @property
    def expiry(self) -> Place | None:
        """The expiry that counts: the first since the last sale, if the bond was not bought before it."""
        expiry, purchase = self.story.expiry, self.story.purchase
        return None if expiry is not None and purchase is not None and expiry > purchase.place else expiry

    def seconds_late(self, end: int) -> int | None:
        """How long after the deadline the bond was expired; bought, where it never was; or how long by now."""
        if self.status not in TO_RERUN | STILL_LATE:
            return None
        expiry, purchase = self.expiry, self.story.purchase
        when = expiry.timestamp if expiry is not None else purchase.place.timestamp if purchase is not None else end
        return when - self.deadline.late_from


@dataclass(frozen=True)
class LateExpiry:
    """A late bond with its two counterfactuals."""

    judged: Judged
    strict: Counterfactual
    grace: Counterfactual


def judge(book: BondBook, end: int) -> list[Judged]:
    """All bonds ever sold, each with its deadline and status at the history's end."""
    found = []
    for story in book.in_order():
        when = deadline(book.epoch_lengths[story.category], story.bond.maturity)
        found.append(Judged(story, when, status(story, when.late_from, end)))
    return found


def late_bonds(judged: Sequence[Judged]) -> list[Judged]:
    """Every bond whose purchase is to be rerun, and every one that is late and not bought."""
    return [
        each
        for each in judged
        if each.status in STILL_LATE
        or (each.status in TO_RERUN and each.story.purchase is not None and not each.story.purchase.in_stable_coin)
    ]


def late_expiries(history: History, kuma: Kuma, late: Sequence[Judged]) -> tuple[list[LateExpiry], Mapping[int, Kuma]]:
    """What `late_bonds` cost; with the states that this took."""
    times = [(each.story.bond.maturity, each.deadline.late_from - 1) for each in late]
    positions = [
        position
        for each, when in zip(late, times, strict=True)
        for position in state_positions(history, each.story, when)
    ]
    states = history.states_before(positions)
    found = []
    for each, (strict, grace) in zip(late, times, strict=True):
        swap = kuma.categories[each.story.category].swap.address
        worlds = [expired_at(history, states, each.story, swap, when) for when in (strict, grace)]
        found.append(LateExpiry(each, *worlds))
    return found, states


def late_table(
    history: History, kuma: Kuma, states: Mapping[int, Kuma], late: Sequence[LateExpiry], deprecated: Mapping[str, int]
) -> pl.DataFrame:
    """One row a late bond."""
    rows = []
    for each in late:
        judged, story = each.judged, each.judged.story
        purchase, expiry, category = story.purchase, judged.expiry, kuma.categories[story.category]
        now = None if purchase is not None else price_at_end(history, states[len(history.steps)], story)
        later = None if now is None else price_a_day_later(history, states[len(history.steps)], story)
        closed = deprecated.get(story.category)
        excused = expiry is None and closed is not None and closed < judged.deadline.late_from
        rows.append(
            LateExpiryRow(
                category.name,
                story.category,
                story.bond_id,
                judged.status,
                story.bond.maturity,
                judged.deadline.epoch_length,
                judged.deadline.late_from,
                judged.deadline.is_flagged,
                expiry.timestamp if expiry is not None else None,
                purchase.place.timestamp if purchase is not None else None,
                purchase.place.block if purchase is not None else None,
                purchase.buyer if purchase is not None else None,
                judged.seconds_late(history.end),
                purchase.paid if purchase is not None else None,
                purchase.clone_id != 0 if purchase is not None else None,
                "deprecated before the deadline" if excused else "",
                later - now if now is not None and later is not None else None,
                *_world(history, states, story, each.strict, now),
                *_world(history, states, story, each.grace, now),
            )
        )
    return frame(LateExpiryRow, rows)


class _World(NamedTuple):
    """One counterfactual in a row of `late_expiries`: the columns that end in its name."""

    expired_at: int
    realized: int | None
    excess: int | None
    closed_form: int | None
    clone: bool | None
    clone_principal: int | None
    supply_excess: int
    changed_transactions: int
    changed: str
    clean: bool
    cost_so_far: int | None


def _world(
    history: History, states: Mapping[int, Kuma], story: BondStory, world: Counterfactual, now: int | None
) -> _World:
    """The columns of one counterfactual."""
    purchase = story.purchase
    held = actually_held(history, states, story, world.expired_at)
    excess = purchase.paid - world.realized if purchase is not None and world.realized is not None else None
    return _World(
        world.expired_at,
        world.realized if purchase is not None else None,
        excess,
        world.closed_form,
        world.has_clone,
        world.clone_principal,
        held.supply - world.held.supply if held is not None and world.held is not None else 0,
        len(world.changed),
        " ".join(f"{step.block}/{step.transaction}" for step in world.changed),
        not world.changed,
        now - world.realized if now is not None and world.realized is not None else None,
    )


def bonds_table(kuma: Kuma, judged: Sequence[Judged], paused: Mapping[str, Sequence[Pause]], end: int) -> pl.DataFrame:
    """One row a bond ever sold. `paused` are a category's pauses."""
    rows = []
    for each in judged:
        story, bond, expiry, purchase = each.story, each.story.bond, each.expiry, each.story.purchase
        until = purchase.place.timestamp if purchase is not None else end
        waited = None if expiry is None else until - expiry.timestamp
        pauses = paused.get(story.category, ())
        blocked = (
            None
            if expiry is None
            else sum(max(0, min(each.end, until) - max(each.start, expiry.timestamp)) for each in pauses)
        )
        rows.append(
            BondRow(
                kuma.categories[story.category].name,
                story.category,
                story.bond_id,
                each.status,
                bond.coupon,
                bond.principal,
                bond.issuance,
                bond.term,
                bond.maturity,
                each.deadline.epoch_length,
                each.deadline.late_from,
                each.deadline.is_flagged,
                story.sold[-1].timestamp,
                len(story.sold),
                expiry.timestamp if expiry is not None else None,
                len(story.expired),
                purchase.place.timestamp if purchase is not None else None,
                purchase.buyer if purchase is not None else None,
                purchase.paid if purchase is not None else None,
                purchase.in_stable_coin if purchase is not None else None,
                purchase.face if purchase is not None and not purchase.in_stable_coin else None,
                purchase.clone_id or None if purchase is not None else None,
                each.seconds_late(end),
                waited,
                blocked,
            )
        )
    return frame(BondRow, rows)
