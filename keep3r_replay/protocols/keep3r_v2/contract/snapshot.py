"""The whole state of a Keep3r contract, its helpers and pools as plain JSON values, in one canonical form.

Entries that equal what an untouched slot holds are left out: storage does not tell them apart either.
"""

from __future__ import annotations

from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.helper import HelperParameters
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
    Parameters,
    TickCache,
    Unbond,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_values_of_job = attrgetter(*JOB_VALUES)
_UNTOUCHED_JOB = _values_of_job(Job())


def dump(keep3r: Keep3r) -> dict[str, Any]:
    """State by name; amounts are int, addresses text, sets lists in the contract's order."""
    return {**dump_contract(keep3r), "pools": {address: pool.dump() for address, pool in keep3r.pools.items()}}


def dump_contract(keep3r: Keep3r) -> dict[str, Any]:
    """`dump` without the pools."""
    jobs = {address: dump_job(job) for address, job in keep3r.jobs.items()}
    keepers = {address: dump_keeper(keeper) for address, keeper in keep3r.keepers.items()}
    return {
        "address": keep3r.address,
        "version": keep3r.version,
        "parameters": asdict(keep3r.parameters),
        "job_list": keep3r.job_list.values(),
        "keeper_list": keep3r.keeper_list.values(),
        "approved_liquidities": keep3r.approved_liquidities.values(),
        "jobs": {address: job for address, job in jobs.items() if job},
        "keepers": {address: keeper for address, keeper in keepers.items() if keeper},
        "unbonds": [
            [address, token, unbond.pending, unbond.can_withdraw_after]
            for (address, token), unbond in sorted(keep3r.unbonds.items())
            if unbond != Unbond()
        ],
        "approvals": {
            liquidity: [approval.pool, approval.is_kp3r_token0, *approval.tick]
            for liquidity, approval in keep3r.approvals.items()
            if approval != Approval()
        },
        "disputes": sorted(keep3r.disputes),
        "slashers": sorted(keep3r.slashers),
        "disputers": sorted(keep3r.disputers),
        "gas_meter": keep3r.gas_meter,
        "total_bonds": keep3r.total_bonds,
        "escrow_balances": [[*holding, balance] for holding, balance in sorted(keep3r.escrow_balances.items())],
        "helpers": {
            address: {**asdict(helper.parameters), "oracles": dict(helper.oracles)}
            for address, helper in keep3r.helpers.items()
        },
    }


def dump_zeros(keep3r: Keep3r) -> dict[str, Any]:
    """What was touched once and holds nothing now, which `dump_contract` leaves out: tables of states have it."""
    jobs = {address: _zeros(job, JOB_AMOUNTS) for address, job in keep3r.jobs.items()}
    keepers = {address: _zeros(keeper, KEEPER_AMOUNTS) for address, keeper in keep3r.keepers.items()}
    return {
        "jobs": {address: names for address, names in jobs.items() if names or not dump_job(keep3r.jobs[address])},
        "keepers": {
            address: names for address, names in keepers.items() if names or not dump_keeper(keep3r.keepers[address])
        },
        "unbonds": sorted(key for key, unbond in keep3r.unbonds.items() if unbond == Unbond()),
    }


def _zeros(holder: Job | Keeper, names: Iterable[str]) -> dict[str, list[str]]:
    """Keys of a job's or keeper's amounts that are 0, by the name of the amount."""
    found = {name: sorted(key for key, amount in getattr(holder, name).items() if not amount) for name in names}
    return {name: keys for name, keys in found.items() if keys}


def load_zeros(keep3r: Keep3r, zeros: dict[str, Any]) -> None:
    """Take over what `dump_zeros` gave of the same contract, after `load_contract`."""
    for address, names in zeros["jobs"].items():
        job = keep3r.jobs.setdefault(address, Job())
        for name, keys in names.items():
            getattr(job, name).update(dict.fromkeys(keys, 0))
    for address, names in zeros["keepers"].items():
        keeper = keep3r.keepers.setdefault(address, Keeper())
        for name, keys in names.items():
            getattr(keeper, name).update(dict.fromkeys(keys, 0))
    for address, token in zeros["unbonds"]:
        keep3r.unbonds[address, token] = Unbond()


def load_contract(keep3r: Keep3r, state: dict[str, Any]) -> None:
    """Take over what `dump_contract` gave of the same contract."""
    keep3r.parameters = Parameters(**state["parameters"])
    keep3r.job_list = EnumerableSet(state["job_list"])
    keep3r.keeper_list = EnumerableSet(state["keeper_list"])
    keep3r.approved_liquidities = EnumerableSet(state["approved_liquidities"])
    keep3r.jobs.clear()
    for address, values in state["jobs"].items():
        keep3r.jobs[address] = _load_job(values)
    keep3r.keepers.clear()
    for address, values in state["keepers"].items():
        keep3r.keepers[address] = _load_keeper(values)
    keep3r.unbonds.clear()
    for address, token, pending, can_withdraw_after in state["unbonds"]:
        keep3r.unbonds[address, token] = Unbond(pending, can_withdraw_after)
    keep3r.approvals.clear()
    for liquidity, (pool, is_kp3r_token0, *tick) in state["approvals"].items():
        keep3r.approvals[liquidity] = Approval(pool, is_kp3r_token0, TickCache(*tick))
    keep3r.disputes = dict.fromkeys(state["disputes"])
    keep3r.slashers = dict.fromkeys(state["slashers"])
    keep3r.disputers = dict.fromkeys(state["disputers"])
    keep3r.gas_meter = state["gas_meter"]
    keep3r.total_bonds = state["total_bonds"]
    keep3r.escrow_balances = {(escrow, token): balance for escrow, token, balance in state["escrow_balances"]}
    for address, values in state["helpers"].items():
        helper = keep3r.helpers[address]
        parameters = dict(values)
        helper.oracles = dict(parameters.pop("oracles"))
        helper.parameters = HelperParameters(**parameters)


def _load_job(values: dict[str, Any]) -> Job:
    job = Job()
    for name, value in values.items():
        if name in JOB_SETS:
            setattr(job, name, EnumerableSet(value))
        elif name in JOB_AMOUNTS:
            getattr(job, name).update(value)
        else:
            setattr(job, name, value)
    return job


def _load_keeper(values: dict[str, Any]) -> Keeper:
    keeper = Keeper()
    for name, value in values.items():
        if isinstance(value, dict):
            getattr(keeper, name).update(value)
        else:
            setattr(keeper, name, value)
    return keeper


def dump_job(job: Job) -> dict[str, Any]:
    """One job's state, without what is zero."""
    values: dict[str, Any] = {
        name: value
        for name, value, untouched in zip(JOB_VALUES, _values_of_job(job), _UNTOUCHED_JOB, strict=True)
        if value != untouched
    }
    values["liquidities"] = job.liquidities.values()
    values["liquidity_amounts"] = _present(job.liquidity_amounts)
    values["tokens"] = job.tokens.values()
    values["token_credits"] = _present(job.token_credits)
    values["token_credits_added_at"] = _present(job.token_credits_added_at)
    return {name: value for name, value in values.items() if value}


def dump_keeper(keeper: Keeper) -> dict[str, Any]:
    """One keeper's state, without what is zero."""
    values: dict[str, Any] = {name: _present(getattr(keeper, name)) for name in KEEPER_AMOUNTS}
    values |= {name: getattr(keeper, name) for name in KEEPER_VALUES}
    return {name: value for name, value in values.items() if value}


def _present(amounts: dict[str, int]) -> dict[str, int]:
    return {key: amount for key, amount in amounts.items() if amount}
