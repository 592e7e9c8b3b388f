"""Unbondings whose token nothing has shown yet: guessed, and put right when a later log shows it.

No event names the token of an unbonding. Until a withdrawal, an activation or a slash shows what must have been
unbonded, a guess stands in the model; which guess, is remembered here.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.replay.records import OpenUnbonding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context


def remember(context: Context, keeper: str, token: str, amount: int) -> None:
    """Keep an unbonding whose token was guessed; it is about to be made."""
    due = context.kp3r.now + context.kp3r.parameters.unbond_time
    context.open_unbondings.setdefault(keeper, []).append(OpenUnbonding(token, amount, due))


def settle(context: Context, keeper: str, tokens: list[str], fits: Callable[[], bool]) -> None:
    """Guess otherwise until `fits` holds: as few of the keeper's open unbondings as can be, each for another token.

    What is guessed otherwise is settled. Nothing changes where no other guess fits.
    """
    waiting = context.open_unbondings.get(keeper, [])
    if fits() or not waiting:
        return
    for places, others in _guesses(waiting, tokens):
        for place, other in zip(places, others, strict=True):
            _move(context, keeper, waiting[place], other)
        if fits():
            kept = [each for place, each in enumerate(waiting) if place not in places]
            context.open_unbondings[keeper] = kept
            return
        for place, other in zip(places, others, strict=True):
            _move(context, keeper, waiting[place]._replace(token=other), waiting[place].token)


def withdrawn(context: Context, keeper: str, token: str) -> None:
    """A withdrawal of `token` went through: what was taken to be of it was of it."""
    waiting = context.open_unbondings.get(keeper, [])
    context.open_unbondings[keeper] = [each for each in waiting if each.token != token]


def _guesses(waiting: list[OpenUnbonding], tokens: list[str]) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Which open unbondings to guess otherwise, and for which tokens; single ones first."""
    for count in range(1, min(len(waiting), 3) + 1):
        for places in combinations(range(len(waiting)), count):
            for other in tokens:
                if all(waiting[place].token != other for place in places):
                    yield places, (other,) * count


def _move(context: Context, keeper: str, unbonding: OpenUnbonding, other: str) -> None:
    """Let an unbonding be of another token."""
    kp3r = context.kp3r
    account = kp3r.accounts[keeper]
    for token, change in ((unbonding.token, unbonding.amount), (other, -unbonding.amount)):
        account.bonds[token] += change
        account.partial_unbonding[token] -= change
        kp3r.total_bonded += change if token == kp3r.address else 0
    account.unbondings[other] = max(account.unbondings[other], unbonding.due)
