"""Pairs that nobody knows: Keep3r V1's functions take any address for one, and so may an input that was changed."""

from __future__ import annotations

import pytest

from keep3r_replay.chainlink.feed import Feed
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v1.audit.liquidity import judge
from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_NAME
from keep3r_replay.protocols.keep3r_v1.contract.market import Market
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS, Keep3rV1, Parameters
from keep3r_replay.protocols.keep3r_v1.events import ROOT
from keep3r_replay.protocols.keep3r_v1.replay.context import Context
from keep3r_replay.protocols.keep3r_v1.replay.from_logs import follow_logs
from keep3r_replay.protocols.keep3r_v1.replay.logs import Log
from tests.keep3r_v1.recorded import KP3R

GOVERNANCE, HELPER, WETH, PAIR, JOB, PROVIDER, FEED = (f"0x{each:040x}" for each in range(0x1001, 0x1008))
PAIR_KNOWN = "0x" + "77" * 20
OWNED, BURNED, LIQUIDITY = 1_000, 300, 50


@pytest.fixture
def context() -> Context:
    """A job with credits, and a contract without a single pair."""
    kp3r = Keep3rV1(KP3R, Parameters(GOVERNANCE, HELPER), Market(KP3R, WETH, PAIR_KNOWN, Feed(FEED)))
    kp3r.jobs[JOB].credits[KP3R] = kp3r.accounts[KP3R].balance = kp3r.total_supply = OWNED
    return Context(kp3r, Journal())


def unbonded(context: Context, amount: int, burned: int) -> tuple:
    """What becomes of an unbonding of `amount` that is logged with a burn: its row's class, worth and burn."""
    logs = [
        Log(0, KP3R, ROOT, "Transfer", (KP3R, ZERO_ADDRESS, burned)),
        Log(1, KP3R, ROOT, "UnbondJob", (JOB, PAIR, PROVIDER, 0, amount)),
    ]
    follow_logs(context, logs, logs)
    (judged,) = judge(context.liquidity_uses, [])
    return judged.name, judged.use.worth, judged.use.burned


def test_an_unbonding_of_nothing_needs_no_pair(context):
    """Anyone may unbond nothing of a pair that was never accepted: an ordinary row, and no finding."""
    assert unbonded(context, 0, 0) == ("nothing", 0, 0)
    assert context.journal.findings == []


def test_what_the_reserves_of_an_unknown_pair_decide_is_told_by_the_logs(context):
    """Of liquidity that was provided the burn is as logged, and its worth is undetermined, not zero."""
    context.kp3r.provisions[PROVIDER, PAIR, JOB].provided = LIQUIDITY
    assert unbonded(context, LIQUIDITY, BURNED) == ("undetermined", None, BURNED)
    assert context.kp3r.credits_of(JOB, KP3R) == OWNED - BURNED
    assert context.journal.findings == []


def test_a_burn_for_nothing_is_found(context):
    """No reserves make a burn of an unbonding of nothing right."""
    unbonded(context, 0, BURNED)
    assert [(each.kind, each.log_index) for each in context.journal.findings] == [("event_mismatch", 0)]


@pytest.mark.parametrize("name", [name for name, each in BY_NAME.items() if "address" in each.types])
def test_any_address_may_stand_in_any_call(context, name):
    """A call that names contracts nobody knows is refused for reasons of the contract, or goes through."""
    function = BY_NAME[name]
    arguments = [f"0x{place:040x}" if kind == "address" else 1 for place, kind in enumerate(function.types, 0x2001)]
    context.kp3r.collected = []
    function.run(context.kp3r, PROVIDER, *arguments, *([1] if name == "addCreditETH" else []))
    assert all(isinstance(each, str) for each in context.kp3r.collected)
