"""Many seeds of a scenario: each run is the scenario with other seeds, and quantiles are values of runs."""

from __future__ import annotations

import polars as pl
import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.scenario.seeds import of_run, outcomes, quantile, spreads
from pipelines.cli import main


def test_a_run_moves_every_seed_and_nothing_else():
    """By a million a run, wherever it stands, so that paths of one run never are another's."""
    script = {"market": {"seed": 7, "step": 400}, "script": [{"repeat": {"seed": 1}}], "name": "x"}
    wanted = {"market": {"seed": 3_000_007, "step": 400}, "script": [{"repeat": {"seed": 3_000_001}}], "name": "x"}
    assert of_run(script, 3) == wanted
    with pytest.raises(UsageError, match="no whole number"):
        of_run({"seed": "7"}, 1)


def test_quantiles_are_of_the_nearest_rank():
    """Of twenty values the 5 % quantile is the first and the 95 % the nineteenth; the mean rounds half to even."""
    values = list(range(10, 210, 10))
    assert [quantile(values, percent) for percent in (5, 25, 50, 75, 95)] == [10, 50, 100, 150, 190]
    assert quantile([3], 5) == quantile([3], 95) == 3
    (row,) = spreads([{"x": 1}, {"x": 2}])
    assert (row.least, row.quantiles, row.most, row.mean) == (1, (1, 1, 1, 2, 2), 2, 2)
    assert spreads([{"x": -1}, {"x": -2}])[0].mean == -2


def test_what_cannot_be_played_often_is_refused():
    """No seeds, too many, none to draw with."""
    for seeds, script in ((0, {"seed": 1}), (10**6, {"seed": 1}), (3, {"market": {"path": "constant"}})):
        with pytest.raises(UsageError, match="seeds"):
            outcomes(script, seeds, lambda _: {"x": 1}, 1, lambda *_: None)


@pytest.mark.slow
def test_a_run_is_what_its_lake_replays_to(tmp_path, capfd):
    """The second run, simulated alone and replayed with a ledger, comes to the same works and the same wei."""
    runs = tmp_path / "runs.parquet"
    overrides = ["scenario=random_market", "scenario.market.for=10d"]
    assert main(["simulate", *overrides, "seeds=2", f"export={runs}"]) == 0
    assert "2 runs" in capfd.readouterr().out
    (run,) = pl.read_parquet(runs).filter(pl.col("run") == 2).rows(named=True)
    lake, results = tmp_path / "lake", tmp_path / "results"
    alone = ["scenario.market.seed=2000007", "scenario.fees.seed=2000011"]
    assert main(["simulate", *overrides, *alone, f"lake={lake}"]) == 0
    assert main(["replay", f"lake={lake}", f"results={results}", "ledger=true"]) == 0
    works = pl.read_parquet(results / "works.parquet")
    paid = works.filter(pl.col("class") != "token_payment")["payment"].cast(pl.Int128).sum()
    ledger = pl.read_parquet(results / "ledger.parquet")
    sums = dict(ledger.group_by("kind").agg(pl.col("amount").cast(pl.Int128).sum()).rows())
    minted = sum(amount for kind, amount in sums.items() if kind.startswith("minted"))
    held = pl.read_parquet(results / "job_states.parquet")["credits"].cast(pl.Int128).sum()
    wanted = {"works": works.height, "paid": paid, "minted": minted, "expired": -sums["expired"], "credits": held}
    assert {name: int(run[name]) for name in wanted} == wanted


@pytest.mark.slow
def test_processes_make_no_difference(tmp_path):
    """One process and two give the same table; a jittered repeat is another history for every seed."""
    script = tmp_path / "mine.yaml"
    script.write_text(
        """
name: jittered
version: v2_3
setup:
  - {do: create_pool, tick: -22000}
  - {do: grow_observations, to: 500}
  - {do: provide, liquidity: "9000e18"}
  - {wait: 12d}
  - {do: approve_liquidity}
  - {do: add_job, job: job}
  - {do: bond}
  - {wait: 73h}
  - {do: activate}
  - {do: mint_liquidity, amount: "4e18"}
  - {do: add_liquidity, job: job, amount: "4e18"}
script:
  - repeat: {every: 40h, for: 10d, jitter: 20h, seed: 5, do: [{do: work, gas: 600000}]}
"""
    )
    for workers in (1, 2):
        command = ["simulate", f"scenario={script}", "seeds=5", f"workers={workers}"]
        assert main([*command, f"export={tmp_path}/{workers}.csv"]) == 0
    one, two = ((tmp_path / f"{workers}.csv").read_bytes() for workers in (1, 2))
    assert one == two
    assert pl.read_csv(tmp_path / "1.csv", infer_schema=False)["minted"].n_unique() > 1
