"""Polygon's build of the sidechain's contracts: a dollar of six decimals, and a governor."""

from __future__ import annotations

from audits import audit

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES
from keep3r_replay.protocols.keep3r_v2.events import HELPER_EVENTS, KEEP3R_EVENTS
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.reckoned import average_tick, quote, rows, ticks
from tests.scenario.test_sidechain import SETUP, WORK

ONE = 10**18
USDC_TICK = -201_324
"""75,000, the price of WETH in a dollar of 18 decimals, less the 276,324 ticks of twelve decimals."""
_SETUP = [each | {"tick": USDC_TICK} if each.get("pool") == "usd_pool" and "tick" in each else each for each in SETUP]
_SCRIPT = [
    WORK,
    {"wait": "2h"},
    {"do": "propose_governance", "to": "new_governance"},
    {"do": "accept_governance"},
    {"do": "set_helper_parameter", "name": "wethUSDPool", "value": "usd_pool"},
    WORK,
]


def polygon(**helper: str):
    """The simulation of works before and after governance changed hands, with parameters of the helper."""
    return simulate(
        scenario_from({"name": "polygon", "version": "2.3p", "setup": _SETUP, "script": _SCRIPT, "helper": helper})
    )


def test_works_are_paid_by_a_dollar_of_six_decimals(tmp_path):
    """A payment is gas, boost and the average prices, a dollar being 10**6 of the pool's units, to the wei."""
    simulation = polygon(usdDecimals="6")
    write_lake(simulation, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    kp3r_weth, weth_usd = (ticks(lake, simulation.world.pool(name).address) for name in ("pool", "usd_pool"))
    earned = 0
    for now, payment in rows(lake, "keep3r.KeeperWork", "timestamp", "payment"):
        eth = quote(10**6, average_tick(weth_usd, now - 86_400, now))
        one_usd = quote(eth, average_tick(kp3r_weth, now - 86_400, now))
        boost = 11_000 + 1_000 * (50 * ONE + earned) // (200 * ONE)
        assert payment == 500_000 * boost // 10_000 * (one_usd * 2 * 10**13) // ONE
        earned += payment
    assert earned > 0


def test_governor_and_decimals_are_followed(tmp_path):
    """Another governor, another pool with its decimals: the replay of what the simulation logged is clean."""
    write_lake(polygon(usdDecimals="6"), tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    assert rows(lake, "keep3r_helper.WethUSDPoolChange", "usd_decimals") == [(6,)]
    assert len(rows(lake, "keep3r.PendingGovernorAccepted", "governance")) == 1
    audited = audit(lake)
    assert [finding.kind for finding in audited.findings] == []


def test_the_build_differs_from_optimism_s_in_names_and_decimals_alone():
    """Rules and events of both sidechains are the same but for governance and the WETH/USD pool's event."""
    assert {name for name in RULES["2.3p"].__slots__ if _differ(RULES, name)} == {"has_governor"}
    assert {name for name in HELPER_RULES["2.3p"].__slots__ if _differ(HELPER_RULES, name)} == {
        "has_governor",
        "has_usd_decimals",
    }
    for events, own in (
        (KEEP3R_EVENTS, set()),
        (HELPER_EVENTS, {"WethUSDPoolChange(address,bool,uint8)"}),
    ):
        optimism, polygon_s = ({each.signature for each in events[version]} for version in ("2.3s", "2.3p"))
        governor = {"PendingGovernorSet(address,address)", "PendingGovernorAccepted(address)"}
        assert polygon_s - optimism == governor | own


def _differ(rules, name):
    return getattr(rules["2.3p"], name) != getattr(rules["2.3s"], name)
