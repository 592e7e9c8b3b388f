"""What a sweep may go over, and what each point of it is."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import product

import polars as pl
import pytest
from histories import SAMPLE
from hydra import initialize_config_dir

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.report.sweep_chart import sweep_chart
from keep3r_replay.what_if.sweep.table import FIXED
from pipelines.cli import main
from pipelines.config import CONF, load_config
from pipelines.overrides import sweeps
from pipelines.replay_config import NOT_SWEPT, ReplayConfig
from pipelines.sweeping import Combinations, combined

LAKE = SAMPLE / "lake"
WHAT_IFS = PROTOCOL.what_ifs


def _points(*arguments):
    """The points of a sweep's command line."""
    swept = [each for each in arguments if sweeps(each)]
    fixed = [each for each in arguments if each not in swept]
    config = load_config("replay", ReplayConfig, fixed, summary="")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        made = Combinations("replay", config, fixed)
        return [made.point(each) for each in combined(swept)]


def test_hydras_grammar_of_sweeps_is_understood():
    """Choices, ranges, globs and quoted text sweep; a plain value, a list and what is quoted as a whole do not."""
    swept = {
        "lake=a,b/c": ["a", "b/c"],
        "until_block=100,null": [100, None],
        "overlay.tick_shift=range(0,30,10)": [0, 10, 20],
        "overlay.liquidity_factor='1/2','2'": ["1/2", "2"],
        "overlay.bonds=[],[{keeper:'0x1',add:1}]": [[], [{"keeper": "0x1", "add": 1}]],
        "overlay=glob(*expires)": ["nothing_expires"],
    }
    for argument, values in swept.items():
        name = argument.partition("=")[0]
        assert [point.values for point in _points(argument)] == [{name: value} for value in values]
    for argument in ("overlay.fee=30", "overlay.drop_works=[0x1,0x2]", "results='x,y'", "overlay.fee=1,("):
        assert not sweeps(argument)


def test_a_point_is_the_configuration_with_its_values():
    """Every combination once, the last name's values changing fastest; the rest of the command line holds for all."""
    fixed = ["overlay.min_boost=5", "ledger=true", "overlay.max_boost=7", "names=n"]
    made = _points(*fixed, "lake=a,b", "overlay.fee=1,2", "until_block=null,7")
    assert len(made) == 8
    assert [point.values["until_block"] for point in made[:2]] == [None, 7]
    config = made[-1].config
    assert (config.lake, config.until_block, config.ledger, config.names) == ("b", 7, True, "n")
    assert config.overlay == {"fee": 2, "min_boost": 5, "max_boost": 7}


def test_a_point_is_what_it_is_alone_whatever_came_before():
    """Values of a point stay out of the next one: numbers, null, lists that take another's place, groups."""
    swept = (
        "overlay=nothing_expires,half_liquidity",
        "overlay.bonds=[],[{keeper:'0x1',add:1}]",
        "overlay.fee=3,1",
        "until_block=null,7",
    )
    made = _points(*swept)
    assert len(made) == 16
    for point, words in zip(made, product(*(_said(each) for each in swept)), strict=True):
        assert point.config.overlay == load_config("replay", ReplayConfig, words, summary="").overlay
        assert point.config.until_block == point.values["until_block"]


def _said(swept):
    """An override with several values as overrides with one."""
    name, _, values = swept.partition("=")
    return [f"{name}={value}" for value in re.split(r",(?![^\[{]*[\]}])", values)]


def test_overlays_are_swept_over_by_name_and_by_file(tmp_path):
    """Single changes of the command line come before the file's, and values swept over before both."""
    file = tmp_path / "mine.yaml"
    file.write_text("fee: 9\nmin_boost: 9\nmax_boost: 9\n")
    made = _points("overlay.min_boost=5", f"overlay=nothing_expires,{file}", "overlay.fee=1,2")
    assert [point.config.overlay for point in made[::2]] == [
        {"fee": 1, "min_boost": 5, "expiry": "none"},
        {"fee": 1, "min_boost": 5, "max_boost": 9},
    ]
    assert made[-1].values == {"overlay": str(file), "overlay.fee": 2}


