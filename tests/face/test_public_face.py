"""The public face: its names, that it costs nothing to import, and each function on the bundled sample."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import polars as pl
import pytest
from histories import SAMPLE

import keep3r_replay as kr
from pipelines.cli import main

HEAVY = ("polars", "pyarrow", "numpy", "duckdb", "hydra", "web3", "vl_convert")


@pytest.fixture(scope="module")
def lake():
    """The bundled sample."""
    return kr.open_lake()


@pytest.fixture(scope="module")
def results(lake):
    """Its replay, with the ledger."""
    return kr.replay(lake, ledger=True)


def test_every_public_name_is_there_and_documented():
    """`__all__` is sorted, names nothing twice and nothing missing, and each name has a docstring."""
    assert kr.__all__ == sorted(set(kr.__all__))
    for name in kr.__all__:
        found = getattr(kr, name)
        if name != "__version__":
            assert inspect.getdoc(found), name
            assert not inspect.ismodule(found), name
    assert kr.__version__ == version("keep3r-replay")


def test_every_function_is_public():
    """What the face defines and what it names are the same."""
    defined = {
        name
        for module in (kr.api, kr.api_what_if)
        for name, found in vars(module).items()
        if inspect.isfunction(found) and found.__module__ == module.__name__
    }
    assert defined == {name for name in kr.__all__ if inspect.isfunction(getattr(kr, name))}


@pytest.mark.slow
def test_importing_the_package_loads_nothing_that_is_heavy():
    """A fresh interpreter has none of the libraries after the import, and keeps the functions once they are loaded."""
    script = f"""
import sys, keep3r_replay as kr
print([name for name in {HEAVY} if name in sys.modules])
import keep3r_replay.replay.audit, keep3r_replay.warehouse.build, keep3r_replay.what_if.sweep.run
print(callable(kr.replay), callable(kr.warehouse), callable(kr.what_if))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True True True"]


@pytest.mark.slow
def test_a_replay_is_what_the_command_writes(results, tmp_path, capsys):
    """Tables, summary and manifest have the same bytes, and the text is the command's."""
    results.write(tmp_path / "face")
    assert main(["replay", "ledger=true", f"results={tmp_path / 'command'}"]) == 0
    assert str(results) == capsys.readouterr().out.rpartition("\nresults")[0]
    files = {path.name: path.read_bytes() for path in (tmp_path / "command").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "face").iterdir()} == files
    assert results.verdict == "clean"
    assert results.findings == []
    assert results.tables["works"].height == sum(results.summary["works"].values()) == 225


@pytest.mark.slow
def test_a_replay_of_blocks_that_are_not_there_is_refused(lake, tmp_path, capsys):
    """An end after the last block, and a start that leaves none, are wrong usage, and the last block is named."""
    for refused in (
        lambda: kr.replay(lake, until_block=591),
        lambda: kr.replay(lake, start_block=590),
        lambda: kr.what_if(lake, until_block=99_999),
        lambda: kr.sweep(lake, {"fee": [0]}, until_block=591),
    ):
        with pytest.raises(kr.UsageError, match=r"last block (is )?590$"):
            refused()
    results = f"results={tmp_path / 'results'}"
    asked = ["ask", "question=runs_dry", "job=0x6894", "until_block=591"]
    for command in (["replay", results, "until_block=99999"], ["replay", results, "start_block=590"], asked):
        assert main(command) == 2
        assert "last block" in capsys.readouterr().err, command
    assert kr.replay(lake, until_block=590).verdict == "clean"


@pytest.mark.slow
def test_a_state_is_asked_by_subject(lake, results):
    """At the last block a job holds what the tables of the replay say; a subject that is none is refused."""
    last = results.summary["blocks"][1]
    state = kr.state_at(lake, last)
    for row in results.tables["job_states"].iter_rows(named=True):
        assert state.job(row["job"]).get("credits", "0") == str(row["credits"])
    keeper = results.tables["keeper_states"]["keeper"][0]
    assert state.describe(keeper=keeper)["keeper"] == state.keeper(keeper)
    assert set(state.overview())
    with pytest.raises(kr.UsageError):
        state.job("0x" + "00" * 20)
    with pytest.raises(kr.UsageError, match="covers"):
        kr.state_at(lake, last + 1)


