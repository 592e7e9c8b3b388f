"""What-ifs held against the real Keep3r 2.0: a node lives the changed history too, and the credits agree to the wei."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.views import (
    job_liquidity_credits,
    job_period_credits,
    total_job_credits,
)
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.works import Works
from tests.node.anvil import Anvil, calldata
from tests.node.keep3r_chain import KP3R, Keep3rChain
from tests.node.lakes import run, settings

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Row

_DAY = 86_400
_PAYMENT = 10**16
_WORKS = 12
_DROPPED = 10


@dataclass
class _Story:
    """What happens after the chain's start; a field changed here is an overlay there."""

    reward_period: int = 0
    liquidity: int = 10**21
    dropped: int = -1


def _now(node: Anvil) -> int:
    return int(node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def _tell(node: Anvil, story: _Story, start: int) -> tuple[Keep3rChain, str, int, str]:
    """Live the story: liquidity for a job whose payments are bonded, swaps, works.

    Gives the chain, the job, the story's first block, and the work to drop. Every block has its own time, the same in
    every story.
    """
    chain = Keep3rChain(node)
    job = node.accounts[9]
    times = iter(range(start, start + 400 * _DAY, _DAY * 2 // 3 + 1))
    block = node.head + 1

    def transact(sender: str, to: str, data: str) -> dict[str, Any]:
        node.rpc("evm_setNextBlockTimestamp", next(times))
        return node.transact(sender, to, data)

    if story.reward_period:
        transact(chain.governance, chain.keep3r, calldata("setRewardPeriodTime(uint256)", story.reward_period))
    else:
        transact(chain.governance, chain.keep3r, calldata("setBondTime(uint256)", 3 * _DAY))
    transact(chain.provider, chain.keep3r, calldata("addJob(address)", job))
    adding = calldata("addLiquidityToJob(address,address,uint256)", job, chain.liquidity, story.liquidity)
    transact(chain.provider, chain.keep3r, adding)
    for _ in range(9):
        next(times)
    dropped = ""
    for number in range(_WORKS):
        transact(chain.governance, chain.swapper, chain.swap_data((-1) ** number * 10**18 * (number + 1)))
        paying = calldata("bondedPayment(address,uint256)", chain.keepers[number % 3], _PAYMENT * (number + 1))
        if number == story.dropped:
            transact(job, job, "0x")
        else:
            paid = transact(job, chain.keep3r, paying)["transactionHash"]
            dropped = paid if number == _DROPPED else dropped
        next(times)
    return chain, job, block, dropped


_CREDITS = ("jobPeriodCredits(address)", "jobLiquidityCredits(address)", "totalJobCredits(address)")
_TIMES = ("rewardedAt(address)", "workedAt(address)")


def _on_chain(chain: Keep3rChain, job: str, block: int | None = None) -> list[int]:
    """The job's credits and times, and its keepers' bonds, at the end of a block; the newest if none is said."""

    def ask(signature: str, *values: str) -> int:
        answer: int = chain.node.view(chain.keep3r, signature, ["uint256"], *values, block=block)[0]
        return answer

    bonds = [ask("bonds(address,address)", keeper, KP3R) for keeper in chain.keepers]
    return [*(ask(view, job) for view in (*_CREDITS, *_TIMES)), *bonds]


def _in_model(keep3r: Keep3r, job: str, keepers: list[str], now: int) -> list[int]:
    """What the model answers to the same questions."""
    model = keep3r.jobs[job.lower()]
    views = (job_period_credits, job_liquidity_credits, total_job_credits)
    bonds = [keep3r.keepers[keeper.lower()].bonds[KP3R.lower()] for keeper in keepers]
    return [*(view(keep3r, model, now) for view in views), model.rewarded_at, model.worked_at, *bonds]


def _watched(chain: Keep3rChain, job: str, seen: dict[int, list[int]]) -> type[Works]:
    """The what-if's handler of works, which leaves in `seen` what the model answers after each, by block."""

    class Watched(Works):
        def on_work(self, context: CallContext, row: Row) -> None:
            super().on_work(context, row)
            seen[context.block_number] = _in_model(context.keep3r, job, chain.keepers, context.now)

    return Watched


CASES = {
    "changed_reward_period": (_Story(reward_period=3 * _DAY), {"reward_period_time": 3 * _DAY}),
    "doubled_liquidity": (_Story(liquidity=2 * 10**21), {"liquidity_factor": "2"}),
    "dropped_work": (_Story(dropped=_DROPPED), {}),
}


@pytest.mark.parametrize(("story", "changes"), CASES.values(), ids=CASES)
def test_a_node_that_lives_the_changed_history_holds_the_predicted_credits(
    story: _Story, changes: dict[str, Any], node: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every work the what-if of the plain history gives credits and bonds of the node that lived it changed."""
    start = (_now(node) // _DAY + 60) * _DAY
    plain, job, block, dropped = _tell(node, _Story(), start)
    end = _now(node)
    before = _on_chain(plain, job)
    node.mine(64)
    assert run(node.url, *settings(plain.keep3r, tmp_path / "lake")) == 0
    overlay = dict(changes)
    if "reward_period_time" in overlay:
        overlay["from_block"] = block
    elif "liquidity_factor" in overlay:
        overlay["liquidity_job"] = job
    else:
        overlay["drop_works"] = [dropped]
    seen: dict[int, list[int]] = {}
    monkeypatch.setattr("keep3r_replay.protocols.keep3r_v2.what_if.run.Works", _watched(plain, job, seen))
    predicted = what_if(baselines(Lake.open(tmp_path / "lake"))[0], overlay_from(overlay))

    with Anvil("--hardfork", "london") as other:
        changed, same_job, _, _ = _tell(other, story, start)
        assert _now(other) == end
        chains = _on_chain(changed, same_job)
        lived = {at: _on_chain(changed, same_job, at) for at in seen}

    assert len([at for at in seen if at >= block]) == _WORKS
    assert seen == lived
    assert seen != {at: _on_chain(plain, job, at) for at in seen}
    assert _in_model(predicted.protocol.keep3r, job, plain.keepers, end) == chains
    assert chains != before
    assert predicted.reverted == []
    assert all(work.status != "reverted" for work in predicted.works.done)