@pytest.mark.parametrize("name", sorted(NOT_SWEPT))
def test_what_changes_no_what_if_is_not_swept_over(name, capsys):
    """The error names the setting."""
    assert main(["replay", "-m", f"{name}=a,b"]) == 2
    assert f"error: {name} cannot be swept over" in capsys.readouterr().err


def test_no_setting_is_named_like_a_column_of_every_sweep():
    """Settings swept over are columns by their own name, which are to be told from the outcomes."""
    names = {each.name for each in fields(ReplayConfig)}
    assert names.isdisjoint({*FIXED, *WHAT_IFS.measured})
    assert names >= NOT_SWEPT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("until_block=1,soon", "setting 'until_block' has a value of the wrong type"),
        ("overlay.market_lake=nowhere,/nor/here", "no such lake"),
        ("overlay=interval(1,2)", "overlay sweeps over a,b,c"),
        ("overlay=half_liquidity,missing.yaml", "missing.yaml: cannot be read"),
        ("lake=nowhere,/nor/here", "no such lake"),
        ("overlay.fee=1,(", "'overlay.fee' has characters that are no plain value"),
        ("workers=1,2", "workers cannot be swept over"),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(argument, says, tmp_path, capsys):
    """One line, no folder."""
    assert main(["replay", "-m", f"results={tmp_path / 'sweep'}", argument]) in {1, 2}
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "sweep").exists()


@pytest.mark.slow
def test_a_folder_of_a_sweep_is_that_of_the_same_single_what_if(tmp_path):
    """To the byte, with all tables and ledger, from a beginning in mid-history too."""
    assert main(["replay", f"lake={LAKE}", f"results={tmp_path / 'audit'}", "snapshot_every=100"]) == 0
    same = [f"lake={LAKE}", f"resume={tmp_path / 'audit'}", "overlay.expiry=none", "ledger=true"]
    many = [f"results={tmp_path / 'many'}", "resume_block=200,300", "tables=true"]
    assert main(["replay", "-m", *same, *many]) == 0
    table = pl.read_parquet(tmp_path / "many" / "sweep.parquet")
    for block, name in zip(table["resume_block"], table["scenario"], strict=True):
        one = tmp_path / block
        assert main(["replay", "mode=what_if", *same, f"resume_block={block}", f"results={one}"]) == 0
        folders = (one, tmp_path / "many" / name)
        assert len({tuple((path.name, path.read_bytes()) for path in sorted(each.iterdir())) for each in folders}) == 1


def test_a_chart_names_folders_by_their_last_parts():
    """Where those tell them apart; fractions and plain names stay as they are."""
    rest = {name: [1, 1] for name in (*FIXED, *WHAT_IFS.measured) if name != "status"}
    table = pl.DataFrame({"lake": ["/far/away/one", "/far/off/two"], "overlay.fee": ["1/2", "1/3"], **rest})
    chart = sweep_chart(table.with_columns(status=pl.lit("done")), "paid", WHAT_IFS).decode()
    assert ">one<" in chart
    assert "/far/" not in chart
    assert "fee=1/2" in chart
    same = table.with_columns(lake=pl.Series(["/far/away/one", "/far/off/one"]), status=pl.lit("done"))
    assert ">/far/off/one<" in sweep_chart(same, "paid", WHAT_IFS).decode()


@pytest.mark.slow
def test_lakes_and_ranges_are_columns_by_their_names(tmp_path):
    """Each row is of its own lake and range, a lake's scenarios without an overlay are its history itself."""
    sweep = tmp_path / "sweep"
    lakes = ",".join(str(path) for path in (LAKE, tmp_path / "twin"))
    (tmp_path / "twin").symlink_to(LAKE)
    arguments = [f"lake={lakes}", "until_block=300,null", "overlay.expiry=contract"]
    assert main(["replay", "-m", f"results={sweep}", *arguments]) == 0
    table = pl.read_parquet(sweep / "sweep.parquet")
    assert table["lake"].to_list() == [str(LAKE)] * 2 + [str(tmp_path / "twin")] * 2
    assert table["until_block"].to_list() == ["300", "null"] * 2
    assert table["paid_what_if"].to_list() == table["paid_baseline"].to_list()
    assert table["paid"][0] < table["paid"][1]
    # The same bytes are the same history, wherever they are: one folder for both.
    assert table["scenario"].to_list()[:2] == table["scenario"].to_list()[2:]
