"""Readings of a simulation: what the model's views and storage answer after a block, as rows of `readings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.lake.schemas import ReadingRow
from keep3r_replay.replay.readings import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keep3r_replay.protocols.keep3r_v2.scenario.world import World

Key = tuple[str, str, str, str]
"""Contract, view, arguments, source: what is asked."""

_PARAMETERS = (
    "bondTime",
    "unbondTime",
    "liquidityMinimum",
    "rewardPeriodTime",
    "inflationPeriod",
    "fee",
    "governance",
    "keep3rV1",
    "keep3rHelper",
    "jobs",
    "keepers",
    "approvedLiquidities",
)
_JOB = ("jobPeriodCredits", "jobLiquidityCredits", "totalJobCredits", "rewardedAt", "workedAt", "jobOwner", "disputes")
_JOB_STORAGE = ("_jobLiquidityCredits", "_jobPeriodCredits")
_LIQUIDITY_STORAGE = ("_tick.current", "_tick.difference", "_tick.period")
_ONE = "1000000000000000000"


def all_keys(world: World) -> Iterator[Key]:
    """What there is to ask: parameters, every job and keeper that ever was, all liquidities, the helper, all pools."""
    keep3r = world.keep3r
    address, kp3r, helper = keep3r.address, world.kp3r, keep3r.parameters.keep3r_helper
    yield from (("", name, "", "view") for name in ("block.timestamp", "block.baseFee"))
    yield from ((address, name, "", "view") for name in _PARAMETERS)
    if keep3r.rules.has_total_bonds:
        yield (address, "totalBonds", "", "view")
    if keep3r.rules.has_virtual_reserves:
        yield (address, "virtualReserves", "", "view")
        yield (helper, "quoteUsdToEth", _ONE, "view")
    for job, record in keep3r.jobs.items():
        yield from ((address, name, job, "view") for name in _JOB)
        for liquidity in keep3r.pair_pools:
            yield (address, "liquidityAmount", f"{job},{liquidity}", "view")
            yield (address, "pendingUnbonds", f"{job},{liquidity}", "view")
        yield from ((address, "jobTokenCredits", f"{job},{token}", "view") for token in record.tokens)
        yield from ((address, name, job, "storage") for name in _JOB_STORAGE)
    for keeper in keep3r.keepers:
        yield (address, "workCompleted", keeper, "view")
        yield from ((address, name, f"{keeper},{kp3r}", "view") for name in ("bonds", "pendingBonds", "pendingUnbonds"))
    for liquidity in keep3r.pair_pools:
        yield (address, "observeLiquidity", liquidity, "view")
        yield from ((address, name, liquidity, "storage") for name in _LIQUIDITY_STORAGE)
    yield (address, "_initialGas", "", "storage")
    yield (helper, "quote", _ONE, "view")
    yield (helper, "getRewardBoostFor", "0", "view")
    for pool in keep3r.pools:
        yield (pool, "slot0", "", "view")
        yield (pool, "observe", "0", "view")


def read(world: World, keys: Iterable[Key]) -> Iterator[ReadingRow]:
    """Ask the model at the end of the present block; what it has no view for is left out."""
    block = world.chain.blocks[-1].number
    for contract, name, arguments, source in keys:
        answer = world.protocol.view(contract, name, arguments.split(",") if arguments else [], source)
        if answer is None:
            continue
        value: str | None = None
        revert: str | None = None
        try:
            value = render(answer())
        except Revert as error:
            revert = error.name
        yield ReadingRow(block, contract, name, arguments, value, revert, source)
