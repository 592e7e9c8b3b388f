"""Scenarios in which mainnet feeds the price of KP3R: batches, what works are paid by them, and what can go wrong."""

from __future__ import annotations

import pytest
from audits import audit

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.fed import Work, arrivals, known_at, payment, walked, works_of
from tests.scenario.reckoned import rows
from tests.scenario.scripts import configured
from tests.scenario.test_sidechain import ONE, SETUP, WORK, on_sidechain

HOUR, DAY = 3_600, 86_400
DOLLAR = [(0, 75_000)]
FED = [each for each in SETUP if each != {"do": "provide", "liquidity": "9000e18"}]
FEED = {"item": "4h", "batch": "1d", "delay": "2h"}


@pytest.mark.slow
def test_works_are_paid_by_what_has_arrived(tmp_path):
    """Each payment follows from the market's own walk: its mean ticks, and which of them had come by then."""
    scenario = configured("sidechain_fed", views_every=0)
    laid_out = schedule(scenario, 432_000)
    write_lake(simulate(scenario), tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    ready, founded = laid_out.ready, laid_out.actions[0].time
    market = walked(ready, -22_000, 8, 200, 5 * HOUR, 30 * DAY)
    arrived = arrivals(market, ready, laid_out.end)
    swaps = rows(lake, "sidechain_oracle.Swap", "timestamp", "tick")
    assert swaps == [(founded, -22_000), *((each.at, each.items[-1][1]) for each in arrived)]
    called = {action.time: action.arguments for action in laid_out.actions if action.call == "work"}
    ((governed,),) = rows(lake, "keep3r_helper.QuoteTwapTimeChange", "timestamp")
    earned = 0
    for now, paid in works_of(lake):
        usd = int(called[now]["usd_per_gas_unit"][0]) * 10**13
        work = Work(called[now]["gas"], usd, 7_200 if now > governed else DAY)
        path = known_at((founded - 4 * HOUR, -22_000), arrived, now)
        assert paid == payment(work, 50 * ONE + earned, path, DOLLAR, now)
        earned += paid
    assert len(works_of(lake)) > 20
    assert audit(lake).findings == []


@pytest.mark.slow
def test_a_batch_ahead_of_its_turn_waits(tmp_path):
    """It is cached, and changes no price until the missing one has come, and a call after it; it replays clean."""
    late = {"do": "deliver", "items": [["3h", -21_000], ["1h", -21_200]]}
    simulation = on_sidechain(
        {"wait": "6d"},
        {**late, "nonce": 2},
        WORK,
        {"do": "deliver", "items": [["9h", -21_500]]},
        WORK,
        {"do": "sync_observations"},
        WORK,
        {"do": "sync_observations", "may_revert": True},
        {"do": "deliver", "items": [["1h", -21_000]], "nonce": 1, "may_revert": True},
        setup=FED,
        feed=FEED,
    )
    write_lake(simulation, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    assert rows(lake, "data_receiver.ObservationsCached", "pool_nonce") == [(2,)]
    ((founded,), *_) = rows(lake, "sidechain_oracle.Swap", "timestamp")
    start = (founded - 4 * HOUR, -22_000)
    nows = [now for now, _ in works_of(lake)]
    second = nows[1] - 12 - 9 * HOUR
    third = [(nows[0] - 12 - 3 * HOUR, -21_000), (nows[0] - 12 - HOUR, -21_200)]
    known = [[start], [start, (second, -21_500)], [start, (second, -21_500), *third]]
    earned = 0
    for (now, paid), path in zip(works_of(lake), known, strict=True):
        assert paid == payment(Work(500_000, 2 * 10**13, DAY), 50 * ONE + earned, path, DOLLAR, now)
        earned += paid
    assert [each.revert for each in simulation.reverted] == 2 * ["ObservationsNotWritable()"]
    audited = audit(lake)
    assert (audited.findings, audited.summary["verdict"]) == ([], "clean")


@pytest.mark.slow
def test_room_is_the_governors(tmp_path):
    """It grows by the factory, which refuses what is no more; a quote beyond what the ring holds reverts the work."""
    few = [{"do": "deliver", "items": [[each, -22_000] for each in range(200 * 60, 0, -60)]}]
    small = [each for each in FED if each["do" if "do" in each else "wait"] != "grow_observations"]
    grown = [{"do": "grow_observations", "to": to, "may_revert": True} for to in (144, 145)]
    simulation = on_sidechain({"wait": "6d"}, *few, WORK, *grown, setup=small, feed=FEED)
    assert [each.revert for each in simulation.reverted] == ["OLD", "AI()"]
    write_lake(simulation, tmp_path / "lake")
    assert audit(Lake.open(tmp_path / "lake")).findings == []


@pytest.mark.parametrize(
    ("script", "parts", "told"),
    [
        ({"do": "swap", "tick": 1}, {}, "is on mainnet"),
        ({"do": "provide", "liquidity": 5}, {}, "is on mainnet"),
        ({"do": "create_pool", "tick": 5}, {}, "has begun"),
        ({"do": "deliver", "items": [[1, 2]], "pool": "usd_pool"}, {}, "none that mainnet feeds"),
        ({"do": "deliver", "items": [[1, 900_000]]}, {}, "beyond 887272"),
        ({"do": "deliver", "items": [[1]]}, {}, "is no"),
        ({"do": "deliver", "items": 5}, {}, "a list of"),
        ({"do": "deliver", "items": [], "nonce": -1}, {}, "no uint24"),
        (WORK, {"feed": {"item": "2d"}}, "no batch of 86400 s holds"),
        (WORK, {"feed": {"late": "2d"}}, "unknown 'late'"),
        (WORK, {"feed": FEED, "version": "v2_3"}, "asks pools"),
    ],
)
def test_mistakes_are_one_line(script, parts, told):
    """What an oracle that mainnet feeds has no part in is refused, in words."""
    with pytest.raises(UsageError, match=told):
        on_sidechain(script, setup=FED, **{"feed": FEED, **parts})
