"""A simulated lake's actors have names in every command, and are asked for by them."""

from __future__ import annotations

import json

import duckdb
import polars as pl
import pytest

from keep3r_replay.lake.address_book import read_book
from keep3r_replay.lake.reader import Lake
from pipelines.cli import main

SCENARIO = "scenario=balanced"


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A folder with a simulated lake and the results of its replay."""
    folder = tmp_path_factory.mktemp("named")
    assert main(["simulate", SCENARIO, f"lake={folder}/lake"]) == 0
    assert main(["replay", f"lake={folder}/lake", f"results={folder}/results", "ledger=true"]) == 0
    return folder


def _answer(capfd, *arguments):
    capfd.readouterr()
    assert main([*arguments]) == 0, capfd.readouterr().err
    return capfd.readouterr().out


@pytest.mark.slow
def test_actors_are_told_and_asked_for_by_name(named, tmp_path, capfd):
    """Statements, questions, states, explanations, what-ifs, SQL and exports all know what the scenario calls them."""
    lake = f"lake={named}/lake"
    book = read_book(named / "lake" / "names.yaml")
    addresses = {name: address for address, name in book.names.items()}
    job = addresses["job"]
    assert Lake.open(named / "lake").deployment.by_address()[addresses["keep3r"]].role == "keep3r"
    assert f"job         job ({job[:10]})" in _answer(capfd, "job", lake, "address=job")
    assert _answer(capfd, "job", lake, "address=job") == _answer(capfd, "job", lake, f"address={job}")
    assert f"keeper ({addresses['keeper'][:10]})" in _answer(capfd, "keeper", lake, f"export={tmp_path}/months.csv")
    exported = pl.read_csv(tmp_path / "months.csv")
    assert dict(exported.select("keeper_name", "keeper").rows()) == {"keeper": addresses["keeper"]}
    assert f"job job ({job[:10]})" in _answer(capfd, "ask", "question=runs_dry", "job=job", lake)
    works = pl.read_parquet(named / "results" / "works.parquet").sort("block_number")
    place = [f"block={works['block_number'][0]}", f"log_index={works['log_index'][0]}"]
    assert f"  job job ({job[:10]})" in _answer(capfd, "explain", lake, *place)
    state = json.loads(_answer(capfd, "state", lake, "job=job", place[0], "results=none"))
    assert state["names"][job] == "job"
    told = _answer(capfd, "replay", "mode=what_if", "overlay.liquidity_job=job", "overlay.liquidity_factor=2", lake,
                   f"results={tmp_path}/what_if")  # fmt: skip
    assert f"liquidity_job=job ({job[:10]})" in told
    database = f"database={tmp_path}/w.duckdb"
    _answer(capfd, "warehouse", lake, f"results={named}/results", database)
    assert "job" in _answer(capfd, "sql", "select distinct name_of(job) as who from works", database).split()
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        assert dict(connection.execute("select address, name from names").fetchall()) == book.names
    (tmp_path / "mine.yaml").write_text(f"{job}: strategy\n")
    _answer(capfd, "warehouse", lake, f"results={named}/results", database, f"names={tmp_path}/mine.yaml")
    assert "strategy" in _answer(capfd, "sql", "select distinct name_of(job) from works", database)


@pytest.mark.slow
def test_a_state_is_asked_for_by_date(named, capfd):
    """The last block that is not after the time; a time that the lake does not tell of is refused."""
    lake = f"lake={named}/lake"
    blocks = Lake.open(named / "lake").scan("blocks").sort("number").collect()
    middle = blocks.row(blocks.height // 2, named=True)
    said = pl.from_epoch(pl.Series([middle["timestamp"] + 59]), time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")[0]
    expected = blocks.filter(pl.col("timestamp") <= middle["timestamp"] + 59)["number"][-1]
    state = json.loads(_answer(capfd, "state", lake, f"at={said}", "results=none"))
    assert state["block"] == expected
    assert main(["state", lake, "at=2031-01-01"]) == 2
    assert "the lake's blocks tell of 2022-" in capfd.readouterr().err
    assert main(["state", lake]) == main(["state", lake, "block=1", "at=2022-01-02"]) == 2


@pytest.mark.slow
def test_a_simulation_leaves_a_persons_book_alone(tmp_path):
    """Playing a scenario again writes its own names anew, and keeps a book that somebody put there."""
    lake = tmp_path / "lake"
    assert main(["simulate", SCENARIO, f"lake={lake}"]) == 0
    written = (lake / "names.yaml").read_text()
    assert main(["simulate", SCENARIO, f"lake={lake}"]) == 0
    assert (lake / "names.yaml").read_text() == written
    (lake / "names.yaml").write_text("0x" + "1" * 40 + ": mine\n")
    assert main(["simulate", SCENARIO, f"lake={lake}"]) == 0
    assert read_book(lake / "names.yaml").names == {"0x" + "1" * 40: "mine"}
    assert main(["verify", f"lake={lake}"]) == 0
