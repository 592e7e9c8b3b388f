"""A Keep3r contract's state from what it answered after a block, for a replay that starts there.

Storage values are taken where the readings hold them. Where they hold views only, three things are not to be had: the
stored credits (the views answer for the present quote), the cached twaps, and the gas meter. Jobs whose credits come
from views are uncertain until the chain rewards them; see docs/mid-history.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.state import (
    ZERO_ADDRESS,
    Approval,
    Job,
    Keep3r,
    Keeper,
    TickCache,
    Unbond,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

Key = tuple[str, str, str]
"""Contract, view or storage variable, arguments as text."""

_PARAMETERS = {
    "bondTime": "bond_time",
    "unbondTime": "unbond_time",
    "liquidityMinimum": "liquidity_minimum",
    "rewardPeriodTime": "reward_period_time",
    "inflationPeriod": "inflation_period",
    "fee": "fee",
    "governance": "governance",
    "pendingGovernance": "pending_governance",
    "governor": "governance",
    "pendingGovernor": "pending_governance",
    "keep3rV1": "keep3r_v1",
    "keep3rV1Proxy": "keep3r_v1_proxy",
    "keep3rHelper": "keep3r_helper",
    "kp3rWethPool": "kp3r_weth_pool",
}
_HELPER_PARAMETERS = {
    "minBoost": "min_boost",
    "maxBoost": "max_boost",
    "targetBond": "target_bond",
    "workExtraGas": "work_extra_gas",
    "quoteTwapTime": "quote_twap_time",
    "minBaseFee": "min_base_fee",
    "minPriorityFee": "min_priority_fee",
    "keep3rV2": "keep3r_v2",
    "governance": "governance",
    "pendingGovernance": "pending_governance",
    "governor": "governance",
    "pendingGovernor": "pending_governance",
}
_JOB_FIELDS = {
    "rewardedAt": "rewarded_at",
    "workedAt": "worked_at",
    "jobOwner": "owner",
    "jobPendingOwner": "pending_owner",
    "pendingJobMigrations": "pending_migration",
}


class Readings:
    """What the contracts answered after one block, by contract, view and arguments; reverted views are left out."""

    def __init__(self, values: Mapping[Key, str]) -> None:
        self._values = values

    def text(self, contract: str, view: str, *arguments: str) -> str | None:
        """The answer as text; None if the view was not asked, or reverted."""
        return self._values.get((contract, view, ",".join(arguments)))

    def number(self, contract: str, view: str, *arguments: str) -> int | None:
        """The answer as an integer."""
        text = self.text(contract, view, *arguments)
        return None if text is None else int(text)

    def items(self, contract: str, view: str, *arguments: str) -> list[str]:
        """The answer as a list of texts."""
        text = self.text(contract, view, *arguments)
        return [] if text is None else [str(item) for item in json.loads(text)]

    def arguments(self, contract: str, view: str) -> list[list[str]]:
        """The arguments that a view was asked with, in the order of the readings."""
        return [
            arguments.split(",") if arguments else []
            for asked, name, arguments in self._values
            if asked == contract and name == view
        ]


def load_readings(keep3r: Keep3r, context: CallContext, readings: Readings) -> None:
    """Put the model where the readings say the contract stands. Pools are not touched."""
    contract = keep3r.address
    _set_fields(keep3r.parameters, _PARAMETERS, readings, contract)
    keep3r.job_list = EnumerableSet(readings.items(contract, "jobs"))
    keep3r.keeper_list = EnumerableSet(readings.items(contract, "keepers"))
    keep3r.approved_liquidities = EnumerableSet(readings.items(contract, "approvedLiquidities"))
    for role, view in ((keep3r.slashers, "slashers"), (keep3r.disputers, "disputers"), (keep3r.disputes, "disputes")):
        role.clear()
        for (address,) in readings.arguments(contract, view):
            if readings.text(contract, view, address) == "true":
                role[address] = None
    keep3r.roles_are_partial = True
    meter = readings.number(contract, "_initialGas")
    keep3r.gas_meter = meter or 0
    context.meter_is_read = meter is not None
    keep3r.total_bonds = readings.number(contract, "totalBonds") or 0
    reserves = readings.number(contract, "virtualReserves")
    keep3r.escrow_balances = {}
    escrow, token = keep3r.parameters.keep3r_v1_proxy, keep3r.parameters.keep3r_v1
    if reserves is not None and escrow in keep3r.escrows:
        keep3r.escrow_balances[escrow, token] = reserves + keep3r.total_bonds
    keep3r.jobs.clear()
    for (address,) in readings.arguments(contract, "rewardedAt"):
        keep3r.jobs[address] = _job(keep3r, context, readings, address)
    keep3r.keepers.clear()
    for (address,) in readings.arguments(contract, "firstSeen"):
        keep3r.keepers[address] = _keeper(readings, contract, address)
    keep3r.unbonds.clear()
    for address, token in readings.arguments(contract, "pendingUnbonds"):
        keep3r.unbonds[address, token] = Unbond(
            readings.number(contract, "pendingUnbonds", address, token) or 0,
            readings.number(contract, "canWithdrawAfter", address, token) or 0,
        )
    _load_approvals(keep3r, context, readings)
    for helper in keep3r.helpers.values():
        _load_helper(helper, readings)


def _set_fields(target: object, fields: Mapping[str, str], readings: Readings, contract: str, *arguments: str) -> None:
    for view, name in fields.items():
        text = readings.text(contract, view, *arguments)
        if text is not None:
            setattr(target, name, text if text.startswith("0x") else int(text))


def _job(keep3r: Keep3r, context: CallContext, readings: Readings, address: str) -> Job:
    contract = keep3r.address
    job = Job()
    _set_fields(job, _JOB_FIELDS, readings, contract, address)
    credits_stored = readings.number(contract, "_jobLiquidityCredits", address)
    period_credits_stored = readings.number(contract, "_jobPeriodCredits", address)
    if credits_stored is None or period_credits_stored is None:
        context.uncertain_jobs[address] = None
        credits_stored = readings.number(contract, "jobLiquidityCredits", address) or 0
        period_credits_stored = readings.number(contract, "jobPeriodCredits", address) or 0
    job.credits, job.period_credits = credits_stored, period_credits_stored
    for owner, liquidity in readings.arguments(contract, "liquidityAmount"):
        if owner == address:
            job.liquidity_amounts[liquidity] = readings.number(contract, "liquidityAmount", address, liquidity) or 0
    for owner, token in readings.arguments(contract, "jobTokenCredits"):
        if owner == address:
            job.token_credits[token] = readings.number(contract, "jobTokenCredits", address, token) or 0
            job.token_credits_added_at[token] = readings.number(contract, "jobTokenCreditsAddedAt", address, token) or 0
    job.liquidities = _members(
        job.liquidity_amounts, keep3r.approved_liquidities, readings.number(contract, "_jobLiquidities.length", address)
    )
    listed = readings.number(contract, "_jobTokens.length", address)
    emptied = [token for token, added in job.token_credits_added_at.items() if added and not job.token_credits[token]]
    job.tokens = _members(job.token_credits, emptied, listed)
    if listed is None or listed > sum(1 for amount in job.token_credits.values() if amount):
        context.uncertain_tokens[address] = None
    if len(job.liquidities) > 1 or len(job.tokens) > 1:
        context.unordered_jobs[address] = None
    return job


def _members(amounts: Mapping[str, int], candidates: Iterable[str], length: int | None) -> EnumerableSet:
    """Which entries the job lists: those with an amount; and with none, as many as the stored length asks for."""
    members = EnumerableSet(key for key, amount in amounts.items() if amount)
    for key in candidates:
        if length is None or len(members) >= length:
            break
        members.add(key)
    return members


def _keeper(readings: Readings, contract: str, address: str) -> Keeper:
    keeper = Keeper()
    keeper.work_completed = readings.number(contract, "workCompleted", address) or 0
    keeper.first_seen = readings.number(contract, "firstSeen", address) or 0
    keeper.has_bonded = readings.text(contract, "hasBonded", address) == "true"
    for amounts, view in (
        (keeper.bonds, "bonds"),
        (keeper.pending_bonds, "pendingBonds"),
        (keeper.can_activate_after, "canActivateAfter"),
    ):
        for owner, token in readings.arguments(contract, view):
            if owner == address:
                amounts[token] = readings.number(contract, view, address, token) or 0
    return keeper


def _load_approvals(keep3r: Keep3r, context: CallContext, readings: Readings) -> None:
    contract = keep3r.address
    keep3r.approvals.clear()
    for (liquidity,) in readings.arguments(contract, "_liquidityPool"):
        keep3r.approvals[liquidity] = Approval(
            readings.text(contract, "_liquidityPool", liquidity) or ZERO_ADDRESS,
            readings.text(contract, "_isKP3RToken0", liquidity) == "1",
            TickCache(
                *(
                    readings.number(contract, f"_tick.{part}", liquidity) or 0
                    for part in ("current", "difference", "period")
                )
            ),
        )
    known = {*keep3r.approvals}
    # A pool stays with a liquidity that is approved no more, and with a former pool of KP3R and WETH: it is observed.
    answered = (asked for (asked,) in readings.arguments(contract, "observeLiquidity"))
    for liquidity in [*keep3r.approved_liquidities, keep3r.parameters.kp3r_weth_pool, *answered]:
        if liquidity in known or liquidity == ZERO_ADDRESS:
            continue
        known.add(liquidity)
        pool = keep3r.pair_pools.get(liquidity, liquidity)
        observed = readings.text(contract, "observeLiquidity", liquidity)
        cache = [int(part) for part in json.loads(observed)] if observed else [0, 0, 0]
        token0 = keep3r.pools[pool].token0 == keep3r.kp3r_in_pools if pool in keep3r.pools else False
        keep3r.approvals[liquidity] = Approval(pool, token0, TickCache(*cache))
        if liquidity == keep3r.parameters.kp3r_weth_pool:
            context.uncertain_price_period = keep3r.approvals[liquidity].tick.period
            context.uncertain_price_window = keep3r.parameters.reward_period_time


def _load_helper(helper: Helper, readings: Readings) -> None:
    for (liquidity,) in readings.arguments(helper.address, "oracle"):
        helper.oracles[liquidity] = readings.text(helper.address, "oracle", liquidity) or ZERO_ADDRESS
    _set_fields(helper.parameters, _HELPER_PARAMETERS, readings, helper.address)
    for view, pool, order in (
        ("kp3rWethPool", "kp3r_weth_pool", "is_kp3r_token0"),
        ("wethUSDPool", "weth_usd_pool", "is_weth_token0"),
    ):
        values = readings.items(helper.address, view)
        if values:
            setattr(helper.parameters, pool, values[0])
            setattr(helper.parameters, order, values[1] == "true")
            if pool == "weth_usd_pool" and helper.rules.has_usd_decimals:
                helper.parameters.usd_decimals = int(values[2])
