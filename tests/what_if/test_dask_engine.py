"""Sweeps over a Dask cluster: the same bytes as from this machine's processes, and plain words where it fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from deadly import Deadly
from histories import ROOT, SAMPLE

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.what_if.history import Source
from keep3r_replay.what_if.sweep import dask_cluster
from keep3r_replay.what_if.sweep.dask_worker import OtherCodeError, SentLake, own_code, run_remote
from keep3r_replay.what_if.sweep.jobs import DIED, Job
from keep3r_replay.what_if.sweep.run import run_sweep
from keep3r_replay.what_if.sweep.scenarios import DONE, FAILED, KEPT, Kept, Scenario
from pipelines.cli import main

pytestmark = pytest.mark.slow

VALUES = "overlay.liquidity_factor=0.5,2"
COMMAND = [sys.executable, "-m", "pipelines.cli", "replay", "-m"]


class Cluster:
    """A scheduler and workers, each a process of its own, on ports of the loopback interface."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes = []
        self.start("dask_scheduler", "--port", "0", "--no-show")
        deadline = time.monotonic() + 60
        while not self.file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, program, *arguments, path=ROOT):
        """Start one of Dask's programs with the package that lies in `path`."""
        paths = os.pathsep.join([str(path), str(ROOT / "tests")])
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(self.file)]
        command += ["--host", "127.0.0.1", "--no-dashboard", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}
        self.processes.append(subprocess.Popen(command, cwd=self.folder, env=environment, **quiet))

    def start_worker(self, path=ROOT):
        """Start one worker, which is begun again when it dies."""
        self.start("dask_worker", "--nthreads", "1", "--local-directory", str(self.folder), path=path)

    def stop(self):
        """End all of it."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()


@pytest.fixture
def scheduler(tmp_path_factory):
    """A scheduler without workers."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start_worker()
    cluster.start_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def impatient(monkeypatch):
    """Give up on what does not answer after a second."""
    monkeypatch.setattr(dask_cluster, "_PATIENCE", 1)


