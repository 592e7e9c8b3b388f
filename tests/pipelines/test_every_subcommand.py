"""The bundled sample through every subcommand, one after the other, as a newcomer would."""

from __future__ import annotations

import json
from functools import cache

from histories import SAMPLE

from keep3r_replay.lake.reader import Lake
from pipelines.cli import SUBCOMMANDS, main


@cache
def work():
    """A work of the sample: its transaction, job and keeper."""
    works = Lake.open(SAMPLE / "lake").scan("events/keep3r.KeeperWork").collect()
    return works.row(len(works) // 2, named=True)


STEPS = {
    "import": (["recording={sample}/recording", "lake=lake"], "lake"),
    "status": (["lake=lake"], "readings: 144,974 rows"),
    "verify": (["lake=lake"], "whole: 62 files"),
    "replay": (["lake=lake", "results=results", "ledger=true"], "CLEAN"),
    "findings": (["results=results", "lake=lake"], "nothing was found"),
    "compare": (["results=results,results"], "the results are the same"),
    "state": (["lake=lake", "block=390", "job={job}"], '"listed": true'),
    "explain": (["lake=lake", "tx={transaction_hash}"], "payment"),
    "job": (["lake=lake", "address={job}"], "runs dry"),
    "keeper": (["lake=lake", "address={keeper}"], "{keeper}"),
    "overpaid": (["lake=lake"], "not by the formula"),
    "ask": (["question=runs_dry", "lake=lake", "job={job}"], "{job}"),
    "warehouse": (["lake=lake", "results=results", "database=db.duckdb"], "db.duckdb"),
    "sql": (["select count(*) as works from works", "database=db.duckdb"], "225"),
    "audit": (["audits", "database=db.duckdb"], "8 audits: 0 with rows"),
    "report": (["results=results", "report=report.html"], "report.html"),
    "simulate": (["scenario=mining", "lake=simulated"], "simulated"),
}


def test_the_sample_goes_through_every_subcommand(tmp_path, monkeypatch, capfd):
    """Each ends with 0 and says what it should; those that need a node or two lakes have tests of their own."""
    assert set(SUBCOMMANDS) == {*STEPS, "update", "extract", "join", "prove", "rehearse"}
    monkeypatch.chdir(tmp_path)
    for name, (arguments, says) in STEPS.items():
        values = {**work(), "sample": SAMPLE}
        assert main([name, *(each.format(**values) for each in arguments)]) == 0, capfd.readouterr().err
        assert says.format(**values) in capfd.readouterr().out, name
    assert json.loads((tmp_path / "results" / "summary.json").read_text())["verdict"] == "clean"
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
