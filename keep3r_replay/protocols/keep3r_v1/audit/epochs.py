"""Which helper was in force: by the transactions' inputs, or by the payments, which are its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.replay.evaluations import fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment

AHEAD = 3
"""Payments ahead that decide between helpers that fit one alike."""

WORK = "work"


def fitting(payment: Payment) -> tuple[str, ...]:
    """Helpers of which a work is an image with plausible gas."""
    return tuple(helper for helper in payment.evaluations.helpers() if _fits(payment, helper))


def _fits(payment: Payment, helper: str) -> bool:
    if payment.kind != WORK:
        return False
    if helper == payment.helper and payment.evaluations.waiting:
        # Others wait because it is an image of this one.
        return True
    seen = payment.evaluations.of(helper)
    return seen is not None and fits(seen, payment.bound)


def _tells(payment: Payment) -> bool:
    """Whether a work is an image of any helper."""
    if payment.kind != WORK:
        return False
    # Others wait to be looked at where the payment is an image of the helper in force.
    return bool(payment.evaluations.waiting) or bool(fitting(payment))


def _most_voted(names: Sequence[str], following: Sequence[Payment]) -> tuple[str, int]:
    """The helper of `names` that fits most of the payments ahead, and how many."""
    votes = {name: sum(_fits(each, name) for each in following) for name in names}
    best = max(names, key=votes.__getitem__)
    return best, votes[best]


def helpers_by_payments(payments: Sequence[Payment], telling: Sequence[int] | None = None) -> list[str]:
    """The helper in force at each payment, as far as works show it; empty while none has shown it yet.

    A helper stays in force while it fits. Where it does not, the one that fits most of the next three takes over:
    chance fits one payment, but not a run of them. Payments that no helper fits decide nothing. `telling` are the
    places of those that some helper fits, where they are known already.
    """
    if telling is None:
        telling = [place for place, payment in enumerate(payments) if _tells(payment)]
    order = {place: number for number, place in enumerate(telling)}
    present = ""
    found: list[str] = []
    for place, payment in enumerate(payments):
        # Others wait because it is an image of this one: the case that a history is full of.
        if payment.helper == present and payment.evaluations.waiting:
            found.append(present)
            continue
        if place in order and not _fits(payment, present):
            following = telling[order[place] + 1 : order[place] + 1 + AHEAD]
            present, _ = _most_voted(fitting(payment), [payments[each] for each in following])
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
    telling = [place for place, payment in enumerate(payments) if _tells(payment)]
    by_payments = helpers_by_payments(payments, telling)
    order = {place: number for number, place in enumerate(telling)}
    found: list[Named] = []
    overridden = former = ""
    last = Named("", "")
    for place, payment in enumerate(payments):
        if payment.helper != former:
            overridden, former = "", payment.helper
        if not overridden and payment.evaluations.waiting:
            if last != (former, by_payments[place]):
                last = Named(former, by_payments[place])
            found.append(last)
            continue
        present = overridden or payment.helper
        if present and place in order and not _fits(payment, present):
            run = [payments[each] for each in telling[order[place] : order[place] + 1 + AHEAD]]
            if len(run) > AHEAD and not any(_fits(each, present) for each in run):
                best, votes = _most_voted(fitting(payment), run)
                overridden = best if votes >= AHEAD else overridden
        found.append(Named(overridden or payment.helper or by_payments[place], by_payments[place]))
    return found
