"""What a late expiry cost: the history run again with the bond expired in time, and the closed form beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.contract.kib_token import (
    balance_of,
    total_supply,
    updated_cumulative,
    updated_previous,
)
from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase, realized_value
from keep3r_replay.protocols.kuma.contract.ray import ray_mul, ray_to_wad
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.replay.transaction import attempt
from keep3r_replay.protocols.kuma.what_if.history import STRANGER, History, Ran, Step, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.kuma.audit.bonds import BondStory, Bought
    from keep3r_replay.protocols.kuma.contract.state import Kuma

_DAY = 86_400


class Held(NamedTuple):
    """A token's supply and all of its balances at one moment (wei)."""

    supply: int
    balances: Mapping[str, int]


class Counterfactual(NamedTuple):
    """The world in which a bond was expired at `expired_at`.

    Attributes:
        expired_at: when (seconds).
        inserted: whether the inserted call went through.
        realized: the purchase's price (wei); None where it fails, or has not happened.
        has_clone: whether the purchase leaves a clone; None where it fails.
        clone_principal: of that clone (wei); None without one.
        held: the token after the last block before the purchase's, at its time; None where that is before the expiry.
        changed: transactions that succeed in one world only, without expiries of the same bond.
        closed_form: the price by the closed form; None where it does not apply.
    """

    expired_at: int
    inserted: bool
    realized: int | None
    has_clone: bool | None
    clone_principal: int | None
    held: Held | None
    changed: tuple[Step, ...]
    closed_form: int | None


def state_positions(history: History, story: BondStory, times: Sequence[int]) -> list[int]:
    """Positions of the steps before which the counterfactuals of a bond need the state."""
    purchase = story.purchase
    end = history.first_of(purchase.place.block) if purchase is not None else len(history.steps)
    return [*(history.first_at(time) for time in times), end]


def expired_at(history: History, states: Mapping[int, Kuma], story: BondStory, swap: str, when: int) -> Counterfactual:
    """Run the history again with one more `expireBond` at `when`, in a block of its own, up to the purchase's block.

    Args:
        history: what happened.
        states: the model before the steps of `state_positions`.
        story: the bond.
        swap: address of its swap.
        when: time of the inserted call (seconds).
    """
    purchase, start = story.purchase, history.first_at(when)
    block = purchase.place.block if purchase is not None else None
    before = history.first_of(block) if block is not None else len(history.steps)
    end = history.first_of(block + 1) if block is not None else before

    # THE INSERTED CALL
    kuma = states[start].copy()
    kuma.now = when
    reason, _, kuma = attempt(kuma, [Call("expire_bond", swap, STRANGER, (story.bond_id,))])

    # EVERYTHING AFTER IT, first up to the purchase's block
    changed: list[Step] = []
    for ran, after in run(kuma, history.steps[start:before]):
        kuma = after
        _note_change(changed, ran, swap, story.bond_id)
    held = _held(history, kuma, story, block, when)
    bought: Purchase | None = None
    for ran, after in run(kuma, history.steps[before:end]):
        kuma = after
        _note_change(changed, ran, swap, story.bond_id)
        if purchase is not None and ran.step[:2] == purchase.place[:2]:
            bought = _purchase(ran, swap, story.bond_id)
    clone = kuma.clones.get(bought.clone_id) if bought is not None and bought.clone_id else None
    return Counterfactual(
        when,
        not reason,
        price_at_end(history, kuma, story) if purchase is None else bought.realized if bought is not None else None,
        None if bought is None else bought.clone_id != 0,
        None if clone is None else clone.principal,
        held,
        tuple(changed),
        closed_form(states[start], story, when, purchase),
    )


def price_a_day_later(history: History, kuma: Kuma, story: BondStory) -> int | None:
    """What it would cost a day after the history's end, if nobody does anything until then."""
    category = kuma.categories[story.category]
    if story.bond_id not in category.swap.bond_reserve:
        return None
    return realized_value(category.kibt, category.swap.base_values[story.bond_id], history.end + _DAY)


def price_at_end(history: History, kuma: Kuma, story: BondStory) -> int | None:
    """What the bond would cost at the history's end (wei); None where it is no more in reserve."""
    category = kuma.categories[story.category]
    if story.bond_id not in category.swap.bond_reserve:
        return None
    return realized_value(category.kibt, category.swap.base_values[story.bond_id], history.end)


def _held(history: History, kuma: Kuma, story: BondStory, block: int | None, when: int) -> Held | None:
    """The token at the last block before the purchase's; at the last of all where there is no purchase."""
    time = history.end if block is None else history.time_before(block)
    if time < when:
        return None
    token = kuma.categories[story.category].kibt
    return Held(
        total_supply(token, time), {account: balance_of(token, account, time) for account in token.base_balances}
    )


def actually_held(history: History, states: Mapping[int, Kuma], story: BondStory, when: int) -> Held | None:
    """The token as it was, at the moment that a counterfactual's is taken."""
    purchase = story.purchase
    block = purchase.place.block if purchase is not None else None
    position = history.first_of(block) if block is not None else len(history.steps)
    return _held(history, states[position], story, block, when)


def closed_form(before: Kuma, story: BondStory, when: int, purchase: Bought | None) -> int | None:
    """The price with an expiry at `when`, from the state before it alone; None without a purchase for KIBT.

    The bond is worth the yield up to the start of the expiry's epoch, and up to the expiry from the next epoch on.
    """
    if purchase is None or purchase.in_stable_coin:
        return None
    category = before.categories[story.category]
    base = category.swap.base_values.get(story.bond_id)
    if base is None:
        return None
    yields = updated_previous(category.kibt, when), updated_cumulative(category.kibt, when)
    return ray_to_wad(ray_mul(base, yields[purchase.boundary >= when]))


def _note_change(changed: list[Step], ran: Ran, swap: str, bond_id: int) -> None:
    """Note a transaction that succeeds in one world only, unless it is an expiry of the same bond."""
    if bool(ran.reason) != ran.step.succeeded:
        return
    own = [
        call
        for call in ran.step.calls
        if (call.function, call.contract, call.arguments) == ("expire_bond", swap, (bond_id,))
    ]
    if not own:
        changed.append(ran.step)


def _purchase(ran: Ran, swap: str, bond_id: int) -> Purchase | None:
    for call, result in zip(ran.step.calls, ran.results, strict=False):
        wanted = (call.function, call.contract, call.arguments) == ("buy_bond", swap, (bond_id,))
        if wanted and isinstance(result, Purchase):
            return result
    return None
