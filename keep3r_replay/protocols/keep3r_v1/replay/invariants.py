"""Sums of the contract that no call may change: checked around every call, over those that the call names.

What the contract owns of KP3R is what it owes in credits, bonds, pending bonds and unbondings; all bonds are what
accounts have bonded, with their votes; the supply is what accounts hold. The whole sums are checked at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1

_GIVES = frozenset({"transfer", "transferFrom"})
"""Functions by which KP3R may come to the contract that it owes nobody."""


class Sums(NamedTuple):
    """What some accounts and jobs have of KP3R, in wei, beside the contract's own figures."""

    owed: int
    own: int
    bonded: int
    total_bonded: int
    held: int
    supply: int


def named_by(kp3r: Keep3rV1, arguments: Iterable[object]) -> tuple[str, ...]:
    """Every address that a call with these arguments can change something of."""
    named = (each for each in arguments if isinstance(each, str))
    return tuple(dict.fromkeys((*named, kp3r.address, kp3r.parameters.governance)))


def sums_of(kp3r: Keep3rV1, names: Iterable[str]) -> Sums:
    """The sums over accounts and jobs of these addresses."""
    token = kp3r.address
    owed = bonded = held = 0
    for name in names:
        job, account = kp3r.jobs.get(name), kp3r.accounts.get(name)
        if job is not None:
            owed += job.credits.get(token, 0)
        if account is not None:
            bonds = account.bonds.get(token, 0)
            owed += bonds + account.pending_bonds.get(token, 0) + account.partial_unbonding.get(token, 0)
            bonded += bonds + account.votes
            held += account.balance
    contract = kp3r.accounts.get(token)
    own = contract.balance if contract is not None else 0
    return Sums(owed, own, bonded, kp3r.total_bonded, held, kp3r.total_supply)


def broken(before: Sums, after: Sums, function: str) -> Iterator[tuple[str, int, int]]:
    """Invariants that a call broke: name, by how much the one side changed, and the other."""
    if function.partition("(")[0] not in _GIVES:
        yield "balanceOf(contract)", after.owed - before.owed, after.own - before.own
    yield "totalBonded", after.bonded - before.bonded, after.total_bonded - before.total_bonded
    yield "totalSupply", after.held - before.held, after.supply - before.supply
