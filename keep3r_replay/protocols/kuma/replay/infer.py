"""From a transaction's logs to the calls that left them: each call is known by its last log.

A silent refresh leaves no log, and is not found; everything else that changes state is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.contract.kib_token import previous_epoch
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.kuma.replay.calls import Call, Inferred
from keep3r_replay.protocols.kuma.replay.infer_fees import fee_collector_call, release_end
from keep3r_replay.protocols.kuma.replay.inputs import bond_of
from keep3r_replay.protocols.kuma.replay.observed import REFRESH, Observed, after_refresh, find
from keep3r_replay.protocols.kuma.replay.setters import SETTERS, TOLD

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

Events = Sequence[Observed]


def next_call(kuma: Kuma, events: Events, start: int) -> Inferred:
    """The call that the events from `start` on begin with, by the model's state before it."""
    event = events[start]
    if (event.role, event.event) in TOLD:
        return Inferred(None, start, start + 1, told=True)
    setter = SETTERS.get((event.role, event.event))
    if setter is not None:
        return Inferred(setter(kuma, event), start, start + 1)
    rule = _RULES.get(event.role)
    found = rule(kuma, events, start) if rule is not None else None
    return found if found is not None else Inferred(None, start, start + 1)


# KIBToken


def _kib_token(kuma: Kuma, events: Events, start: int) -> Inferred | None:
    event = events[start]
    category = kuma.category_of(event.contract)
    if event.event == "Approval":
        return _allowance(category, events, start)
    if event.event == "EpochLengthSet":
        return Inferred(
            Call("set_epoch_length", event.contract, "", (event.number("new_epoch_length"),)), start, start + 1
        )
    if event.event == "CumulativeYieldUpdated" and event.number("old_cumulative_yield") == 0:
        return _initialize(category, events, start)
    return _refreshed(kuma, category, events, start) if event.event in {*REFRESH, "Transfer"} else None


def _refreshed(kuma: Kuma, category: Category, events: Events, start: int) -> Inferred | None:
    """A refresh, which may be silent, and what it belongs to."""
    event, end = events[start], after_refresh(events, start)
    following = events[end] if end < len(events) else None
    if following is not None and following.contract == event.contract:
        if following.event == "Transfer":
            return _movement(kuma, category, events, start, end)
        if following.event == "EpochLengthSet" and _refreshes(kuma, category, following.number("new_epoch_length")):
            call = Call("set_epoch_length", event.contract, "", (following.number("new_epoch_length"),))
            return Inferred(call, start, end + 1)
    elif following is not None and following.contract == category.swap.address:
        if following.event == "BondExpired":
            return Inferred(
                Call("expire_bond", following.contract, "", (following.number("token_id"),)), start, end + 1
            )
        if following.event == "DeprecationModeEnabled":
            return Inferred(Call("enable_deprecation_mode", following.contract, ""), start, end + 1)
    return Inferred(Call("refresh_yield", event.contract, ""), start, end)


def _initialize(category: Category, events: Events, start: int) -> Inferred | None:
    end = find(events, start, category.kibt.address, "YieldUpdated")
    length = find(events, start, category.kibt.address, "EpochLengthSet")
    if end < 0 or length < 0:
        return None
    return Inferred(
        Call("initialize", category.kibt.address, "", (events[length].number("new_epoch_length"),)), start, end + 1
    )


def _refreshes(kuma: Kuma, category: Category, epoch_length: int) -> bool:
    """Whether a change of the epoch's length refreshes first."""
    token = category.kibt
    if kuma.rules.epoch_length_has_minimum:
        return epoch_length > 0 and previous_epoch(token, kuma.now) >= kuma.now // epoch_length * epoch_length
    return epoch_length > token.epoch_length


def _allowance(category: Category, events: Events, start: int) -> Inferred:
    """An allowance that a transfer spends, or one that is set."""
    owner, spender, value = events[start].text("owner"), events[start].text("spender"), events[start].number("value")
    end = after_refresh(events, start + 1, category.kibt.address)
    moved = events[end] if end < len(events) else None
    if moved is not None and (moved.contract, moved.event) == (category.kibt.address, "Transfer"):
        spent = category.kibt.allowances.get((owner, spender), 0) - moved.number("amount") == value
        if spent and moved.text("from") == owner:
            arguments = (owner, moved.text("to"), moved.number("amount"))
            return Inferred(Call("transfer_from", category.kibt.address, spender, arguments), start, end + 1)
    return Inferred(Call("approve", category.kibt.address, owner, (spender, value)), start, start + 1)


