"""What-ifs where mainnet feeds the price: shifted, scaled, another market; reckoned from the market and its delays."""

from __future__ import annotations

import re

import polars as pl
import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from pipelines.cli import main
from tests.scenario.fed import ONE, Work, arrivals, known_at, mean, payment, walked, works_of
from tests.scenario.scripts import configured

HOUR, DAY, FIRST, DOLLAR = 3_600, 86_400, -22_000, 75_000


class Reckoned:
    """A simulated history on an oracle, and what its works are paid on any market."""

    def __init__(self, folder):
        # All the window of one day, and so much liquidity that no work lacks credits.
        scenario = configured("sidechain_fed", views_every=0)
        script = [each for each in scenario.script if each.get("do") not in {"set_helper_parameter", "burn_liquidity"}]
        content = scenario.__dict__ | {"script": tuple(script)}
        self.scenario = type(scenario)(**content)
        laid_out = schedule(self.scenario, 432_000)
        self.calls = {action.time: action.arguments for action in laid_out.actions if action.call == "work"}
        self.ready, self.founded = laid_out.ready, laid_out.actions[0].time
        self.market = walked(self.ready, FIRST, 8, 200, 5 * HOUR, 30 * DAY)
        self.arrived = arrivals(self.market, self.ready, laid_out.end)
        self.simulation = simulate(self.scenario)
        write_lake(self.simulation, folder)
        self.lake = Lake.open(folder)
        self.base = baselines(self.lake, None)[0]

    def paid(self, changed, dollar=((0, DOLLAR),)):
        """What each work is paid if `changed(start, end, tick)` is the mean tick of an item, and `dollar` the path."""
        first = (self.founded - 4 * HOUR, changed(self.founded - 4 * HOUR, self.ready, FIRST))
        arrived = [
            each._replace(items=[(start, changed(start, start + 4 * HOUR, tick)) for start, tick in each.items])
            for each in self.arrived
        ]
        earned, found = 0, []
        for now, _ in works_of(self.lake):
            usd = int(self.calls[now]["usd_per_gas_unit"][0]) * 10**13
            path = known_at(first, arrived, now)
            found.append(payment(Work(self.calls[now]["gas"], usd, DAY), 50 * ONE + earned, path, list(dollar), now))
            earned += found[-1]
        return found


@pytest.fixture(scope="module")
def reckoned(tmp_path_factory):
    """One history for all."""
    return Reckoned(tmp_path_factory.mktemp("fed") / "lake")


def payments(run):
    """Of a what-if's works, which all succeed."""
    assert {work.status for work in run.works.done} == {"paid"}
    return [work.payment for work in run.works.done]


@pytest.mark.parametrize(("scale", "numerator", "denominator", "shift"), [("1", 1, 1, -300), ("1.02", 51, 50, 7)])
def test_every_item_is_changed(reckoned, scale, numerator, denominator, shift):
    """Each payment is that of the changed items, and of the pool of the dollar, whose ticks are changed as well."""
    run = what_if(reckoned.base, Overlay(tick_scale=scale, tick_shift=shift))

    def change(tick):
        return tick * numerator // denominator + shift

    assert payments(run) == reckoned.paid(lambda _start, _end, tick: change(tick), [(0, change(DOLLAR))])


def test_a_change_arrives_as_late_as_its_feed(reckoned):
    """From a block on: items that begin before its time stay, while the chain's own pool is another at once."""
    history = reckoned.base.history
    block = history.blocks[len(history.blocks) * 2 // 3]
    since = history.time_from(block)
    run = what_if(reckoned.base, Overlay(tick_shift=250, market_from_block=block))

    def shifted(start, _end, tick):
        return tick + 250 if start >= since else tick

    expected = reckoned.paid(shifted, [(0, DOLLAR), (since, DOLLAR + 250)])
    assert payments(run) == expected
    assert expected != reckoned.paid(shifted)


def test_its_own_market_is_the_identity(reckoned):
    """An oracle that follows itself is as it was: works, credits and state."""
    run = what_if(reckoned.base, Overlay(market_pool=contract(reckoned, "sidechain_oracle")))
    assert payments(run) == [each.paid for each in reckoned.base.measured]
    assert [(work.credits_before, work.credits_after) for work in run.works.done] == reckoned.base.credits_around
    assert dump(run.protocol.keep3r) == reckoned.base.state


@pytest.mark.slow
def test_another_market_is_observed_as_mainnet_s_feed_does(reckoned, tmp_path, capsys):
    """Items take the means of a pool that traded elsewhere, of other order or not; from too short a market, none."""
    assert main(["simulate", "scenario=random_market", f"lake={tmp_path / 'walk'}", "scenario.market.for=60d"]) == 0
    other = Lake.open(tmp_path / "walk")
    pool = next(each.facts["pool"] for each in other.deployment.contracts if each.role == "pair_manager")
    parts = [
        pl.read_parquet(other.path / "events" / f"uniswap_v3_pool.{event}" / "*.parquet")
        .filter(pl.col("address") == pool)
        .select("block_number", "log_index", "timestamp", "tick")
        for event in ("Initialize", "Swap")
    ]
    path = pl.concat(parts).sort("block_number", "log_index").select("timestamp", "tick").rows()
    ahead = path[0][0] - (reckoned.founded - 4 * HOUR)
    changes = {"market_lake": str(other.path), "market_pool": pool, "market_offset": "align", "tick_shift": 5}
    run = what_if(reckoned.base, Overlay(**changes))

    def observed(start, end, _tick):
        return mean([(time - ahead, tick) for time, tick in path], start, end) + 5

    expected = reckoned.paid(observed, [(0, DOLLAR + 5)])
    assert payments(run) == expected
    with pytest.raises(UsageError, match="needs the market from"):
        what_if(reckoned.base, Overlay(**{**changes, "market_offset": str(ahead + 40 * DAY)}))


@pytest.mark.slow
def test_unknown_batches_have_no_what_if(reckoned, tmp_path, capsys):
    """Where no input tells a batch the command says so in one line, and until when the prices are known."""
    lake = tmp_path / "lake"
    receiver = contract(reckoned, "data_receiver")
    for sent in reckoned.simulation.chain.transactions[10:]:
        if sent.to == receiver:
            sent.data = sent.data[:4]
    write_lake(reckoned.simulation, lake)
    assert main(["replay", "mode=what_if", f"lake={lake}", f"results={tmp_path / 'results'}", "overlay.fee=5"]) == 2
    told = capsys.readouterr().err
    assert "nothing tells what was fed to oracle" in told
    block = int(re.search(r"until_block=(\d+)", told)[1])
    until = f"until_block={block}"
    assert (
        main(["replay", "mode=what_if", f"lake={lake}", f"results={tmp_path / 'results'}", "overlay.fee=5", until]) == 0
    )


def contract(reckoned, role):
    """The address of the only contract of a role."""
    (address,) = (each.address for each in reckoned.lake.deployment.contracts if each.role == role)
    return address
