"""Sweeps through launchers of Hydra's: the same bytes as from our own processes, and none of Hydra's files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from deadly import Deadly
from histories import ROOT, SAMPLE
from hydra.core.config_store import ConfigStore

from keep3r_replay.lake.reader import Lake
from keep3r_replay.what_if.sweep.jobs import DIED
from keep3r_replay.what_if.sweep.run import run_sweep
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, KEPT, Kept, Scenario, Source
from pipelines.cli import main
from pipelines.launcher import launcher_engine

JOBLIB = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
BASIC = ["hydra/launcher=basic"]


def _bytes(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_launcher_gives_the_bytes_of_the_processes(tmp_path, monkeypatch, capfd):
    """Folders, table and chart, where a scenario fails too; nothing is left beside them or in the way."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    arguments = ["overlay.liquidity_factor=0.5,2", "until_block=300,null", "overlay.drop_works=[],[0xabc]"]
    for name, launcher in (("own", []), ("joblib", JOBLIB), ("basic", BASIC)):
        assert main(["replay", "-m", f"results={tmp_path / name}", "tables=true", *arguments, *launcher]) == 1
    assert _bytes(tmp_path / "own") == _bytes(tmp_path / "joblib") == _bytes(tmp_path / "basic")
    assert sum(path.is_dir() for path in (tmp_path / "joblib").iterdir()) == 4
    assert not [*(tmp_path / "joblib").glob(".*"), *(tmp_path / "here").iterdir()]
    assert os.getcwd() == str(tmp_path / "here")  # noqa: PTH109 - as the process has it
    assert all(" of 8: " in line for line in capfd.readouterr().err.splitlines())


def test_a_sweep_begun_by_one_engine_is_finished_by_a_launcher(tmp_path, capfd):
    """Folders of either count for both."""
    arguments = ["replay", "-m", f"results={tmp_path / 'sweep'}"]
    assert main([*arguments, "overlay.tick_shift=1,2"]) == 0
    assert main([*arguments, "overlay.tick_shift=2,3", *JOBLIB]) == 0
    assert "1 run, 1 from earlier runs, 0 failed" in capfd.readouterr().out
    assert main([*arguments, "overlay.tick_shift=1,3"]) == 0
    assert "0 run, 2 from earlier runs, 0 failed" in capfd.readouterr().out


def test_a_scenario_that_takes_its_process_along_fails_alone(tmp_path):
    """Joblib then gives up the whole launch; what it took along is begun again, one by one."""
    source = Source(Lake.open(SAMPLE / "lake"))
    deadly = Scenario({"tick_shift": 0}, Deadly({"tick_shift": 1}, tmp_path / "deaths"), source)
    wanted = [deadly, *(Scenario({"tick_shift": shift}, {"tick_shift": shift}, source) for shift in (2, 3))]
    finished = run_sweep(wanted, tmp_path / "sweep", Kept(), 2, lambda *_: None, launcher_engine(JOBLIB))
    assert [(one.status, one.error) for one in finished] == [(FAILED, DIED)] + [(DONE, "")] * 2
    assert (tmp_path / "deaths").read_text() == "xx"
    again = run_sweep(wanted[1:], tmp_path / "sweep", Kept(), 2, lambda *_: None, launcher_engine(JOBLIB))
    assert [one.status for one in again] == [KEPT] * 2


@pytest.mark.parametrize("launcher", [JOBLIB, BASIC], ids=["joblib", "basic"])
def test_an_interrupted_sweep_ends_its_launcher(launcher, tmp_path):
    """Exit code 130 and one line, whatever the launcher's processes would say; what was finished is kept."""
    sweep = tmp_path / "sweep"
    command = [sys.executable, "-m", "pipelines.cli", "replay", "-m", f"results={sweep}", *launcher]
    command += ["overlay.tick_shift=range(0,500)"]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        while not list(sweep.glob("*/manifest.json")):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.read() == "keep3r: error: interrupted\n"
    assert process.returncode == 130
    assert not list(sweep.glob(".*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hydra/launcher=nothing"], "no launcher of that name installed; there are basic, joblib"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=many"], "hydra/launcher=joblib: it has no such setting"),
        (["hydra/launcher=basic", "hydra.launcher.n_jobs=2"], "hydra/launcher=basic: it has no such setting"),
        (["hydra.run.dir=elsewhere"], "'hydra.run.dir': of Hydra's own settings"),
    ],
)
def test_what_a_launcher_does_not_take_is_refused_before_anything_runs(arguments, says, tmp_path, capfd):
    """One line, exit code 2, no folder."""
    assert main(["replay", "-m", f"results={tmp_path / 'sweep'}", "overlay.fee=1,2", *arguments]) == 2
    error = capfd.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "sweep").exists()


def test_without_the_extra_its_name_is_told(tmp_path, capfd, monkeypatch):
    """The error says what to install."""
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"]["launcher"], "joblib.yaml")
    assert main(["replay", "-m", f"results={tmp_path / 'sweep'}", "overlay.fee=1,2", "hydra/launcher=joblib"]) == 2
    assert "comes with an extra: pip install 'keep3r-replay[joblib]'" in capfd.readouterr().err
