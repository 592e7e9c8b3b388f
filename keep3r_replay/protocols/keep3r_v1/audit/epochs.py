"""Which helper was in force: by the transactions' inputs, or by the payments, which are its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment

AHEAD = 3
"""Payments ahead that decide between helpers that fit one alike."""

WORK = "work"


def fitting(payment: Payment) -> tuple[str, ...]:
    """Helpers of which a work is an image with plausible gas, in the deployment's order."""
    if payment.kind != WORK:
        return ()
    return tuple(
        each.helper
        for each in payment.evaluations
        if each.image and each.gas is not None and each.gas > 0 and (payment.bound is None or each.gas <= payment.bound)
    )


def helpers_by_payments(payments: Sequence[Payment]) -> list[str]:
    """The helper in force at each payment, as far as works tell it; empty while none has told it yet.

    A helper stays in force while it fits. Where it does not, the one that fits most of the next three takes over:
    chance fits one payment, but not a run of them. Payments that no helper fits decide nothing.
    """
    fits = [fitting(payment) for payment in payments]
    telling = [place for place, names in enumerate(fits) if names]
    order = {place: number for number, place in enumerate(telling)}
    present = ""
    found: list[str] = []
    for place, names in enumerate(fits):
        if names and present not in names:
            following = telling[order[place] + 1 : order[place] + 1 + AHEAD]
            votes = {name: sum(name in fits[each] for each in following) for name in names}
            present = max(names, key=votes.__getitem__)
        found.append(present)
    return found


class Named(NamedTuple):
    """The helper held to be in force at a payment, and the one that payments alone tell; empty where unknown."""

    in_force: str
    by_payments: str


def helpers_in_force(payments: Sequence[Payment]) -> list[Named]:
    """The helper in force at each payment: by input, unless a run of payments says that an input is missing.

    A helper that no input set takes over where a work, and most of the next three, are its images and none of them is
    an image of the helper by input. It stays until the next input.
    """
    by_payments = helpers_by_payments(payments)
    fits = [fitting(payment) for payment in payments]
    telling = [place for place, names in enumerate(fits) if names]
    order = {place: number for number, place in enumerate(telling)}
    found: list[Named] = []
    overridden = former = ""
    for place, payment in enumerate(payments):
        if payment.helper != former:
            overridden, former = "", payment.helper
        present = overridden or payment.helper
        if present and fits[place] and present not in fits[place]:
            run = telling[order[place] : order[place] + 1 + AHEAD]
            if len(run) > AHEAD and not any(present in fits[each] for each in run):
                votes = {name: sum(name in fits[each] for each in run) for name in fits[place]}
                best = max(votes, key=votes.__getitem__)
                overridden = best if votes[best] >= AHEAD else overridden
        found.append(Named(overridden or payment.helper or by_payments[place], by_payments[place]))
    return found
