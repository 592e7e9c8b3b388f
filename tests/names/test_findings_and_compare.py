"""`keep3r findings` and `keep3r compare` on a history with one wei more in one payment, beside itself."""

from __future__ import annotations

import json

import polars as pl
import pytest
from histories import SAMPLE, History, set_word, word

from keep3r_replay.report.comparing import CHANGED, differences, key_of
from keep3r_replay.report.loaded import Loaded
from keep3r_replay.report.root_causes import root_causes
from pipelines.cli import main

BLOCK, LOG = 390, 2
JOB = "0x689463ae62d8d8c8ceac57a4ea4979703069def1"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A folder with results of the sample, of the sample with one wei more in a payment, and what was paid."""
    folder = tmp_path_factory.mktemp("both")
    history = History(SAMPLE / "recording").copy()
    log = history.log(BLOCK, LOG)
    paid = word(log, 0)
    set_word(log, 0, paid + 1)
    history.readings = range(BLOCK)
    history.write(folder / "recording")
    assert main(["import", f"recording={folder}/recording", f"lake={folder}/lake"]) == 0
    assert main(["replay", f"lake={folder}/lake", f"results={folder}/changed"]) == 3
    assert main(["replay", f"results={folder}/clean"]) == 0
    return folder, paid, log["transactionHash"]


def _run(capfd, *arguments):
    capfd.readouterr()
    code = main([*arguments])
    told = capfd.readouterr()
    return code, told.out + told.err


@pytest.mark.slow
def test_a_finding_says_all_and_its_next_command_works(both, tmp_path, capfd):
    """Expected, observed, difference, transaction and date are those of the change; its command explains it."""
    folder, paid, digest = both
    (tmp_path / "mine.yaml").write_text(
        f"explorers: {{1: https://e.example, 31337: https://e.example}}\n{JOB}: harvest\n"
    )
    code, told = _run(capfd, "findings", f"results={folder}/changed", f"lake={folder}/lake",
                      f"names={tmp_path}/mine.yaml", f"export={tmp_path}/found.json")  # fmt: skip
    facts = {line[3:15].strip(): line[16:] for line in told.splitlines() if line.startswith("   ")}
    assert code == 3
    assert told.startswith(f"1  payment_mismatch, error, block {BLOCK} log {LOG}, 2022-")
    assert facts["expected"] == str(paid)
    assert facts["observed"] == str(paid + 1)
    assert facts["difference"] == "+1"
    assert facts["transaction"] == digest
    assert facts["subject"] == f"harvest ({JOB[:10]})"
    assert facts["explorer"] == f"https://e.example/tx/{digest}"
    code, explained = _run(capfd, *facts["next"].split()[1:])
    assert code == 0
    assert str(paid) in explained
    (row,) = [each for each in json.loads((tmp_path / "found.json").read_text()) if each["cause"] is None]
    assert (row["root"], row["difference"], row["subject_name"], row["next"]) == (1, "1", "harvest", facts["next"])


@pytest.mark.slow
def test_findings_are_chosen_and_none_is_a_clean_end(both, capfd):
    """By number or kind; what there is not is refused with what there is; results without one end with 0."""
    folder, *_ = both
    assert _run(capfd, "findings", f"results={folder}/clean")[0] == 0
    code, told = _run(capfd, "findings", f"results={folder}/changed", "kind=gas_sum")
    assert (code, "payment_mismatch" in told) == (2, True)
    assert _run(capfd, "findings", f"results={folder}/changed", "number=999")[0] == 2
    assert "lake=FOLDER" in _run(capfd, "findings", f"results={folder}/changed", "number=1")[1]
    assert _run(capfd, "findings", f"results={folder}/clean", f"lake={folder}/lake")[0] == 2


@pytest.mark.slow
def test_compare_tells_the_wei(both, tmp_path, capfd):
    """The one work that differs, by one wei, its job's and its keeper's sums; nothing else of works; exit 3, and 0."""
    folder, paid, _ = both
    code, told = _run(capfd, "compare", f"results={folder}/clean,{folder}/changed", f"export={tmp_path}/cells.parquet")
    assert code == 3
    cells = pl.read_parquet(tmp_path / "cells.parquet")
    works = cells.filter((pl.col("table") == "works") & (pl.col("column") == "payment"))
    assert works.rows(named=True) == [
        {
            "table": "works",
            "key": f"block_number={BLOCK} log_index={LOG}",
            "column": "payment",
            "status": CHANGED,
            "first": str(paid),
            "second": str(paid + 1),
            "difference": 1,
        }
    ]
    sums = [pl.read_parquet(folder / name / "job_totals.parquet") for name in ("clean", "changed")]
    first, second = (int(each.filter(pl.col("job") == JOB)["paid"].sum()) for each in sums)
    assert second - first == 1
    (line,) = [each for each in told.splitlines() if each.strip().startswith(JOB)]
    assert line.split()[-1] == "+1"
    assert "verdict" in told
    code, told = _run(capfd, "compare", f"results={folder}/clean,{folder}/clean")
    assert (code, "the results are the same" in told) == (0, True)
    assert _run(capfd, "compare", f"results={folder}/clean")[0] == 2


@pytest.mark.slow
def test_damaged_results_are_said_to_be(both, tmp_path, capfd):
    """A table that is not what was written is named, and no number is told of it."""
    folder, *_ = both
    assert main(["replay", f"lake={folder}/lake", f"results={tmp_path}/damaged"]) == 3
    table = tmp_path / "damaged" / "works.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    code, told = _run(capfd, "compare", f"results={folder}/changed,{tmp_path}/damaged")
    assert (code, "works.parquet: damaged results" in told) == (1, True)


def _loaded(**tables):
    return Loaded(None, {}, {}, {name: pl.DataFrame(rows) for name, rows in tables.items()})


def test_rows_are_told_apart_by_what_names_them():
    """The key is the shortest beginning without duplicates; a row more does not shift the others, nor do doubles."""
    first = _loaded(works=[{"block": 1, "log": 1, "paid": 5}, {"block": 1, "log": 2, "paid": 6}], old=[{"a": 1}])
    second = _loaded(works=[{"block": 1, "log": 0, "paid": 9}, {"block": 1, "log": 1, "paid": 5},
                            {"block": 1, "log": 2, "paid": 7}])  # fmt: skip
    told = [(cell.table, cell.key, cell.column, cell.status, cell.difference) for cell in differences(first, second)]
    assert told == [
        ("old", "", "", "only in the first", None),
        ("works", "block=1 log=0", "", "only in the second", None),
        ("works", "block=1 log=2", "paid", CHANGED, 1),
    ]
    double = pl.DataFrame({"a": [1, 1], "b": [2, 2]})
    assert key_of(double, double) == ["a", "b"]
    same = [cell.status for cell in differences(_loaded(x=[{"a": 1}, {"a": 1}]), _loaded(x=[{"a": 1}]))]
    assert same == ["only in the first"]


def test_what_follows_belongs_to_its_root():
    """Also through a finding that itself follows from another."""
    rows = pl.DataFrame({"number": [1, 2, 3, 4], "cause": [None, 1, 2, None]})
    grouped = [(each.finding["number"], [row["number"] for row in each.following]) for each in root_causes(rows)]
    assert grouped == [(1, [2, 3]), (4, [])]
