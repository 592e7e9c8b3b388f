"""Undoing a call that the contract refuses: its effects so far must leave no trace."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.arithmetic import Revert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def refusal(kp3r: Keep3rV1, call: Callable[[], None], touched: tuple[str, ...]) -> str | None:
    """The reason with which the contract refuses `call`; None if it would go through. The state stays as it was.

    `touched` are the addresses that the call names, its sender included.
    """
    former, kp3r.collected = kp3r.collected, None
    try:
        with undone(kp3r, touched):
            call()
    except Revert as error:
        return error.name
    finally:
        kp3r.collected = former
    return None


class Savepoint:
    """What a stretch of calls goes back to, unless `keep` lets stand what they did."""

    def __init__(self) -> None:
        self.kept = False

    def keep(self) -> None:
        """Let the calls' effects stand."""
        self.kept = True


@contextmanager
def undone(kp3r: Keep3rV1, touched: tuple[str, ...]) -> Iterator[Savepoint]:
    """A stretch in which calls that name `touched` run, and after which the state is as before, unless it is kept."""
    savepoint = Savepoint()
    names = {*touched, kp3r.address, kp3r.parameters.governance}
    names |= {kp3r.accounts[name].delegate for name in names if name in kp3r.accounts}
    accounts = {name: deepcopy(kp3r.accounts[name]) if name in kp3r.accounts else None for name in names}
    jobs = {name: deepcopy(kp3r.jobs[name]) if name in kp3r.jobs else None for name in names}
    keys = [(a, b, c) for a in touched for b in touched for c in touched]
    provisions = {key: copy(kp3r.provisions[key]) if key in kp3r.provisions else None for key in keys}
    parameters, lists = copy(kp3r.parameters), (kp3r.job_list[:], kp3r.keeper_list[:], kp3r.liquidity_pairs[:])
    accepted, holdings = dict(kp3r.liquidity_accepted), dict(kp3r.holdings)
    sums = kp3r.total_supply, kp3r.total_bonded
    emitted = kp3r.emitted[:]
    try:
        yield savepoint
    finally:
        if not savepoint.kept:
            _put_back(kp3r.accounts, accounts)
            _put_back(kp3r.jobs, jobs)
            _put_back(kp3r.provisions, provisions)
            kp3r.parameters = parameters
            kp3r.job_list, kp3r.keeper_list, kp3r.liquidity_pairs = lists
            kp3r.liquidity_accepted = accepted
            kp3r.holdings.clear()
            kp3r.holdings.update(holdings)
            kp3r.total_supply, kp3r.total_bonded = sums
            kp3r.emitted = emitted


def _put_back(entries: dict[Any, Any], kept: dict[Any, Any]) -> None:
    for key, entry in kept.items():
        if entry is None:
            entries.pop(key, None)
        else:
            entries[key] = entry
