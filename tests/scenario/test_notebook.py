"""The scripted scenarios of the notebook against the real contracts: event by event, reading by reading, to the wei."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from histories import beside, bundled, name_of

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.real_history import Given
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.scripts import configured, words

SCENARIO_OF = {
    "mining": "mining",
    "mining-twap": "mining_twap",
    "balanced": "balanced",
    "balanced-twap": "balanced_twap",
    "intense": "intense",
    "maxspend": "maxspend",
    "all": "notebook_all",
}
READING = ["block_number", "contract", "view", "arguments", "source"]
NOT_TOLD_BY_2_0 = ("_initialGas",)
"""2.0 sets its gas meter a little before it tells the gas."""


def notebook_recordings():
    """Recordings of the notebook's scenarios, in the repository and beside it, by name."""
    found = {name_of(path): path for path in (*bundled(), *beside()) if "-nb-" in path.name}
    return [pytest.param(path, id=name) for name, path in sorted(found.items())]


class Reproduced:
    """A recording, and the lake of the scripted scenario with the recording's times, base fees, gas and swaps."""

    def __init__(self, recorded, folder) -> None:
        self.recorded = recorded.lake
        self.version, _, name = recorded.recording.name.removeprefix("open-v").partition("-nb-")
        version = "v" + self.version.replace(".", "_")
        self.scenario = configured(SCENARIO_OF[name], version=version, given=self.recorded.path)
        self.simulation = simulate(self.scenario)
        write_lake(self.simulation, folder)
        self.lake = Lake.open(folder)
        self.pool = self.simulation.world.pool().address
        self.jobs = list(self.simulation.world.keep3r.jobs)

    def events(self, lake):
        """The events of Keep3r, of the scenario's pool, and the pair manager's transfers; apart from their index."""
        tables = {}
        for name in lake.manifest.tables():
            if name.startswith(("events/keep3r.", "events/uniswap_v3_pool.", "events/pair_manager.Transfer")):
                frame = lake.scan(name).sort("block_number", "log_index").collect()
                if name.startswith("events/uniswap"):
                    frame = frame.filter(pl.col("address") == self.pool)
                tables[name] = frame.drop("log_index", "transaction_hash")
        return {name: table for name, table in tables.items() if table.height}


@pytest.fixture(scope="module")
def reproduce(audited_recordings, tmp_path_factory):
    """Gives the reproduction of a recording, made once."""
    made = {}

    def get(recording):
        if recording not in made:
            made[recording] = Reproduced(audited_recordings(recording), tmp_path_factory.mktemp("given") / "lake")
        return made[recording]

    return get


@pytest.mark.parametrize("recording", notebook_recordings())
def test_every_event_is_reproduced(recording, reproduce):
    """Each event has the block, the transaction and all values of the recorded one, and there is no other."""
    pair = reproduce(recording)
    expected, made = pair.events(pair.recorded), pair.events(pair.lake)
    assert list(made) == list(expected)
    for name, table in expected.items():
        assert made[name].rows() == table.rows(), name
    assert sum(table.height for table in made.values()) >= 13


@pytest.mark.parametrize("recording", notebook_recordings())
def test_events_of_a_transaction_come_in_the_same_order(recording, reproduce):
    """Within a transaction the events of all contracts stand in the recorded order."""
    pair = reproduce(recording)

    def order(lake):
        names = [name for name in pair.events(lake) if not name.endswith("Mint")]
        frames = [
            lake.scan(name).select("block_number", "transaction_index", "log_index", "address", pl.lit(name)).collect()
            for name in names
        ]
        rows = pl.concat(frames).sort("block_number", "log_index")
        foreign = pl.col("literal").str.contains("uniswap") & (pl.col("address") != pair.pool)
        return rows.filter(~foreign).drop("log_index").rows()

    assert order(pair.lake) == order(pair.recorded)


