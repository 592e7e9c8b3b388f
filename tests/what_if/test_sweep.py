"""Sweeps: every combination once, in parallel, resumed where a kill left them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from deadly import Deadly
from histories import ROOT, SAMPLE

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines, make_what_if
from keep3r_replay.what_if.history import Source
from keep3r_replay.what_if.sweep.jobs import DIED
from keep3r_replay.what_if.sweep.run import run_sweep
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, KEPT, Kept, Scenario, scenario_name
from keep3r_replay.what_if.sweep.table import sweep_table
from pipelines.cli import main

pytestmark = pytest.mark.slow

SUMS = Kept()


@pytest.fixture(scope="module")
def lake():
    """The bundled sample."""
    return Lake.open(SAMPLE / "lake")


def _scenarios(lake, *changes, until_block=None):
    source = Source(PROTOCOL, lake, until_block)
    return [Scenario(each, overlay_from(each).changes(), source) for each in changes]


def _run(wanted, folder):
    return run_sweep(wanted, folder, SUMS, 2, lambda *_: None)


def test_a_sweep_gives_each_scenario_what_it_gives_alone(lake, tmp_path):
    """Outcomes of processes of their own are those of the same what-ifs in this one."""
    wanted = _scenarios(lake, {"liquidity_factor": "0.5"}, {"expiry": "none"}, {"drop_share": "1/2"})
    finished = _run(wanted, tmp_path / "sweep")
    bases = baselines(lake)
    alone = [make_what_if(bases, overlay_from(each.changes), tables=False)[0]["outcome"] for each in wanted]
    assert [one.outcome for one in finished] == alone
    assert [one.status for one in finished] == [DONE] * 3


def test_a_repeated_sweep_runs_nothing_and_a_wider_one_what_is_new(lake, tmp_path):
    """Folders stay untouched the second time; one more value adds one more."""
    first, second = _scenarios(lake, {"tick_shift": 10}, {"tick_shift": 20})
    _run([first], tmp_path / "sweep")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").rglob("*")}
    again = _run([first], tmp_path / "sweep")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").rglob("*")} == before
    wider = _run([first, second], tmp_path / "sweep")
    assert [one.status for one in (*again, *wider)] == [KEPT, KEPT, DONE]


def test_a_scenario_that_fails_does_not_stop_the_others(lake, tmp_path):
    """It has its error in the table, and is tried again the next time."""
    wanted = _scenarios(lake, {"drop_works": ["0xabc"]}, {"tick_shift": 10})
    finished = _run(wanted, tmp_path / "sweep")
    assert [one.status for one in finished] == [FAILED, DONE]
    table = sweep_table(finished, PROTOCOL.what_ifs.measured)
    assert table["status"].to_list() == ["failed", "done"]
    assert "drop_works=0xabc: no work of the history" in table["error"][0]
    again = _run(wanted, tmp_path / "sweep")
    assert [one.status for one in again] == [FAILED, KEPT]


def test_a_scenario_that_takes_its_process_along_fails_alone(lake, tmp_path):
    """It is begun twice; one whose process dies but once is done, and no other knows of it."""
    always, once, plain = _scenarios(lake, {"tick_shift": 10}, {"tick_shift": 20}, {"tick_shift": 30})
    always = always._replace(changes=Deadly(always.changes, tmp_path / "always"))
    once = once._replace(changes=Deadly(once.changes, tmp_path / "once", deaths=1))
    finished = _run([always, once, plain], tmp_path / "sweep")
    assert [(one.status, one.error) for one in finished] == [(FAILED, DIED), (DONE, ""), (DONE, "")]
    assert (tmp_path / "always").read_text() == "xx"


def test_a_history_that_cannot_be_loaded_fails_its_own_scenarios_only(lake, tmp_path):
    """Where the deployment of one lake lacks a parameter, those of the other are run."""
    shutil.copytree(lake.path, tmp_path / "lake")
    file, manifest = (tmp_path / "lake" / name for name in ("deployment.json", "manifest.json"))
    deployment = json.loads(file.read_bytes())
    deployment["contracts"] = [each for each in deployment["contracts"] if each["role"] != "keep3r"]
    former = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_text(json.dumps(deployment))
    manifest.write_text(manifest.read_text().replace(former, hashlib.sha256(file.read_bytes()).hexdigest()))
    broken = _scenarios(Lake.open(tmp_path / "lake"), {"tick_shift": 10}, {"tick_shift": 20})
    finished = _run([*broken, *_scenarios(lake, {"tick_shift": 10})], tmp_path / "sweep")
    assert [one.status for one in finished] == [FAILED, FAILED, DONE]
    assert "no Keep3r contract" in finished[0].error


def test_a_name_tells_everything_that_decides_a_result(lake):
    """Another overlay, range or set of tables has another name; what is swept over has not."""
    (one,) = _scenarios(lake, {"tick_shift": 10})
    names = {
        scenario_name(one, SUMS),
        scenario_name(_scenarios(lake, {"tick_shift": 11})[0], SUMS),
        scenario_name(_scenarios(lake, {"tick_shift": 10}, until_block=300)[0], SUMS),
        scenario_name(one, Kept(ledger=True)),
        scenario_name(one, Kept(tables=True)),
    }
    assert len(names) == 5
    assert scenario_name(one._replace(point={"overlay.tick_shift": 10, "until_block": None}), SUMS) in names


def test_an_interrupted_sweep_ends_in_one_line(tmp_path):
    """Ctrl-C reaches every process of the group: exit code 130, nothing but `interrupted`, nothing left behind."""
    command = [sys.executable, "-m", "pipelines.cli", "replay", "-m", f"results={tmp_path / 'sweep'}"]
    command += ["overlay.tick_shift=range(0,500)", "workers=2"]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        assert " of 500: " in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        told = [line for line in process.stderr.read().splitlines() if " of 500: " not in line]
    assert process.returncode == 130
    assert told == ["keep3r: error: interrupted"]
    assert not list((tmp_path / "sweep").glob(".*"))


def test_a_killed_sweep_goes_on_where_it_was(tmp_path):
    """What was finished before the kill is kept, what was not is run, and nothing half-written counts."""
    command = [sys.executable, "-m", "pipelines.cli", "replay", "-m", f"results={tmp_path / 'sweep'}"]
    command += ["overlay.tick_shift=range(0,60)", "workers=2"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    finished = []
    while process.poll() is None and len(finished) < 5:
        finished = list((tmp_path / "sweep").glob("*/*/manifest.json"))
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").glob("*/*/manifest.json")}
    assert 5 <= len(kept) < 60

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert f"{60 - len(kept)} run, {len(kept)} from earlier runs, 0 failed" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_parts_that_are_moved_together_are_the_sweep(tmp_path, capsys):
    """Folders of two sweeps in one place: the sweep over all values runs nothing."""
    for name, values in (("part1", "1,2"), ("part2", "3,4")):
        assert main(["replay", "-m", f"results={tmp_path / name}", f"overlay.tick_shift={values}"]) == 0
    shutil.copytree(tmp_path / "part2", tmp_path / "part1", dirs_exist_ok=True)
    capsys.readouterr()
    assert main(["replay", "-m", f"results={tmp_path / 'part1'}", "overlay.tick_shift=1,2,3,4"]) == 0
    assert "0 run, 4 from earlier runs, 0 failed" in capsys.readouterr().out
    assert pl.read_parquet(tmp_path / "part1" / "sweep.parquet")["overlay.tick_shift"].to_list() == ["1", "2", "3", "4"]


def test_the_command_makes_table_and_chart(tmp_path, capsys):
    """All combinations stand in the table in the order of the command line, and the chart is drawn."""
    sweep = tmp_path / "sweep"
    arguments = ["overlay.liquidity_factor=0.5,2", "overlay.expiry=contract,none", "chart=expired_what_if"]
    assert main(["replay", "-m", f"results={sweep}", *arguments]) == 0
    table = pl.read_parquet(sweep / "sweep.parquet")
    points = list(zip(table["overlay.liquidity_factor"], table["overlay.expiry"], strict=True))
    assert points == [("0.5", "contract"), ("0.5", "none"), ("2", "contract"), ("2", "none")]
    assert set(PROTOCOL.what_ifs.measured) <= set(table.columns)
    assert table["expired_what_if"].cast(pl.Int128).to_list()[1::2] == [0, 0]
    assert (sweep / "sweep-expired_what_if.svg").read_text().count("<svg") == 1
    assert "4 run, 0 from earlier runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "needs something to sweep over"),
        (["overlay.fee=1,2", "chart=nothing"], "no outcome"),
        (["overlay.fee=1,2", "workers=0"], "workers=0"),
        (["overlay=half_liquidity,nothing"], "no overlay of that name"),
        (["overlay.liquidity_factor=1,-3"], "below 0"),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(arguments, says, tmp_path, capsys):
    """One line, exit code 2, no folder."""
    assert main(["replay", "-m", f"results={tmp_path / 'sweep'}", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "sweep").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    """A sweep refuses to write among strange files."""
    (tmp_path / "letter.txt").write_text("dear")
    assert main(["replay", "-m", f"results={tmp_path}", "overlay.fee=1,2"]) == 2
    assert "something other" in capsys.readouterr().err
