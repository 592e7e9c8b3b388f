"""Liquidity that migrates keeps its own factor, as a node holds it that lives the changed history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.views import job_period_credits, total_job_credits
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from tests.node.anvil import Anvil, calldata
from tests.node.keep3r_chain import Keep3rChain
from tests.node.lakes import run, settings

if TYPE_CHECKING:
    from pathlib import Path

_DAY = 86_400


@dataclass(frozen=True)
class _Story:
    """Wei of liquidity: what job A adds before it migrates, what job B adds afterwards, and unbonds in the end."""

    of_a: int = 225 * 10**18
    of_b: int = 150 * 10**18
    unbonded: int = 75 * 10**18


PLAIN = _Story()
CASES = {
    # A fifth of all that B has leaves: of 450 from A and 150 of its own, or of 225 from A and 450 of its own.
    "factor_of_the_job_that_goes": ("a", "2", replace(PLAIN, of_a=450 * 10**18, unbonded=120 * 10**18), 480 * 10**18),
    "factor_of_the_job_that_stays": ("b", "3", replace(PLAIN, of_b=450 * 10**18, unbonded=135 * 10**18), 540 * 10**18),
}


def _tell(node: Anvil, story: _Story, start: int) -> tuple[Keep3rChain, dict[str, str]]:
    """Live the story; every block has its own time, the same in every story."""
    chain = Keep3rChain(node)
    jobs = {"a": node.accounts[8], "b": node.accounts[9]}
    times = iter(range(start, start + 400 * _DAY, _DAY))

    def transact(signature: str, *values: object) -> None:
        node.rpc("evm_setNextBlockTimestamp", next(times))
        node.transact(chain.provider, chain.keep3r, calldata(signature, *values))

    for job in jobs.values():
        transact("addJob(address)", job)
    transact("addLiquidityToJob(address,address,uint256)", jobs["a"], chain.liquidity, story.of_a)
    transact("migrateJob(address,address)", jobs["a"], jobs["b"])
    transact("acceptJobMigration(address,address)", jobs["a"], jobs["b"])
    transact("addLiquidityToJob(address,address,uint256)", jobs["b"], chain.liquidity, story.of_b)
    for _ in range(3):
        next(times)
    transact("unbondLiquidityFromJob(address,address,uint256)", jobs["b"], chain.liquidity, story.unbonded)
    return chain, jobs


def _now(node: Anvil) -> int:
    return int(node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def _on_chain(chain: Keep3rChain, job: str) -> list[int]:
    views = ("jobPeriodCredits(address)", "totalJobCredits(address)")
    held = chain.node.view(chain.keep3r, "liquidityAmount(address,address)", ["uint256"], job, chain.liquidity)[0]
    return [held, *(chain.node.view(chain.keep3r, view, ["uint256"], job)[0] for view in views)]


@pytest.mark.parametrize(("job", "factor", "story", "left"), CASES.values(), ids=CASES)
def test_shares_of_a_migrated_liquidity_keep_their_factor(
    job: str, factor: str, story: _Story, left: int, node: Anvil, tmp_path: Path
) -> None:
    """Liquidity and credits of the job that stays are those of a node on which that job's own liquidity was more."""
    start = (_now(node) // _DAY + 60) * _DAY
    plain, jobs = _tell(node, PLAIN, start)
    end = _now(node)
    node.mine(64)
    assert run(node.url, *settings(plain.keep3r, tmp_path / "lake")) == 0
    overlay = overlay_from({"liquidity_factor": factor, "liquidity_job": jobs[job]})
    predicted = what_if(baselines(Lake.open(tmp_path / "lake"))[0], overlay)

    with Anvil("--hardfork", "london") as other:
        changed, same_jobs = _tell(other, story, start)
        assert (_now(other), same_jobs) == (end, jobs)
        lived = _on_chain(changed, jobs["b"])

    keep3r = predicted.protocol.keep3r
    record = keep3r.jobs[jobs["b"].lower()]
    held = record.liquidity_amounts[plain.liquidity.lower()]
    assert held == lived[0] == left
    assert [job_period_credits(keep3r, record, end), total_job_credits(keep3r, record, end)] == lived[1:]
    assert predicted.reverted == []
