"""Simulated lakes: of the layout of any other, replayed clean, the same bytes each time."""

from __future__ import annotations

import hashlib

import pytest
from audits import audit

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from pipelines.cli import main
from tests.scenario.scripts import PLAYED, configured, played, simulated

WORK = {"do": "work", "gas": 300_000}


def digests(folder):
    """SHA-256 of every file by its place."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "version"), PLAYED)
def test_a_simulated_lake_replays_clean(name, version, tmp_path):
    """Every event and every reading of every scenario is predicted, in every version, and the ledger balances."""
    simulation = simulated(name, "v" + version.replace(".", "_"))
    write_lake(simulation, tmp_path / "lake")
    audited = audit(Lake.open(tmp_path / "lake"), ledger=True)
    assert audited.summary["verdict"] == "clean", audited.findings[:3]
    assert audited.summary["readings"]["matched"] == len(simulation.readings) > 1_000
    assert audited.summary["readings"]["undetermined"] == 0
    done = [attempt for attempt in simulation.attempts if not attempt.revert]
    works = [attempt for attempt in done if attempt.call in {"work", "bonded_payment", "token_payment"}]
    assert audited.tables["works"].height == len(works)


@pytest.mark.slow
def test_simulation_and_replay_end_in_the_same_state(tmp_path):
    """What the simulator's model holds at the end is what the replay of its lake arrives at."""
    from audits import keep3r_contracts, replay_contract

    from keep3r_replay.replay.protocol import Options

    simulation = simulated("random_market")
    write_lake(simulation, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    replayed = replay_contract(lake, keep3r_contracts(lake)[0], None, None, Options())
    assert replayed.protocol.state() == simulation.world.protocol.state()


@pytest.mark.parametrize("name", ["random_market", "notebook_all"])
@pytest.mark.slow
def test_the_same_scenario_gives_the_same_bytes(name, tmp_path):
    """Two simulations agree in every file."""
    for folder in ("first", "second"):
        write_lake(simulate(configured(name)), tmp_path / folder)
    first, second = digests(tmp_path / "first"), digests(tmp_path / "second")
    assert first == second
    assert len(first) > 15


@pytest.mark.slow
def test_another_seed_gives_another_history(tmp_path):
    """The seed of the market decides its path."""
    ticks = [
        [log.data for log in simulate(configured("random_market", **{"market.seed": seed})).chain.logs]
        for seed in (1, 2)
    ]
    assert ticks[0] != ticks[1]


@pytest.mark.slow
def test_an_unbroken_chain(tmp_path):
    """Each block names its parent, transactions are told apart, and logs are numbered through within a block."""
    chain = simulated("random_market").chain
    hashes = [block.hash for block in chain.blocks]
    assert [block.parent for block in chain.blocks[1:]] == hashes[:-1]
    assert len({each.hash for each in chain.transactions}) == len(chain.transactions)
    places = [(log.block, log.place) for log in chain.logs]
    assert places == sorted(set(places))
    seen: dict[int, int] = {}
    for log in chain.logs:
        assert log.place == seen.get(log.block, 0)
        seen[log.block] = log.place + 1


def test_several_calls_in_one_block_replay_clean(tmp_path):
    """Without time between calls they share a block, and the replay tells them apart."""
    simulation = played({"wait": "6d"}, WORK, WORK, {"do": "swap", "tick": -21_000}, WORK, block_time=0)
    write_lake(simulation, tmp_path / "lake")
    assert simulation.chain.transactions[-1].index >= 3
    audited = audit(Lake.open(tmp_path / "lake"))
    assert audited.summary["verdict"] == "clean"
    assert audited.tables["works"].height == 3


@pytest.mark.slow
def test_the_command_and_all_that_reads_its_lake(tmp_path, capsys):
    """The command writes lake, trace and charts; replay, report, warehouse, SQL, explain and state work on the lake."""
    lake, results = f"lake={tmp_path / 'lake'}", f"results={tmp_path / 'results'}"
    extras = [f"trace={tmp_path / 'trace'}", f"draw={tmp_path / 'charts'}"]
    assert main(["simulate", "scenario=intense", lake, *extras]) == 0
    assert "simulated intense (Keep3r 2.3)" in capsys.readouterr().out
    assert (tmp_path / "trace" / "views.csv").is_file()
    assert len(list((tmp_path / "charts").glob("credits-0x*.svg"))) == 1
    assert main(["replay", lake, results, "ledger=true"]) == 0
    assert main(["report", results, f"report={tmp_path / 'report.html'}"]) == 0
    database = f"database={tmp_path / 'k.duckdb'}"
    assert main(["warehouse", lake, results, database]) == 0
    assert main(["sql", database, "query=SELECT count(*) AS works FROM works"]) == 0
    assert " 13 " in capsys.readouterr().out
    works = [each for each in simulated("intense").chain.transactions if each.status and len(each.data) == 4]
    assert main(["explain", lake, f"tx=0x{works[-1].hash.hex()}"]) == 0
    assert "exact" in capsys.readouterr().out
    assert main(["state", lake, results, f"block={works[-1].block}"]) == 0
    assert main(["status", lake]) == 0
    assert "from a simulation" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scenario=nosuch"], "no scenario of that name; there are balanced, "),
        ([], "say scenario=NAME"),
        (["scenario=mining", "scenario.versoin=v2_2"], "did you mean 'version'?"),
        (["scenario=mining", "scenario.version=v2_4"], "can not be simulated"),
        (["scenario=mining", "scenario.start=-5"], "is no duration"),
        (["scenario=mining", "scenario.setup=5"], "a list is wanted"),
        (["scenario=mining", "scenario.addresses.job=0x12"], "is no address"),
        (["scenario=mining", "scenario.market.path=lake", "scenario.market.lake=/nowhere"], "no such lake"),
        (["scenario=mining", "scenario.fees.path=up"], "unknown 'up'"),
    ],
)
def test_a_mistake_is_one_line(arguments, said, tmp_path, capsys):
    """What cannot be simulated is refused with one line, and no lake is left behind."""
    assert main(["simulate", f"lake={tmp_path / 'lake'}", *arguments]) in {1, 2}
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_former_simulation_is_replaced_and_nothing_else(tmp_path):
    """A lake of another origin, or a folder of something else, is refused and left as it is."""
    write_lake(played(), tmp_path / "lake")
    write_lake(played(WORK), tmp_path / "lake")
    assert Lake.open(tmp_path / "lake").deployment.origin == "simulation"
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="something other than a simulated lake"):
        write_lake(played(), other)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
