"""Paths of the market and of the base fee, and the layout of scripts in time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from audits import audit
from histories import bundled

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.fees import base_fees
from keep3r_replay.protocols.keep3r_v2.scenario.market import market_actions
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.scripts import configured, own, words

PERIOD = 432_000


def ticks(market, first=0, ready=0):
    """Times and ticks of a market's path."""
    return [(action.time, action.arguments["tick"]) for action in market_actions(market, first, ready)]


def times(*script, start=0, block_time=1):
    """Times of the calls of a script, and its end."""
    laid = schedule(own(*script, setup=[], start=start, block_time=block_time), PERIOD)
    return [action.time for action in laid.actions], laid.end


def test_steps_and_ramp():
    """Steps come at their times; a ramp rises in equal parts, cut to whole ticks, and ends where it should."""
    assert ticks({"path": "constant"}) == []
    assert ticks({"path": "steps", "steps": [["1h", 5], [7_200, -5]]}, ready=100) == [(3_700, 5), (7_300, -5)]
    ramp = ticks({"path": "ramp", "to": 100, "for": "3h", "every": "1h"}, first=0)
    assert ramp == [(3_600, 33), (7_200, 66), (10_800, 100)]
    assert ticks({"path": "ramp", "to": -10, "for": 2, "every": 1}, first=10) == [(1, 0), (2, -10)]


def test_the_walk_is_the_documented_one():
    """A seed's path is known beforehand: it is part of what a scenario means."""
    walk = {"path": "walk", "seed": 7, "step": 400, "for": 5, "every": 1}
    first = ticks(walk)
    assert first == [(1, -69), (2, -315), (3, -311), (4, -45), (5, -396)]
    assert first == ticks(walk)
    moved = ticks(walk, first=1_000, ready=50)
    assert moved == [(time + 50, tick + 1_000) for time, tick in first]
    assert all(abs(after - before) <= 400 for (_, before), (_, after) in pairwise(first))


def test_base_fees():
    """A constant stays; a walk keeps between floor and cap, and is the same for the same seed."""
    assert [base_fees({}, 0)(time) for time in (0, 9)] == [15_000_000_000] * 2
    walk = {"path": "walk", "seed": 3, "base_fee": 1_000_000, "step": 100, "floor": 950_000, "cap": 1_050_000}
    paths = []
    for _ in range(2):
        fee = base_fees(walk, 0)
        paths.append([fee(time) for time in range(200)])
    assert paths[0] == paths[1]
    assert min(paths[0]) == 950_000
    assert max(paths[0]) == 1_050_000
    assert len(set(paths[0])) > 50


@pytest.mark.slow
def test_market_and_fees_of_a_real_history(audited_recordings, tmp_path):
    """The prices and base fees of a recorded history come back at the same distance from its first liquidity."""
    lake = audited_recordings(next(path for path in bundled() if path.name == "open-v2.3-nb-all")).lake
    path = lake.path
    scenario = configured(
        "mining", **{"market.path": "lake", "market.lake": path, "fees.path": "lake", "fees.lake": path}
    )
    simulation = simulate(scenario)
    swaps = lake.scan("events/uniswap_v3_pool.Swap").select("sqrt_price_x96", "timestamp").collect()
    prices = [int.from_bytes(price, "big") for price in swaps["sqrt_price_x96"]]
    assert [word[4] for word in words(simulation, "Swap")] == prices
    chain = simulation.chain
    made = [chain.blocks[log.block].timestamp for log in chain.logs if len(log.data) == 160 and len(log.topics) == 3]
    gaps = [after - before for before, after in pairwise(made)]
    assert gaps == swaps["timestamp"].diff().drop_nulls().to_list()
    assert {block.base_fee for block in chain.blocks} == {17_000_000_000}
    write_lake(simulation, tmp_path / "lake")
    assert audit(Lake.open(tmp_path / "lake")).summary["verdict"] == "clean"


