"""Calls of the fee collector from their logs: a release, and the changes of payees that release first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.replay.calls import Call, Inferred
from keep3r_replay.protocols.kuma.replay.observed import Observed, after_refresh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import Category

_CHANGES = {
    "PayeeAdded": "add_payee",
    "PayeeRemoved": "remove_payee",
    "ShareUpdated": "update_payee_share",
}


def release_end(category: Category, events: Sequence[Observed], start: int) -> int:
    """Index after the `FeeReleased` that the transfers from `start` on lead to; 0 where they lead to none."""
    position = start
    while position < len(events):
        position = after_refresh(events, position, category.kibt.address)
        if position == len(events):
            return 0
        event = events[position]
        if event.contract == category.collector.address and event.event == "FeeReleased":
            return position + 1
        is_transfer = event.contract == category.kibt.address and event.event == "Transfer"
        if not is_transfer or event.text("from") != category.collector.address:
            return 0
        position += 1
    return 0


def fee_collector_call(category: Category, events: Sequence[Observed], start: int, at: int) -> Inferred:
    """The call whose release, if any, ends before `at`: a change of payees, or the release alone."""
    collector = category.collector.address
    changes = []
    for event in events[at:]:
        if event.contract != collector or event.event not in _CHANGES:
            break
        changes.append(event)
    if not changes:
        released = start == at
        return Inferred(Call("release", collector, ""), start, at + 1 if released else at)
    if len(changes) == 1 or any(each.event == "ShareUpdated" for each in changes):
        change = changes[0]
        return Inferred(Call(_CHANGES[change.event], collector, "", change.values), start, at + 1)
    added = [each for each in changes if each.event == "PayeeAdded"]
    if len(added) == len(changes):
        change = changes[0]
        return Inferred(Call("add_payee", collector, "", change.values), start, at + 1)
    payees, shares = [each.text("payee") for each in added], [each.number("share") for each in added]
    removed = [each.text("payee") for each in changes if each.event == "PayeeRemoved"]
    call = Call("change_payees", collector, "", (payees, shares, removed))
    return Inferred(call, start, at + len(changes))