def _movement(kuma: Kuma, category: Category, events: Events, start: int, at: int) -> Inferred | None:
    """A `Transfer` of KIBT at `at`: minted by a sale, burned by a purchase or a redemption, shared out, or sent."""
    sender, recipient, amount = events[at].text("from"), events[at].text("to"), events[at].number("amount")
    if sender == ZERO_ADDRESS:
        return _sale(category, events, start)
    if recipient == ZERO_ADDRESS:
        return _burned(kuma, category, events, start, at)
    if sender == category.collector.address:
        end = release_end(category, events, start)
        if end > 0:
            return fee_collector_call(category, events, start, end)
    return Inferred(Call("transfer", category.kibt.address, sender, (recipient, amount)), start, at + 1)


# KUMASwap


def _sale(category: Category, events: Events, start: int) -> Inferred | None:
    swap = category.swap.address
    end = find(events, start, swap, "BondSold")
    if end >= 0:
        return Inferred(
            Call("sell_bond", swap, events[end].text("seller"), (events[end].number("token_id"),)), start, end + 1
        )
    for position in range(start, len(events)):
        event = events[position]
        if (event.role, event.event) == ("kuma_bond_token", "Transfer") and event.text("to") == swap:
            charged = position + 1 < len(events) and events[position + 1].event == "FeeCharged"
            call = Call("sell_bond", swap, event.text("from"), (event.number("token_id"),))
            return Inferred(call, start, position + 1 + charged)
    return None


def _burned(kuma: Kuma, category: Category, events: Events, start: int, at: int) -> Inferred | None:
    swap = category.swap.address
    end = find(events, at, swap, "BondBought", "KIBTRedeemed")
    if end >= 0 and events[end].event == "KIBTRedeemed":
        return Inferred(
            Call("redeem_kibt", swap, events[at].text("from"), (events[at].number("amount"),)), start, end + 1
        )
    return _purchase(kuma, category, events, start)


def _purchase(kuma: Kuma, category: Category, events: Events, start: int) -> Inferred | None:
    """A purchase, by its `BondBought`, or by the bond or the clone where that log is missing."""
    swap = category.swap.address
    end = find(events, start, swap, "BondBought")
    if end >= 0:
        token_id, buyer = events[end].number("token_id"), events[end].text("buyer")
        return Inferred(Call("buy_bond", swap, buyer, (token_id,)), start, end + 1)
    buyer = next(
        (
            each.text("from")
            for each in events[start:]
            if each.event == "Transfer" and each.contract == category.kibt.address
        ),
        "",
    )
    for position in range(start, len(events)):
        event = events[position]
        if event.event == "CloneBondIssued" and event.number("parent_id") in category.swap.bond_reserve:
            call, end = Call("buy_bond", swap, buyer, (event.number("parent_id"),)), position + 1
        elif (event.role, event.event) == ("kuma_bond_token", "Transfer") and event.text("from") == swap:
            call, end = Call("buy_bond", swap, buyer, (event.number("token_id"),)), position + 1
        else:
            continue
        if kuma.rules.clone_before_burn and event.event == "CloneBondIssued":
            burned = find(events, position, category.kibt.address, "Transfer")
            end = burned + 1 if burned >= 0 else end
        return Inferred(call, start, end)
    return None


def _swap(kuma: Kuma, events: Events, start: int) -> Inferred | None:
    event = events[start]
    category = kuma.category_of(event.contract)
    if event.event == "MinCouponUpdated":
        return _purchase(kuma, category, events, start)
    if event.event == "BondExpired":
        return Inferred(Call("expire_bond", event.contract, "", (event.number("token_id"),)), start, start + 1)
    if event.event == "DeprecationModeEnabled":
        return Inferred(Call("enable_deprecation_mode", event.contract, ""), start, start + 1)
    if event.event == "BondBought":
        return _purchase(kuma, category, events, start)
    return None


def _collector(kuma: Kuma, events: Events, start: int) -> Inferred | None:
    return fee_collector_call(kuma.category_of(events[start].contract), events, start, start)


# NFTs and stablecoin