@pytest.mark.slow
def test_a_real_market_the_other_way_round(audited_recordings):
    """In a pool whose tokens stand in the other order, a history's prices are turned over; any pool of it will do."""
    lake = audited_recordings(next(path for path in bundled() if path.name == "open-v2.3-fuzz-mixed-101")).lake
    market = {"path": "lake", "lake": str(lake.path)}
    plain, turned, raw = (
        [action.arguments["sqrt_price_x96"] for action in market_actions(market, 0, 0, kp3r_place=place)]
        for place in (0, 1, None)
    )
    assert plain == raw
    assert [2**192 // price for price in plain] == turned
    pools = [each.address for each in lake.deployment.contracts if each.role == "uniswap_v3_pool"]
    found = [len(market_actions({**market, "pool": pool}, 0, 0)) for pool in pools]
    assert len(plain) in found
    assert len(set(found)) > 1
    with pytest.raises(UsageError, match="has no pool 0x12"):
        market_actions({**market, "pool": "0x12"}, 0, 0)


def test_layout_in_time():
    """Calls take a block time each; waits add up; `until` goes to the next multiple of a reward period."""
    call = {"do": "bond"}
    assert times(call, call, {"wait": "1m"}, call) == ([1, 2, 63], 64)
    assert times({"until": "period"}, call) == ([PERIOD], PERIOD + 1)
    assert times({"wait": PERIOD - 1}, {"until": "period"}, call)[0] == [2 * PERIOD]


def test_repetition():
    """Repeated calls come first after one interval, as often as fits, and the rest of the time passes."""
    call = {"do": "bond"}
    assert times({"repeat": {"every": 10, "for": 35, "do": [call, call]}}, call) == (
        [11, 12, 21, 22, 31, 32, 36],
        37,
    )
    assert times({"repeat": {"every": 10, "for": 5, "do": [call]}}) == ([], 6)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"repeat": {"every": 1, "for": 9, "do": [{"wait": 5}]}}, "longer than every 1 s"),
        ({"repeat": {"every": 0, "for": 9, "do": []}}, "never ends"),
        ({"repeat": {"for": 9, "do": []}}, "'every' is missing"),
        ({"repeat": {"every": 1, "for": 9, "do": [], "times": 3}}, "unknown 'times'"),
        ({"until": "monday"}, "knows 'period' only"),
        ({"wait": "soon"}, "is no duration"),
        ({"wait": -1}, "is no duration"),
        ({"wait": 3, "do": "bond"}, "one of do, wait, until and repeat, not wait, do"),
        ({"do": ["bond"]}, "do names a call"),
        ({"wait": "100000d"}, "the contracts' clock ends"),
        ({"repeat": {"every": 1, "for": "30d", "do": []}}, "2,592,000 rounds are more than 1,000,000"),
        ({"sleep": 3}, "one of do, wait, until and repeat, not sleep"),
    ],
)
def test_a_wrong_item_is_named(item, said):
    """What an item says wrong is told in one line, with its place."""
    with pytest.raises(UsageError, match=said) as caught:
        times(item)
    assert "script[0]" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("market", "said"),
    [
        ({"path": "up"}, "unknown 'up'"),
        ({}, None),
        ({"path": "walk", "seed": 1, "step": 2, "for": 3, "evry": 1}, "did you mean 'every'"),
        ({"path": "walk", "seed": 1.5, "step": 2, "for": 3, "every": 1}, "is no whole number"),
        ({"path": "steps", "steps": [5]}, "is no \\[duration, tick\\]"),
        ({"path": "steps", "steps": [[5, 900_000]]}, "beyond the pool's"),
        ({"path": "ramp", "to": 3, "for": 5, "every": 0}, "never ends"),
        ({"path": "ramp", "to": 3, "for": 5, "every": 6}, "make 'for' the longer one"),
        ({"path": "walk", "seed": 1, "step": -2, "for": 3, "every": 1}, "a step is 0 or more"),
        ({"path": "walk", "seed": 1, "step": 2, "for": "30d", "every": 1}, "2,592,000 swaps are more than 1,000,000"),
        ({"path": "steps", "steps": 5}, "a list of"),
        ({"path": "lake"}, "'lake' is missing"),
    ],
)
def test_a_wrong_market_is_named(market, said):
    """A market that cannot be is refused in one line; none at all is no mistake."""
    if said is None:
        assert market_actions(market, 0, 0) == []
        return
    with pytest.raises(UsageError, match=said):
        market_actions(market, 0, 0)
