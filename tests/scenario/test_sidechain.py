"""Scenarios on the sidechain: payments in USD that jobs ask for, oracles that the helper names, the escrow of KP3R."""

from __future__ import annotations

import pytest
from audits import audit

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.actors import made_address
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.reckoned import Q96, average_tick, quote, root_price, rows, ticks
from tests.scenario.scripts import configured, played, words

ONE = 10**18
SETUP = [
    {"do": "create_pool", "tick": -22_000},
    {"do": "create_pool", "pool": "usd_pool", "tick": 75_000},
    {"do": "grow_observations", "to": 500},
    {"do": "provide", "liquidity": "9000e18"},
    {"do": "provide", "liquidity": "50000e18", "pool": "usd_pool"},
    {"do": "deposit", "amount": "100e18"},
    {"wait": "12d"},
    {"do": "set_oracle"},
    {"do": "approve_liquidity"},
    {"do": "add_job", "job": "job"},
    {"do": "bond", "amount": "50e18"},
    {"wait": 259_201},
    {"do": "activate"},
    {"do": "mint_liquidity", "amount": "8e18"},
    {"do": "add_liquidity", "job": "job", "amount": "8e18"},
]
WORK = {"do": "work", "gas": 500_000, "usd_per_gas_unit": "2e13"}


def on_sidechain(*script, setup=SETUP, **parts):
    """The simulation of a script on the sidechain's contracts."""
    return simulate(scenario_from({"name": "side", "version": "2.3s", "setup": setup, "script": list(script), **parts}))


def test_works_are_paid_by_the_price_that_the_job_asks(tmp_path):
    """Each payment of the scenario is gas, boost, the job's USD and the average prices of both pools, to the wei."""
    scenario = configured("sidechain", views_every=0)
    simulation = simulate(scenario)
    write_lake(simulation, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    kp3r_weth, weth_usd = (ticks(lake, simulation.world.pool(name).address) for name in ("pool", "usd_pool"))
    called = {action.time: action.arguments for action in schedule(scenario, 432_000).actions if action.call == "work"}
    ((governed,),) = rows(lake, "keep3r_helper.QuoteTwapTimeChange", "timestamp")
    ((unbonded, amount),) = rows(lake, "keep3r.Unbonding", "timestamp", "amount")
    earned, checked = 0, 0
    for now, payment in rows(lake, "keep3r.KeeperWork", "timestamp", "payment"):
        if now in called:
            window, extra = (7_200, 30_000) if now > governed else (86_400, 0)
            # WETH and KP3R are token 0 of their pools: an amount of the other token is worth 1.0001**-tick of them.
            eth = quote(ONE, average_tick(weth_usd, now - window, now))
            one_usd = quote(eth, average_tick(kp3r_weth, now - window, now))
            bonds = 50 * ONE + earned - (amount if now > unbonded else 0)
            boost = 11_000 + 1_000 * bonds // (200 * ONE)
            price = int(called[now]["usd_per_gas_unit"][0]) * 10**13
            assert payment == (called[now]["gas"] + extra) * boost // 10_000 * (one_usd * price) // ONE
            checked += 1
        earned += payment
    assert checked > 15
    assert simulation.world.keep3r.keepers[made_address("keeper")].work_completed == earned


def test_the_escrow_holds_what_is_bonded(tmp_path):
    """An activation puts KP3R into the escrow, a withdrawal takes it out; its reserves are what exceeds the bonds."""
    simulation = on_sidechain(
        {"wait": "6d"}, WORK, {"do": "unbond", "amount": "20e18"}, {"wait": "15d"}, {"do": "withdraw"}, views_every="1d"
    )
    paid = words(simulation, "KeeperWork")[0][3]
    assert [word[2] for word in words(simulation, "wKP3RDeposited")] == [100 * ONE, 50 * ONE]
    assert [word[2] for word in words(simulation, "wKP3RMinted")] == [20 * ONE]
    last = [row for row in simulation.readings if row[2] == "virtualReserves"][-1]
    assert last[4] == str(100 * ONE - paid)
    write_lake(simulation, tmp_path / "lake")
    assert audit(Lake.open(tmp_path / "lake"), ledger=True).summary["verdict"] == "clean"


def test_an_empty_escrow_pays_nothing():
    """A withdrawal of more than the escrow holds reverts, and can be tried again when there is enough."""
    setup = [item for item in SETUP if item.get("do") != "deposit"]
    leave = {"do": "withdraw", "may_revert": True}
    simulation = on_sidechain(
        {"wait": "6d"},
        *([WORK] * 4),
        {"do": "unbond", "amount": "50.1e18"},
        {"wait": "15d"},
        leave,
        {"do": "deposit", "amount": "1e18"},
        leave,
        setup=setup,
    )
    tried = [attempt.revert for attempt in simulation.attempts if attempt.call == "withdraw"]
    assert tried == ["Error(ERC20: transfer amount exceeds balance)", ""]


def test_a_liquidity_is_quoted_by_the_pool_that_the_helper_names():
    """Without an oracle a liquidity can not be approved; one of another pool values it by that pool's price."""
    setup = [item for item in SETUP if item.get("do") != "set_oracle"]
    with pytest.raises(UsageError, match="approve_liquidity reverts with LiquidityPairInvalid"):
        on_sidechain(setup=setup)
    other = [
        {"do": "create_pool", "pool": "far_pool", "tick": -30_000},
        *({**item, "pool": "far_pool"} if item.get("do") == "set_oracle" else item for item in SETUP),
    ]
    pools = {"far_pool": {"tokens": ["kp3r", "dai"]}}
    near, far = on_sidechain(), on_sidechain(setup=other, pools=pools)
    for simulation, tick in ((near, -22_000), (far, -30_000)):
        keep3r = simulation.world.keep3r
        kp3r = Q96 * 8 * ONE // root_price(tick)
        expected = kp3r * keep3r.parameters.reward_period_time // keep3r.parameters.inflation_period
        assert keep3r.jobs[made_address("job")].period_credits == expected


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"do": "work", "gas": 5}, r"work: Keep3r 2\.3s wants the price that the job asks \(usd_per_gas_unit\)"),
        ({**WORK, "payment": 5}, "the payment follows from the gas"),
        ({**WORK, "usd_per_gas_unit": 1.5}, "usd_per_gas_unit: 1.5 is no amount"),
        ({"do": "set_oracle", "pool": "puddle"}, "there is no pool 'puddle'"),
        ({"do": "deposit", "amount": 5, "escrow": "keeper"}, "there is no escrow 'keeper'"),
    ],
)
def test_a_wrong_call_is_named(item, said):
    """What a call of the sidechain asks wrong is told in one line, with its place."""
    with pytest.raises(UsageError, match=said) as caught:
        on_sidechain(item)
    assert "script[0]" in str(caught.value)


def test_calls_of_the_sidechain_are_its_own():
    """On another chain there is no escrow, no oracle to name, and no price of the job's own."""
    for item in ({"do": "deposit", "amount": 5}, {"do": "set_oracle"}, WORK):
        with pytest.raises(UsageError, match="script\\[0\\]"):
            played(item)


def test_a_price_that_a_work_can_not_pay_reverts():
    """A job that asks more USD than its credits are worth reverts, as with any other payment."""
    simulation = on_sidechain({**WORK, "usd_per_gas_unit": "1e18"})
    assert [attempt.revert for attempt in simulation.reverted] == ["InsufficientFunds"]