@pytest.mark.slow
def test_an_explanation_is_a_row_a_term(lake, results):
    """The last term of a work is what it was paid; hash and log give the same; an unknown transaction is refused."""
    work = results.tables["works"].filter(pl.col("class") == "exact").row(0, named=True)
    terms = kr.explain(lake, work["transaction_hash"])
    mine = terms.filter((pl.col("log_index") == work["log_index"]) & (pl.col("term") == "paid"))
    assert mine["value"].to_list() == [str(work["payment"])]
    assert mine["job"].to_list() == [work["job"]]
    assert kr.explain(lake, (work["block_number"], work["log_index"])).equals(terms)
    with pytest.raises(kr.UsageError, match="no log"):
        kr.explain(lake, "0x" + "00" * 32)


def test_a_what_if_compares_both_sides(lake, results):
    """Without changes nothing differs; with half of the liquidity less is minted; an unknown change is refused."""
    same = kr.what_if(lake)
    assert not same.works["differs"].any()
    assert same.works["payment_baseline"].to_list() == results.tables["works"]["payment"].to_list()
    half = kr.what_if(lake, liquidity_factor="1/2")
    minted = half.jobs.select(pl.col("minted_baseline", "minted_what_if").cast(pl.Int128).sum()).row(0)
    assert 0 < minted[1] < minted[0]
    assert half.keepers.height == same.keepers.height
    assert str(half).startswith("WHAT-IF")
    with pytest.raises(kr.UsageError, match="liquidity_facter"):
        kr.what_if(lake, liquidity_facter="2")


@pytest.mark.slow
def test_a_sweep_is_a_row_a_combination(lake, tmp_path):
    """Each row says what the what-if of its values does, and a folder keeps what is finished."""
    grid = {"liquidity_factor": ["1/2", "1"], "fee": [0]}
    table = kr.sweep(lake, grid, folder=tmp_path / "sweep", workers=2, until_block=300)
    assert table.select("liquidity_factor", "fee").rows() == [("1/2", "0"), ("1", "0")]
    single = kr.what_if(lake, until_block=300, liquidity_factor="1/2", fee=0)
    assert int(table["minted_what_if"][0]) == single.summary["outcome"]["minted_what_if"]
    assert kr.sweep(lake, grid, folder=tmp_path / "sweep", until_block=300).equals(table)


@pytest.mark.slow
def test_a_plain_script_may_sweep(tmp_path):
    """A script without a guard around its work is run once, and has the rows of its sweep."""
    script = tmp_path / "plain.py"
    script.write_text(
        "import keep3r_replay as kr\n"
        "print('begun')\n"
        "table = kr.sweep(kr.open_lake(), {'fee': [0, 1]}, workers=2, until_block=100)\n"
        "print(table['status'].to_list())\n"
        "import __main__\n"
        "print(__main__.__file__ == __file__)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["begun", "['done', 'done']", "True"]
    assert not done.stderr


def test_a_scenario_becomes_a_lake(tmp_path):
    """By name, by file and by content it is the same history, and replays clean; an unknown name is refused."""
    named = kr.simulate("mining", tmp_path / "named")
    assert kr.replay(named).verdict == "clean"
    with pytest.raises(kr.UsageError, match=r"there are .*mining"):
        kr.simulate("minning", tmp_path / "none")


@pytest.mark.slow
def test_a_recording_becomes_a_lake(lake, tmp_path):
    """Importing the bundled recording gives the bundled lake."""
    imported = kr.import_recording(SAMPLE / "recording", tmp_path / "lake")
    assert imported.scan("logs").collect().equals(lake.scan("logs").collect())


@pytest.mark.slow
def test_a_warehouse_answers_in_sql(lake, results):
    """Results in memory are asked as those in a folder, and results without ledger are refused."""
    with kr.warehouse(lake, results) as database:
        assert database.execute("select count(*) from works").fetchone() == (225,)
    with pytest.raises(kr.InputError, match="no ledger"):
        kr.warehouse(lake, kr.replay(lake))


def test_the_package_runs_as_a_module():
    """`python -m keep3r_replay` is the command."""
    done = subprocess.run(
        [sys.executable, "-m", "keep3r_replay", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"keep3r_replay {kr.__version__}\n"