def _bond_token(kuma: Kuma, events: Events, start: int) -> Inferred | None:
    event = events[start]
    if event.event != "Transfer":
        return None
    sender, recipient, token_id = event.text("from"), event.text("to"), event.number("token_id")
    following = events[start + 1] if start + 1 < len(events) else None
    if sender == ZERO_ADDRESS:
        if following is None or following.event != "BondIssued":
            return None
        call = Call("issue_bond", event.contract, "", (recipient, bond_of(following.after("token_id"))))
        return Inferred(call, start, start + 2)
    if recipient == ZERO_ADDRESS:
        return Inferred(Call("redeem", event.contract, sender, (token_id,)), start, start + 2)
    if following is not None and following.event == "BondBought" and following.contract == sender:
        return _stable_purchase(events, start, start)
    if sender in kuma.by_contract:
        return None
    return Inferred(Call("nft_transfer_from", event.contract, sender, (sender, recipient, token_id)), start, start + 1)


def _clone_token(kuma: Kuma, events: Events, start: int) -> Inferred | None:
    event = events[start]
    if event.event == "CloneBondIssued":
        category = next(
            (each for each in kuma.categories.values() if event.number("parent_id") in each.swap.bond_reserve),
            None,
        )
        return _purchase(kuma, category, events, start) if category is not None else None
    if event.event != "Transfer":
        return None
    sender, recipient, token_id = event.text("from"), event.text("to"), event.number("token_id")
    if sender == ZERO_ADDRESS:
        following = events[start + 1] if start + 1 < len(events) else None
        return _clone_token(kuma, events, start + 1) if following is not None else None
    if recipient != ZERO_ADDRESS:
        arguments = (sender, recipient, token_id)
        return Inferred(Call("nft_transfer_from", event.contract, sender, arguments), start, start + 1)
    for position in range(start, len(events)):
        claimed = events[position]
        if claimed.event == "BondClaimed":
            claimer = _receiver(events, start, claimed.number("token_id"))
            return Inferred(
                Call("claim_bond", claimed.contract, claimer, (claimed.number("token_id"),)), start, position + 1
            )
    return None


def _receiver(events: Events, start: int, token_id: int) -> str:
    """Who got a bond in this transaction."""
    for event in events[start:]:
        if (event.role, event.event) == ("kuma_bond_token", "Transfer") and event.number("token_id") == token_id:
            return event.text("to")
    return ""


def _stable_purchase(events: Events, start: int, moved: int) -> Inferred:
    bought = events[moved + 1]
    token_id, amount, buyer = bought.number("token_id"), bought.number("paid"), bought.text("buyer")
    call = Call("buy_bond_for_stable_coin", bought.contract, "", (token_id, buyer, amount))
    return Inferred(call, start, moved + 2)


def _stable_coin(_: Kuma, events: Events, start: int) -> Inferred | None:
    """Payment for a bond, or a movement of its own."""
    event, moved = events[start], start
    while moved < len(events) and events[moved].role == "stable_coin":
        moved += 1
    if moved + 1 < len(events) and events[moved].role == "kuma_bond_token" and events[moved + 1].event == "BondBought":
        return _stable_purchase(events, start, moved)
    if event.event == "Approval":
        first, second, amount = event.text("owner"), event.text("spender"), event.number("value")
        following = events[start + 1] if start + 1 < moved else None
        if following is not None and following.event == "Transfer" and following.text("from") == first:
            arguments = (second, first, following.text("to"), following.number("amount"))
            return Inferred(Call("coin_transfer_from", event.contract, second, arguments), start, start + 2)
        return Inferred(Call("coin_approve", event.contract, first, (first, second, amount)), start, start + 1)
    first, second, amount = event.text("from"), event.text("to"), event.number("amount")
    if first == ZERO_ADDRESS:
        return Inferred(Call("coin_mint", event.contract, "", (second, amount)), start, start + 1)
    return Inferred(Call("coin_transfer", event.contract, first, (first, second, amount)), start, start + 1)


_RULES: dict[str, Callable[[Kuma, Events, int], Inferred | None]] = {
    "kib_token": _kib_token,
    "kuma_swap": _swap,
    "fee_collector": _collector,
    "kuma_bond_token": _bond_token,
    "kbc_token": _clone_token,
    "stable_coin": _stable_coin,
}
