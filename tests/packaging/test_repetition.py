"""`keep3r verify results=R` repeats a run, and tells rows that differ and versions that changed."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pyarrow as pa
import pytest
from histories import DATA, SAMPLE
from lakes import imported

from keep3r_replay.lake.reader import Lake
from keep3r_replay.version import __version__
from pipelines.cli import main

CONFIGURED = (["ledger=true"], ["until_block=300"], ["mode=what_if", "overlay.liquidity_factor=1/2"])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of the sample."""
    folder = tmp_path_factory.mktemp("made") / "results"
    assert main(["replay", f"results={folder}", "ledger=true"]) == 0
    return folder


@pytest.fixture
def copied(results, tmp_path):
    """A copy to change."""
    return shutil.copytree(results, tmp_path / "results")


def change(folder, **values):
    """Change entries of the manifest."""
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.slow
def test_the_manifest_names_versions(results):
    """Code, polars and pyarrow are named as they are, and the layout."""
    manifest = json.loads((results / "manifest.json").read_text())
    assert manifest["versions"] == {"keep3r_replay": __version__, "polars": pl.__version__, "pyarrow": pa.__version__}
    assert manifest["layout"] == 1
    assert len(manifest["code"]) == 64


@pytest.mark.slow
def test_a_changed_row_is_told_with_the_version_that_changed(copied, capsys):
    """One wei in one payment, written by another polars: the row, both values and the version; exit code 3."""
    change(copied, versions={"keep3r_replay": __version__, "polars": "0.1", "pyarrow": pa.__version__})
    file = copied / "works.parquet"
    works = pl.read_parquet(file)
    more = pl.when(pl.int_range(pl.len()) == 7).then(pl.col("payment") + 1).otherwise(pl.col("payment"))
    works.with_columns(more.cast(works.schema["payment"]).alias("payment")).write_parquet(file)
    assert main(["verify", f"results={copied}"]) == 3
    told = capsys.readouterr().out
    row = works.row(7, named=True)
    place = f"block_number {row['block_number']} log_index {row['log_index']}"
    assert f"works: {place}: payment was {row['payment'] + 1}, is {row['payment']}\n" in told
    assert f"versions: polars was 0.1, is {pl.__version__}" in told
    assert "works.parquet: holds something other than was written" in told


@pytest.mark.slow
def test_rows_that_are_lost_or_new_are_told(copied, capsys):
    """A work too few and a summary of another verdict: both named."""
    file = copied / "works.parquet"
    pl.read_parquet(file)[1:].write_parquet(file)
    summary = copied / "summary.json"
    summary.write_text(summary.read_text().replace('"clean"', '"findings"'))
    assert main(["verify", f"results={copied}"]) == 3
    told = capsys.readouterr().out
    assert "works: 1 row differs" in told
    assert ": new\n" in told
    assert "summary.json: verdict was findings, is clean" in told
    assert "versions: the same as then" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        ({"layout": 9}, 1, "results of layout 9, this version reads 1; update keep3r"),
        ({"layout": None}, 1, "results of layout None, this version reads 1; replay the lake again"),
        ({"layout": "x"}, 1, "results of layout x, this version reads 1; update keep3r"),
        ({"inputs": {}}, 2, "results of another lake"),
        ({"configuration": {"mode": "audit", "started_after": {"0x": 3}}}, 2, "began in mid-history"),
    ],
)
def test_what_cannot_be_repeated_is_refused_in_one_line(values, code, says, copied, capsys):
    """Layouts of other versions, other lakes and tails of histories: one line that says what to do."""
    change(copied, **values)
    assert main(["verify", f"results={copied}"]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", [["report"], ["warehouse"], ["verify"]])
def test_every_reader_refuses_an_unknown_layout(command, copied, capsys):
    """A page, a warehouse and a repetition say so in one line and leave no file."""
    change(copied, layout=2)
    made = copied.parent / "made"
    target = {"report": [f"report={made}"], "warehouse": [f"database={made}"]}.get(command[0], [])
    assert main([*command, f"results={copied}", *target]) == 1
    assert "results of layout 2, this version reads 1; update keep3r" in capsys.readouterr().err
    assert not made.exists()


@pytest.mark.slow
def test_a_run_by_logs_alone_is_repeated_by_logs_alone(tmp_path, capsys):
    """Of V1, `inputs=false` is known by the files that the results were made of."""
    lake, results = f"lake={imported(DATA / 'open-v1-gov-305')}", f"results={tmp_path / 'results'}"
    assert main(["replay", lake, results, "inputs=false"]) == 3
    assert main(["verify", lake, results]) == 0, capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("arguments", CONFIGURED, ids=str)
@pytest.mark.parametrize(
    "recording",
    [SAMPLE / "recording", DATA / "open-v1-gov-305", DATA / "open-kuma-mixed-301"],
    ids=lambda path: path.name,
)
def test_every_configuration_is_repeated(recording, arguments, tmp_path, capsys):
    """Runs with ledger, to a block, and what-ifs come out row for row in every protocol."""
    lake = imported(recording)
    if "overlay.liquidity_factor=1/2" in arguments and Lake.open(lake).deployment.protocol not in {"", "keep3r_v2"}:
        arguments = ["mode=what_if"]
    command = ["replay", f"lake={lake}", f"results={tmp_path / 'results'}", *arguments]
    assert main(command) in {0, 3}
    assert main(["verify", f"results={tmp_path / 'results'}", f"lake={lake}"]) == 0, capsys.readouterr().out
    assert "every row the same" in capsys.readouterr().out