def _bytes(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_local_cluster_gives_the_bytes_of_the_processes(tmp_path, monkeypatch, capfd):
    """Two lakes' and two ranges' folders, table and chart are the same; nothing is left beside them or in the way."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.copytree(SAMPLE / "lake", tmp_path / "twin")
    manifest = json.loads((tmp_path / "twin" / "manifest.json").read_bytes())
    (tmp_path / "twin" / "manifest.json").write_text(json.dumps(manifest))
    arguments = [f"lake={SAMPLE / 'lake'},{tmp_path / 'twin'}", "until_block=300,null", VALUES, "tables=true"]
    for name, engine in (("own", []), ("dask", ["engine=dask", "workers=2"])):
        assert main(["replay", "-m", f"results={tmp_path / name}", *arguments, *engine]) == 0
    assert _bytes(tmp_path / "own") == _bytes(tmp_path / "dask")
    assert len(list((tmp_path / "dask").glob("*/*/manifest.json"))) == 8
    assert not list((tmp_path / "dask").glob(".*"))
    assert not list((tmp_path / "here").iterdir())
    assert all(" of 8: " in line for line in capfd.readouterr().err.splitlines())


def test_a_scheduler_elsewhere_gives_the_same_bytes(cluster, tmp_path):
    """With ledger and all tables, from another market, and where a scenario fails: the error names no worker's file."""
    market = f"overlay.market_lake={SAMPLE / 'lake'}"
    arguments = [VALUES, market, "overlay.market_offset=0,90000000", "ledger=true", "tables=true"]
    for name, engine in (("own", []), ("dask", ["engine=dask", f"scheduler={cluster.address}"])):
        assert main(["replay", "-m", f"results={tmp_path / name}", *arguments, *engine]) == 1
    assert _bytes(tmp_path / "own") == _bytes(tmp_path / "dask")
    assert len(list((tmp_path / "dask").glob("*/*/manifest.json"))) == 2


def test_a_sweep_begun_by_one_engine_is_finished_by_another(cluster, tmp_path):
    """Folders of either count for both; where the scheduler is may stand in Dask's own variable."""
    own, dask = [*COMMAND, f"results={tmp_path / 'sweep'}"], {**os.environ, "DASK_SCHEDULER_ADDRESS": cluster.address}
    subprocess.run([*own, "overlay.tick_shift=1,2"], cwd=ROOT, capture_output=True, check=True)
    wider = [*own, "overlay.tick_shift=1,2,3", "engine=dask"]
    second = subprocess.run(wider, cwd=ROOT, env=dask, capture_output=True, text=True, check=True)
    assert "1 run, 2 from earlier runs, 0 failed" in second.stdout
    third = subprocess.run([*own, "overlay.tick_shift=2,3"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "0 run, 2 from earlier runs, 0 failed" in third.stdout


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scenario_that_takes_its_worker_along_fails_alone(workers, tmp_path):
    """Others are done, even if the only worker that held the history died with it; the next sweep finds them."""
    source = Source(PROTOCOL, Lake.open(SAMPLE / "lake"))
    deadly = Scenario({"tick_shift": 0}, Deadly({"tick_shift": 1}, tmp_path / "deaths"), source)
    wanted = [deadly, *(Scenario({"tick_shift": shift}, {"tick_shift": shift}, source) for shift in (2, 3, 4))]

    def engine(work):
        return dask_cluster.run_with_dask(work._replace(workers=workers), None)

    finished = run_sweep(wanted, tmp_path / "sweep", Kept(), workers, lambda *_: None, engine)
    assert [(one.status, one.error) for one in finished] == [(FAILED, DIED)] + [(DONE, "")] * 3
    assert len((tmp_path / "deaths").read_text()) > 1
    again = run_sweep(wanted[1:], tmp_path / "sweep", Kept(), workers, lambda *_: None, engine)
    assert [one.status for one in again] == [KEPT] * 3


def _fails(arguments, tmp_path, capfd):
    """The one line that a command ends with which cannot run its sweep."""
    before = capfd.readouterr().err
    assert before == ""
    assert main(["replay", "-m", f"results={tmp_path / 'sweep'}", VALUES, *arguments]) in {1, 2}
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("sweep/*"))
    return error


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_that_is_not_there_is_named_in_one_line(tmp_path, capfd):
    """Not by its address, which may come from the environment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = _fails(["engine=dask", f"scheduler=tcp://127.0.0.1:{port}"], tmp_path, capfd)
    assert "no scheduler answers there" in error
    assert str(port) not in error
    assert "no scheduler answers" in _fails(["engine=dask", "scheduler=nonsense://x"], tmp_path, capfd)


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_without_workers_is_named_in_one_line(scheduler, tmp_path, capfd):
    """It is not waited for without end."""
    error = _fails(["engine=dask", f"scheduler={scheduler.address}"], tmp_path, capfd)
    assert "the scheduler has no workers" in error


def test_a_worker_with_other_code_is_refused(scheduler, tmp_path, capfd):
    """One character more in a file of the package is other code: its results might have other bytes."""
    shutil.copytree(ROOT / "keep3r_replay", tmp_path / "other" / "keep3r_replay")
    with (tmp_path / "other" / "keep3r_replay" / "errors.py").open("a") as file:
        file.write("\n")
    scheduler.start_worker(path=tmp_path / "other")
    error = _fails(["engine=dask", f"scheduler={scheduler.address}"], tmp_path, capfd)
    assert "a worker runs another keep3r_replay: install the same everywhere" in error


def test_a_worker_with_another_polars_is_refused_even_if_it_comes_later():
    """Each job carries the code that it is to be run by: other versions may write other bytes."""
    job = Job("name", "source", {}, Kept())
    lake = SentLake("lake", "", {})
    with pytest.raises(OtherCodeError, match=r"runs another polars \(.+ instead of 0\.1\)"):
        run_remote(job, own_code()._replace(polars="0.1"), b"", lake)


def test_a_worker_without_the_package_is_refused(scheduler, tmp_path, capfd):
    """It is told what to do."""
    (tmp_path / "other" / "keep3r_replay").mkdir(parents=True)
    (tmp_path / "other" / "keep3r_replay" / "__init__.py").write_text("raise ImportError('not here')")
    scheduler.start_worker(path=tmp_path / "other")
    error = _fails(["engine=dask", f"scheduler={scheduler.address}"], tmp_path, capfd)
    assert "a worker cannot run what-ifs, install the same everywhere: " in error


def _sweep_of_many(tmp_path, *arguments):
    """A sweep under way: its process, and its output after the first scenario."""
    command = [*COMMAND, f"results={tmp_path / 'sweep'}", "overlay.tick_shift=range(0,500)", "engine=dask", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True)
    assert " of 500: " in process.stderr.readline()
    return process


def _told(process):
    """What it says apart from progress."""
    with process:
        return [line for line in process.stderr.read().splitlines() if " of 500: " not in line]


def test_an_interrupted_sweep_ends_its_cluster(tmp_path):
    """Exit code 130, one line, no half-made folder."""
    process = _sweep_of_many(tmp_path, "workers=2")
    os.killpg(process.pid, signal.SIGINT)
    assert _told(process) == ["keep3r: error: interrupted"]
    assert process.returncode == 130
    assert not list((tmp_path / "sweep").glob(".*"))


def test_a_scheduler_that_goes_away_ends_the_sweep(scheduler, tmp_path):
    """One line; what was finished is kept for the next time."""
    scheduler.start_worker()
    process = _sweep_of_many(tmp_path, f"scheduler={scheduler.address}")
    scheduler.stop()
    assert _told(process) == ["keep3r: error: the scheduler went away; the same command goes on from there"]
    assert process.returncode == 1
    assert list((tmp_path / "sweep").glob("*/*/manifest.json"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scheduler=tcp://127.0.0.1:1"], "scheduler is Dask's: say engine=dask"),
        (["engine=dusk"], "setting 'engine' has a value of the wrong type"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(arguments, says, tmp_path, capfd):
    """One line, exit code 2, nothing run."""
    assert says in _fails(arguments, tmp_path, capfd)


def test_without_the_extra_its_name_is_told(tmp_path, capfd, monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'keep3r-replay[sweeps]'" in _fails(["engine=dask"], tmp_path, capfd)
