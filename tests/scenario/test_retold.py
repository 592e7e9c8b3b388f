"""Recorded histories of the real contracts, told again as scripts: the simulation leaves the same events and readings.

The fuzzed recordings call every function of every version: with two liquidities in pools of either token order, with a
token that keeps a part of each transfer, with the sidechain's escrow, oracles and prices in USD.
"""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from histories import beside, bundled, name_of

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario import simulator
from keep3r_replay.protocols.keep3r_v2.scenario.real_history import Given
from keep3r_replay.protocols.keep3r_v2.scenario.script import VERSIONS
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.retold import Retelling, told_events

pytestmark = pytest.mark.slow

TAKES_A_FEE = {"0x" + "66" * 20: 100}
"""A token of the recordings keeps one part in a hundred of every transfer."""
PLACES = {"log_index", "transaction_index", "transaction_hash"}
"""Columns that differ: a recorded transaction may make several calls, which a script makes one by one."""
READING = ["block_number", "contract", "view", "arguments", "source"]
NEVER_RECORDED = {"2.3g", "2.3p"}
"""Builds that differ from 2.3 and 2.3s in a governor, and were seen on Polygon's public records only."""
UNTOLD_VIEWS = {"_initialGas", "virtualReserves"}
"""Readings that a replay may leave undetermined: a meter set in silence, the balance of a foreign escrow."""


def fuzzed(recordings):
    """Those of the recordings that are of random calls, by name."""
    found = {name_of(path): path for path in recordings if is_fuzzed(path)}
    return [pytest.param(path, id=name) for name, path in sorted(found.items())]


def is_fuzzed(path):
    """Whether a recording is one of random calls; so is the sample."""
    return "-fuzz-" in path.name or name_of(path) == "sample"


class Retold:
    """A recording, and the lake of its calls as a script."""

    def __init__(self, recorded, folder, token_fees=TAKES_A_FEE) -> None:
        self.recorded = recorded.lake
        self.audit = recorded.audit
        retelling = Retelling(recorded.lake, recorded.audit.tables["works"], token_fees)
        given = retelling.given()
        with pytest.MonkeyPatch.context() as patch:
            # Blocks and readings are the recording's; the calls and their times are the script's own.
            patch.setattr(simulator, "read_given", lambda _scenario: given)
            patch.setattr(Given, "retimed", lambda _given, script: list(script))
            self.simulation = simulator.simulate(retelling.scenario(str(recorded.lake.path)))
        write_lake(self.simulation, folder)
        self.lake = Lake.open(folder)


def events(lake):
    """What is compared: block, table and columns of every event that a script should leave."""
    return [
        (block, table, {name: row[name] for name in row if name not in PLACES})
        for block, table, row in told_events(lake)
    ]


@pytest.fixture(scope="module")
def retell(audited_recordings, tmp_path_factory):
    """Gives the retelling of a recording, made once."""
    made = {}

    def get(recording):
        if recording not in made:
            made[recording] = Retold(audited_recordings(recording), tmp_path_factory.mktemp("retold") / "lake")
        return made[recording]

    return get


@pytest.mark.parametrize("recording", fuzzed((*beside(), *bundled())))
def test_the_script_leaves_the_recorded_events(recording, retell):
    """Each event of Keep3r, helpers, pools, liquidity tokens and escrow comes in its block, in order, to the wei."""
    pair = retell(recording)
    expected, made = events(pair.recorded), events(pair.lake)
    assert len(expected) > 600
    assert made == expected
    assert pair.simulation.reverted == []


@pytest.mark.parametrize("recording", fuzzed((*beside(), *bundled())))
def test_the_script_leaves_the_recorded_readings(recording, retell):
    """Each view and storage value of every block that a replay determines has the recorded answer."""
    pair = retell(recording)
    ours, theirs = (lake.scan("readings").collect() for lake in (pair.lake, pair.recorded))
    both = ours.join(theirs, on=READING, suffix="_recorded")
    counts = pair.audit.summary["readings"]
    assert both.height == ours.height == counts["compared"]
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_recorded")) for name in ("value", "revert"))
    differing = both.filter(~same)
    assert set(differing["view"]) <= UNTOLD_VIEWS
    assert differing.height == counts["undetermined"]


@pytest.mark.parametrize("recording", fuzzed(bundled()))
def test_the_retold_lake_replays_clean(recording, retell):
    """The replay of the simulated lake finds nothing, and the same works paid the same.

    2.0 and 2.1 measure what a work costs: the second of a batch, told as a transaction of its own, was paid for less
    gas than that takes, and nothing but such payments may be found.
    """
    pair = retell(recording)
    replayed = audit(pair.lake)
    works = pair.audit.tables["works"]
    batched = works.filter(pl.col("transaction_hash").is_duplicated() & (pl.col("explanation") == "interval"))
    amounts = {(block, str(paid)) for block, paid in batched.select("block_number", "payment").iter_rows()}
    found = {(finding.block_number, finding.observed) for finding in replayed.findings}
    assert found <= amounts, replayed.findings[:3]
    assert {finding.kind for finding in replayed.findings} <= {"payment_mismatch"}
    assert (replayed.summary["verdict"] == "clean") == (not found)
    columns = ["block_number", "job", "keeper", "credit", "payment", "credits_before", "credits_after", "rewards"]
    assert replayed.tables["works"].select(columns).rows() == pair.audit.tables["works"].select(columns).rows()


def test_what_a_token_keeps_is_seen(audited_recordings, tmp_path):
    """The comparison is sharp: a token that kept one part in 10,000 less would leave other amounts, and only those."""
    recording = next(path for path in bundled() if path.name == "open-v2.3s-fuzz-mixed-101")
    other = Retold(audited_recordings(recording), tmp_path / "lake", dict.fromkeys(TAKES_A_FEE, 99))
    differing = [made[1] for made, told in zip(events(other.lake), events(other.recorded), strict=True) if made != told]
    assert {"events/keep3r.TokenCreditAddition", "events/keep3r.Bonding"} <= set(differing)
    assert "events/keep3r.LiquidityCreditsReward" not in differing


def test_every_version_is_retold():
    """The recordings in the repository are of every version that was recorded, the sidechain's among them."""
    names = {name_of(path).split("-")[0] for path in bundled() if is_fuzzed(path)}
    assert names >= {f"v{version}" for version in VERSIONS if version not in NEVER_RECORDED}
