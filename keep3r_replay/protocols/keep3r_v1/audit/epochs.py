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


def helpers_by_payments(
    payments: Sequence[Payment],
    telling: Sequence[int] | None = None,
    deciding: set[int] | None = None,
    before: str = "",
) -> list[str]:
    """The helper in force at each payment, as far as works show it; empty while none has shown it yet.

    A helper stays in force while it fits. Where it does not, the one that fits most of the next three takes over:
    chance fits one payment, but not a run of them. Payments that no helper fits decide nothing.

    Args:
        payments: in chain order.
        telling: places of those that some helper fits, where they are known already.
        deciding: takes the places at which what follows has decided.
        before: the helper in force before the first of them.
    """
    if telling is None:
        telling = [place for place, payment in enumerate(payments) if _tells(payment)]
    order = {place: number for number, place in enumerate(telling)}
    present = before
    found: list[str] = []
    for place, payment in enumerate(payments):
        # Others wait because it is an image of this one: the case that a history is full of.
        if payment.helper == present and payment.evaluations.waiting:
            found.append(present)
            continue
        if place in order and not _fits(payment, present):
            following = telling[order[place] + 1 : order[place] + 1 + AHEAD]
            present, _ = _most_voted(fitting(payment), [payments[each] for each in following])
            if deciding is not None:
                deciding.add(place)
        found.append(present)
    return found


class Standing(NamedTuple):
    """What is known after a payment, of which the next one's helper is made; empty before all of them.

    Attributes:
        helper: the one by inputs at that payment.
        by_payments: the one that payments alone tell.
        overridden: the one that payments have put in the place of that by inputs.
    """

    helper: str = ""
    by_payments: str = ""
    overridden: str = ""

    @property
    def in_force(self) -> str:
        """The helper held to be in force at it."""
        return self.overridden or self.helper or self.by_payments


BEGINNING = Standing()
"""What is known before the first payment."""


class Named(NamedTuple):
    """The helper held to be in force at a payment, and the one that payments alone tell; empty where unknown.

    Attributes:
        in_force: the helper.
        by_payments: the one that payments alone tell.
        overridden: see `Standing`.
        tells: whether it is a work that is an image of any helper.
        decides: whether payments after it, as many as `AHEAD`, have decided which helper it is.
    """

    in_force: str
    by_payments: str
    overridden: str = ""
    tells: bool = False
    decides: bool = False


def helpers_in_force(payments: Sequence[Payment], before: Standing = BEGINNING) -> list[Named]:
    """The helper in force at each payment: by input, unless a run of payments says that an input is missing.

    A helper that no input set takes over where a work, and most of the next three, are its images and none of them is
    an image of the helper by input. It stays until the next input. `before` is what is known before the first of them.
    """
    telling = [place for place, payment in enumerate(payments) if _tells(payment)]
    deciding: set[int] = set()
    by_payments = helpers_by_payments(payments, telling, deciding, before.by_payments)
    order = {place: number for number, place in enumerate(telling)}
    found: list[Named] = []
    former, _, overridden = before
    last = Named("", "")
    for place, payment in enumerate(payments):
        if payment.helper != former:
            overridden, former = "", payment.helper
        tells = place in order
        if not overridden and payment.evaluations.waiting:
            if last[:2] != (former, by_payments[place]) or last.tells != tells or last.decides or place in deciding:
                last = Named(former, by_payments[place], "", tells, place in deciding)
            found.append(last)
            continue
        present = overridden or payment.helper
        if present and tells and not _fits(payment, present):
            deciding.add(place)
            run = [payments[each] for each in telling[order[place] : order[place] + 1 + AHEAD]]
            if len(run) > AHEAD and not any(_fits(each, present) for each in run):
                best, votes = _most_voted(fitting(payment), run)
                overridden = best if votes >= AHEAD else overridden
        in_force = overridden or payment.helper or by_payments[place]
        found.append(Named(in_force, by_payments[place], overridden, tells, place in deciding))
    return found


def settled(tells: Sequence[bool], decides: Sequence[bool]) -> int:
    """How many of the first payments have a helper that no later payment changes, by their `Named`.

    What has decided about a payment is all there where so many that tell stand behind it, up to here.
    """
    telling = [place for place, each in enumerate(tells) if each]
    if not telling:
        return len(tells)
    first = telling[max(len(telling) - AHEAD, 0)]
    return next((place for place in range(first, len(decides)) if decides[place]), len(decides))