@pytest.mark.parametrize("recording", notebook_recordings())
def test_every_reading_is_reproduced(recording, reproduce):
    """Each view and storage value that was read of these contracts has the recorded answer."""
    pair = reproduce(recording)
    ours = pair.lake.scan("readings").collect()
    theirs = pair.recorded.scan("readings").collect()
    contracts = {contract.address for contract in pair.recorded.deployment.contracts}
    other_pools = {each.address for each in pair.recorded.deployment.contracts if each.role == "uniswap_v3_pool"}
    other_pools -= {pair.pool}
    theirs = theirs.filter(pl.col("contract").is_in(sorted((contracts - other_pools) | {""})))
    if pair.version == "2.0":
        theirs = theirs.filter(~pl.col("view").is_in(NOT_TOLD_BY_2_0))
        ours = ours.filter(~pl.col("view").is_in(NOT_TOLD_BY_2_0))
    assert ours.sort(READING).rows() == theirs.sort(READING).rows()
    assert ours.height > 4_000


@pytest.mark.parametrize("recording", notebook_recordings())
def test_attempts_fail_where_the_recorded_ones_did(recording, reproduce):
    """A work reverts exactly where the real one did."""
    pair = reproduce(recording)

    def attempts(lake):
        frame = lake.scan("transactions").filter(pl.col("to").is_in(pair.jobs))
        return frame.select("block_number", "transaction_index", "status").collect().rows()

    assert attempts(pair.lake) == attempts(pair.recorded)


@pytest.mark.parametrize("recording", notebook_recordings())
def test_the_reproduction_replays_as_the_recording(recording, reproduce, audited_recordings):
    """Replay is clean, and classes and explains every work as it does the recorded one."""
    pair = reproduce(recording)
    replayed = audit(pair.lake)
    assert replayed.summary["verdict"] == "clean"
    columns = ["block_number", "payment", "class", "computed_payment", "initial_gas", "boost", "one_eth_quote"]
    columns += ["credits_before", "credits_after", "rewards"]
    recorded = audited_recordings(recording).audit.tables["works"]
    assert replayed.tables["works"].select(columns).rows() == recorded.select(columns).rows()


def test_all_scenarios_of_the_notebook_are_recorded():
    """In the repository there are three of them, of three versions; beside it, all of four versions."""
    names = [parameter.id for parameter in notebook_recordings()]
    assert len([path for path in bundled() if "-nb-" in path.name]) == 3
    if beside():
        assert len(names) == 28


@pytest.mark.slow
def test_one_unit_of_gas_is_seen(reproduce, monkeypatch):
    """The comparison is sharp: one unit of gas more in one work gives another payment, and another history after it."""
    pair = reproduce(next(path for path in bundled() if path.name == "open-v2.3-nb-all"))
    retimed = Given.retimed

    def with_more_gas(given, script):
        actions = retimed(given, script)
        first = next(number for number, action in enumerate(actions) if action.call == "work")
        arguments = actions[first].arguments
        changed = {**arguments, "gas_left": arguments["gas_left"] - 1}
        return [*actions[:first], actions[first]._replace(arguments=changed), *actions[first + 1 :]]

    monkeypatch.setattr(Given, "retimed", with_more_gas)
    other = simulate(pair.scenario)
    payments, changed = (words(each, "KeeperWork") for each in (pair.simulation, other))
    assert changed[0][3] > payments[0][3]
    assert changed[1:] == payments[1:]
    assert other.readings != pair.simulation.readings


def test_a_history_that_tells_no_gas_is_refused(audited_recordings):
    """Where a job's transaction is not one work, its gas is not told, and the history is refused."""
    recording = next(path for path in bundled() if path.name == "open-v2.3-fuzz-mixed-101")
    with pytest.raises(UsageError, match="is not one work with its validation"):
        simulate(configured("balanced", given=audited_recordings(recording).lake.path))


@pytest.mark.slow
def test_a_history_of_another_shape_is_refused(reproduce):
    """A scenario that calls more or less than the history holds is refused by name."""
    pair = reproduce(next(path for path in bundled() if path.name == "open-v2.3-nb-all"))
    with pytest.raises(UsageError, match="calls of swap, the scenario 0"):
        simulate(configured("balanced", given=pair.recorded.path))
    with pytest.raises(UsageError, match=r"is of Keep3r 2\.3, the scenario of 2\.2"):
        simulate(configured("notebook_all", version="v2_2", given=pair.recorded.path))
