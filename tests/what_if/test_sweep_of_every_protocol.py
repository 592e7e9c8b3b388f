"""Sweeps know no protocol: whoever offers what-ifs can be swept, by both engines."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.what_if.history import numbers
from pipelines.cli import main

KUMA, KEEP3R_V1 = DATA / "open-kuma-clean-1", DATA / "open-v1-gov-305"
SWEPT = {
    KUMA: (["overlay.expire=all", "overlay.expire_at=maturity,deadline"], {"expire": "all"}, "expire_at", "burned"),
    KEEP3R_V1: (["overlay.fee=30", "overlay.feed_factor='1/2','2'"], {"fee": 30}, "feed_factor", "paid"),
}
"""By recording: the command's arguments, the change of all scenarios, the change swept over, what the chart shows."""


@pytest.fixture(scope="module", params=SWEPT, ids=["kuma", "keep3r_v1"])
def swept(request, tmp_path_factory):
    """A sweep of two scenarios, from the command line: the recording, its lake and the folder."""
    lake, folder = imported(request.param), tmp_path_factory.mktemp("sweep") / "results"
    arguments = SWEPT[request.param][0]
    assert main(["replay", "-m", f"lake={lake}", f"results={folder}", "tables=true", *arguments]) == 0
    return request.param, lake, folder


def test_each_row_is_the_single_what_if(swept):
    """The numbers of every scenario are those that the same what-if alone comes to, and differ between scenarios."""
    recording, lake, folder = swept
    _, fixed, name, shown = SWEPT[recording]
    table = pl.read_parquet(folder / "sweep.parquet")
    assert table["status"].to_list() == ["done", "done"]
    assert table[f"{shown}_what_if"].n_unique() == 2
    assert (folder / f"sweep-{shown}_what_if.svg").read_text().startswith("<svg ")
    for row in table.iter_rows(named=True):
        alone = kr.what_if(kr.open_lake(lake), **fixed, **{name: row[f"overlay.{name}"]})
        wanted = numbers(alone.summary["outcome"])
        assert {column: int(row[column]) for column in wanted} == wanted


def test_a_scenarios_folder_is_that_of_the_same_single_what_if(swept, tmp_path):
    """To the byte, with all tables; what is finished is never run again."""
    recording, lake, folder = swept
    arguments, _, name, _ = SWEPT[recording]
    table = pl.read_parquet(folder / "sweep.parquet")
    value, scenario = table[f"overlay.{name}"][0], table["scenario"][0]
    single = ["replay", "mode=what_if", f"lake={lake}", f"results={tmp_path / 'one'}", arguments[0]]
    assert main([*single, f"overlay.{name}='{value}'"]) == 0
    folders = (tmp_path / "one", folder / scenario)
    one, many = ({path.name: path.read_bytes() for path in each.iterdir()} for each in folders)
    assert one == many


def test_what_is_finished_is_not_run_again(swept, capsys):
    """The same command finds the former scenarios by their names."""
    recording, lake, folder = swept
    assert main(["replay", "-m", f"lake={lake}", f"results={folder}", "tables=true", *SWEPT[recording][0]]) == 0
    assert "0 run, 2 from earlier runs, 0 failed" in capsys.readouterr().out


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_folders(swept, tmp_path):
    """Whatever a baseline holds, it travels to the workers of a cluster, and the results have the same bytes."""
    recording, lake, folder = swept
    arguments = [f"lake={lake}", f"results={tmp_path / 'dask'}", "tables=true", "engine=dask"]
    assert main(["replay", "-m", *arguments, *SWEPT[recording][0]]) == 0
    files = [
        {path.relative_to(each): path.read_bytes() for path in each.rglob("*.*")}
        for each in (tmp_path / "dask", folder)
    ]
    assert files[0] == files[1]


def test_lakes_of_two_protocols_are_not_swept_together(tmp_path, capsys):
    """They have no outcome in common: one line that names both."""
    lakes = f"lake={imported(KUMA)},{imported(KEEP3R_V1)}"
    assert main(["replay", "-m", lakes, f"results={tmp_path / 'sweep'}"]) == 2
    assert capsys.readouterr().err == (
        "keep3r: error: lake: a sweep is of one protocol, these are of KUMA and Keep3r V1\n"
    )
