"""Taking a call back that reverts half way, or a whole transaction: what it may have touched, kept before it."""

from __future__ import annotations

from copy import copy
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.state import (
    JOB_AMOUNTS,
    JOB_SETS,
    JOB_VALUES,
    KEEPER_AMOUNTS,
    KEEPER_VALUES,
    Approval,
    Job,
    Keep3r,
    Keeper,
    Unbond,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_LISTS = ("job_list", "keeper_list", "approved_liquidities")
_ROLES = ("disputes", "slashers", "disputers")

_values_of_job, _sets_of_job, _amounts_of_job = (attrgetter(*names) for names in (JOB_VALUES, JOB_SETS, JOB_AMOUNTS))
_values_of_keeper, _amounts_of_keeper = (attrgetter(*names) for names in (KEEPER_VALUES, KEEPER_AMOUNTS))


class Savepoint:
    """State of a contract as it was when this was made; `restore` puts it back.

    Credits that were written down since, and what the rule of expiry remembers, go back with it. Pools stay: whatever
    fails, fails before it reaches them.

    Args:
        keep3r: the contract.
        addresses: jobs and keepers that the call touches; None: all.
        tokens: tokens and liquidities that the addresses may unbond.
        lists: also lists of members, roles, disputes, parameters and balances, which a single call changes last.
    """

    def __init__(
        self,
        keep3r: Keep3r,
        addresses: Collection[str] | None = None,
        tokens: Iterable[str] = (),
        *,
        lists: bool = True,
    ) -> None:
        self._keep3r = keep3r
        self._meter, self._total_bonds = keep3r.gas_meter, keep3r.total_bonds
        jobs, keepers = keep3r.jobs, keep3r.keepers
        self._jobs = [
            (each, _JobKept(jobs[each]) if each in jobs else None)
            for each in (jobs if addresses is None else addresses)
        ]
        self._keepers = [
            (each, _KeeperKept(keepers[each]) if each in keepers else None)
            for each in (keepers if addresses is None else addresses)
        ]
        keys = keep3r.unbonds if addresses is None else [(each, token) for token in tokens for each in addresses]
        self._unbonds = [(key, _UnbondKept(keep3r.unbonds[key]) if key in keep3r.unbonds else None) for key in keys]
        self._approvals = {name: (each.pool, each.is_kp3r_token0, each.tick) for name, each in keep3r.approvals.items()}
        self._lists = _ListsKept(keep3r) if lists else None
        self._is_whole = addresses is None
        self._approved = keep3r.approved_liquidities.values()
        self._mark = None if keep3r.ledger is None else keep3r.ledger.mark()
        held = [kept.job for _, kept in self._jobs if kept is not None] if keep3r.expiry.by_age else []
        self._expiry = keep3r.expiry.savepoint(held)

    def restore(self) -> None:
        """Put everything back."""
        keep3r = self._keep3r
        keep3r.gas_meter, keep3r.total_bonds = self._meter, self._total_bonds
        if self._is_whole:
            _forget_others(keep3r.jobs, {address for address, _ in self._jobs})
            _forget_others(keep3r.keepers, {address for address, _ in self._keepers})
            _forget_others(keep3r.unbonds, {key for key, _ in self._unbonds})
        _put_back(keep3r.jobs, self._jobs)
        _put_back(keep3r.keepers, self._keepers)
        _put_back(keep3r.unbonds, self._unbonds)
        _forget_others(keep3r.approvals, self._approvals)
        for liquidity, values in self._approvals.items():
            keep3r.approvals[liquidity] = Approval(*values)
        if self._lists is not None:
            self._lists.restore()
        elif keep3r.approved_liquidities.values() != self._approved:
            keep3r.approved_liquidities = EnumerableSet(self._approved)
        if keep3r.ledger is not None:
            keep3r.ledger.cut(self._mark or 0)
        keep3r.expiry.restore(self._expiry)


class _JobKept:
    """One job's record, and its values."""

    __slots__ = ("_amounts", "_sets", "_values", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self._values = _values_of_job(job)
        self._sets = [members.values() for members in _sets_of_job(job)]
        self._amounts = [amounts.copy() for amounts in _amounts_of_job(job)]

    def restore(self) -> None:
        for name, value in zip(JOB_VALUES, self._values, strict=True):
            setattr(self.job, name, value)
        for name, members in zip(JOB_SETS, self._sets, strict=True):
            setattr(self.job, name, EnumerableSet(members))
        for name, amounts in zip(JOB_AMOUNTS, self._amounts, strict=True):
            setattr(self.job, name, amounts.copy())


class _KeeperKept:
    """One keeper's record, and its values."""

    __slots__ = ("_amounts", "_keeper", "_values")

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._values = _values_of_keeper(keeper)
        self._amounts = [amounts.copy() for amounts in _amounts_of_keeper(keeper)]

    def restore(self) -> None:
        for name, value in zip(KEEPER_VALUES, self._values, strict=True):
            setattr(self._keeper, name, value)
        for name, amounts in zip(KEEPER_AMOUNTS, self._amounts, strict=True):
            setattr(self._keeper, name, amounts.copy())


class _UnbondKept:
    """One unbonding record, and its values."""

    __slots__ = ("_pending", "_time", "_unbond")

    def __init__(self, unbond: Unbond) -> None:
        self._unbond = unbond
        self._pending, self._time = unbond.pending, unbond.can_withdraw_after

    def restore(self) -> None:
        self._unbond.pending, self._unbond.can_withdraw_after = self._pending, self._time


class _ListsKept:
    """Members, roles, disputes, parameters, and balances of escrows."""

    def __init__(self, keep3r: Keep3r) -> None:
        self._keep3r = keep3r
        self._members = {name: getattr(keep3r, name).values() for name in _LISTS}
        self._roles = {name: dict(getattr(keep3r, name)) for name in _ROLES}
        self._parameters = copy(keep3r.parameters)
        self._balances = dict(keep3r.escrow_balances)
        self._helpers = [(helper, copy(helper.parameters), dict(helper.oracles)) for helper in keep3r.helpers.values()]

    def restore(self) -> None:
        keep3r = self._keep3r
        for name, members in self._members.items():
            if getattr(keep3r, name).values() != members:
                setattr(keep3r, name, EnumerableSet(members))
        for name, holders in self._roles.items():
            setattr(keep3r, name, dict(holders))
        keep3r.parameters = copy(self._parameters)
        keep3r.escrow_balances = dict(self._balances)
        for helper, parameters, oracles in self._helpers:
            helper.parameters, helper.oracles = copy(parameters), dict(oracles)


def _put_back(records: dict[Any, Any], kept: Iterable[tuple[Any, _JobKept | _KeeperKept | _UnbondKept | None]]) -> None:
    for key, record in kept:
        if record is None:
            records.pop(key, None)
        else:
            record.restore()


def _forget_others(records: dict[Any, Any], kept: Collection[Any]) -> None:
    for key in [key for key in records if key not in kept]:
        del records[key]
