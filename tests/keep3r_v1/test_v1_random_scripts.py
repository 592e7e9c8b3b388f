"""Random histories of Keep3r V1: each replays clean, tells the gas that it was played with, and undoes nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from tests.keep3r_v1.test_v1_log_only import less

ETHER = 10**18
KINDS = (
    ("work",) * 10
    + ("own", "receipt", "swap", "swap", "update", "helper", "feed", "switch_feed")
    + (
        "add_liquidity",
        "apply_credit",
        "dispute",
        "resolve",
    )
)
JOBS = ("first", "second")
KEEPERS = {"rich": 400 * ETHER, "poor": ETHER, "none": 0}
SCENARIOS = 5


def script(seed: int) -> dict[str, Any]:
    """A random script: calls of every kind, many of them in one second, oracles kept or forgotten."""
    choose = random.Random(seed)
    at, calls = 60, []
    for _ in range(120):
        at += choose.choice([0, 0, 1, 12, 300, 4_000])
        do = choose.choice(KINDS)
        calls.append({"at": at, "do": do, **words(do, choose)})
    return {"jobs": list(JOBS), "keepers": KEEPERS, "calls": calls, "keep_oracles": bool(seed % 2)}


def words(do: str, choose: random.Random) -> dict[str, Any]:
    """What a kind of call is told."""
    names, some = list(KEEPERS), choose.randrange
    of_job, of_keeper = {"job": choose.choice(JOBS)}, {"keeper": choose.choice(names)}
    of_work = {**of_job, **of_keeper, "gas": some(20_000, 900_000), "by": choose.choice(names)}
    return {
        "work": of_work,
        "own": {**of_work, "amount": some(1, 3 * ETHER)},
        "receipt": {**of_job, **of_keeper, "amount": some(1, 3 * ETHER)},
        "swap": {choose.choice(["kp3r_in", "weth_in"]): some(ETHER, 400 * ETHER)},
        "update": {"oracle": choose.choice(["uniswap", "v1", "v2"])},
        "helper": {"version": choose.choice(list(HELPERS))},
        "feed": {"answer": some(10**9, 500 * 10**9)},
        "switch_feed": {"answer": some(10**9, 500 * 10**9)},
        "add_liquidity": {**of_job, "amount": some(1, 20 * ETHER)},
        "apply_credit": of_job,
        "dispute": of_keeper,
        "resolve": of_keeper,
    }[do]


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_a_random_history_replays_clean(seed, tmp_path):
    """No log differs, no call is impossible, and an exact work tells the gas of the script."""
    content = script(seed)
    PROTOCOL.scenarios.simulate(content, "script", tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    found = audit(lake, PROTOCOL, ledger=True)
    assert found.summary["events"]["mismatched"] == 0
    assert not [each for each in found.findings if each.severity == "error"]
    assert found.summary["works"]["impossible"] == found.summary["works"]["work_excess"] == 0
    asked = {each["gas"] for each in content["calls"] if each["do"] == "work"}
    works = found.tables["works"]
    exact = works.filter(works["class"] == "work_exact")
    assert exact.height > 5
    assert {int(gas) for gas in exact["gas"]} <= asked
    base = PROTOCOL.what_ifs.baseline(lake, None, {})
    unchanged = PROTOCOL.what_ifs.outcome(base, {}, ledger=False)
    assert (unchanged.summary["changed"], unchanged.summary["refused"], unchanged.summary["refused_calls"]) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SCENARIOS))
@pytest.mark.parametrize("what", ["with_logs", "logs"])
def test_a_random_history_convicts_nobody_from_less(seed, what, tmp_path):
    """Without silent calls, or without transactions, nothing is an error, and only images keep a class."""
    PROTOCOL.scenarios.simulate(script(seed), "script", tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    found = audit(less(lake, what), PROTOCOL)
    assert not [each for each in found.findings if each.severity == "error"]
    assert found.summary["works"]["work_own"] == found.summary["works"]["work_excess"] == 0
