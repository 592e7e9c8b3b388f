"""Hydra's commands, as its tutorials have them: each with what comes out here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress

import polars as pl
import pytest
from omegaconf import OmegaConf

from keep3r_replay.version import __version__
from pipelines.cli import SUBCOMMANDS, main

SECRET = "https://node.example/v3/0123456789abcdef"
HALVED = """# @package _global_
defaults:
  - override /overlay: mine
mode: what_if
until_block: 200
"""
OWN = """defaults:
  - replay
  - _self_
until_block: 123
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of one's own, with a configuration folder `mine` in it."""
    for group in ("overlay", "experiment", "deployment"):
        (tmp_path / "mine" / group).mkdir(parents=True)
    (tmp_path / "mine" / "overlay" / "mine.yaml").write_text("liquidity_factor: '1/3'\n")
    (tmp_path / "mine" / "experiment" / "halved.yaml").write_text(HALVED)
    (tmp_path / "mine" / "own.yaml").write_text(OWN)
    (tmp_path / "mine" / "deployment" / "fork.yaml").write_text("name: fork\nchain_id: 31337\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys, *arguments, code=0):
    """What a command prints."""
    capsys.readouterr()
    assert main(list(arguments)) == code, capsys.readouterr().err
    return capsys.readouterr().out


def shown(capsys, *arguments):
    """The settings that `--cfg` shows."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    assert ended.value.code == 0
    return OmegaConf.create(capsys.readouterr().out)


def files(folder):
    """Every file below a folder but the configuration of one's own."""
    found = [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]
    return sorted(each for each in found if not each.startswith("mine/"))


@pytest.mark.slow
def test_the_configuration_is_shown_and_nothing_run(folder, capsys):
    """`--cfg job|hydra|all`, `--package` and `--resolve` print YAML and leave no file."""
    assert shown(capsys, "replay", "--cfg", "job").snapshot_every == 8192
    assert shown(capsys, "replay", "-c", "job", "overlay=half_liquidity").overlay.liquidity_factor == "1/2"
    assert shown(capsys, "replay", "--cfg", "hydra").hydra.job.name == "replay"
    both = shown(capsys, "replay", "--cfg=all", "--resolve", "until_block=7")
    assert (both.until_block, both.hydra.job.name) == (7, "replay")
    assert shown(capsys, "extract", "--cfg", "job", "--package", "deployment", "lake=x", "deployment=local").chain_id
    assert shown(capsys, "replay", "--cfg", "job", "results=${lake}/r", "lake=l", "--resolve").results == "l/r"
    assert files(folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["", "all", "config", "defaults", "defaults-tree", "plugins", "searchpath"])
def test_info_tells_where_it_comes_from(what, capsys, folder):
    """`--info` in all its kinds."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--info", *([what] if what else []), "--config-dir", "mine"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert {"searchpath": "mine", "plugins": "Launcher", "defaults-tree": "replay_schema"}.get(what, "") in out
    assert len(out) > 100
    assert files(folder) == []


@pytest.mark.slow
def test_a_folder_of_ones_own_adds_choices(capsys, folder):
    """`--config-dir` brings overlays, deployments, experiments and configurations, `--config-name` chooses one."""
    own = ["--config-dir", "mine", "--cfg", "job"]
    assert shown(capsys, "replay", "overlay=mine", *own).overlay == {"liquidity_factor": "1/3"}
    assert shown(capsys, "extract", "lake=x", "deployment=fork", *own).deployment.chain_id == 31337
    found = shown(capsys, "replay", "+experiment=halved", "results=r", *own)
    assert (found.mode, found.until_block, found.overlay.liquidity_factor) == ("what_if", 200, "1/3")
    assert shown(capsys, "replay", "--config-name", "own", *own).until_block == 123
    assert (
        shown(capsys, "extract", "lake=x", "deployment=mine/deployment/fork.yaml", "--cfg", "job").deployment.name
        == "fork"
    )
    assert "what-if" in told(capsys, "replay", "--config-dir", "mine", "+experiment=halved", "results=r").lower()
    assert json.loads((folder / "r" / "manifest.json").read_text())["configuration"]["until_block"] == 200
    assert not [each for each in files(folder) if not each.startswith("r/")]


@pytest.mark.slow
def test_settings_are_added_and_taken_away(capsys):
    """`+key`, `++key` and `~key` do what they do in Hydra; what the schema does not have is refused."""
    overlay = ["--cfg", "job", "--package", "overlay"]
    assert shown(capsys, "replay", "+overlay.fee=3", *overlay) == {"fee": 3}
    assert shown(capsys, "replay", "overlay=half_liquidity", "++overlay.liquidity_factor='2'", *overlay) == {
        "liquidity_factor": "2"
    }
    assert shown(capsys, "replay", "overlay=half_liquidity", "~overlay.liquidity_factor", *overlay) == {}
    assert main(["replay", "+foo=1"]) == 2
    assert "unknown setting 'foo'" in capsys.readouterr().err


@pytest.mark.slow
def test_hydras_folders_are_made_where_they_are_asked_for(folder, capsys):
    """`hydra.run.dir` and `hydra.output_subdir` give Hydra's files; without them there are results and nothing else."""
    assert told(capsys, "replay", "until_block=50").startswith("CLEAN")
    assert {each.partition("/")[0] for each in files(folder)} == {"results"}
    told(capsys, "replay", "until_block=50", "hydra.run.dir=ran", "hydra.output_subdir=.hydra")
    assert [each for each in files(folder) if each.startswith("ran")] == [
        f"ran/.hydra/{name}.yaml" for name in ("config", "hydra", "overrides")
    ]


@pytest.mark.slow
def test_a_failing_job_is_one_line_under_hydra_too(capsys, folder):
    """The job's own error comes out as it is, without Hydra's list of overrides."""
    assert main(["replay", "hydra.run.dir=ran", "lake=nowhere"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("keep3r: error: nowhere: ")
    assert error.count("\n") == 1


@pytest.mark.slow
def test_no_secret_is_shown(capsys, monkeypatch):
    """A node's address is in no dump, whether a setting refers to it or holds it."""
    monkeypatch.setenv("ETH_RPC_URL", SECRET)
    for value in ("lake=${oc.env:ETH_RPC_URL}", f"lake={SECRET}"):
        for flags in (["--cfg", "all", "--resolve"], ["--cfg", "job"], ["--info", "config"]):
            with pytest.raises(SystemExit):
                main(["extract", "deployment=local", value, *flags])
            both = capsys.readouterr()
            assert "0123456789abcdef" not in both.out + both.err
            assert both.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["overlay=half_liqidity"], "no overlay of that name; there are fees_doubled, half_liquidity"),
        (["overlay=half_liqidity"], "did you mean 'half_liquidity'?"),
        (["overlay=min", "--config-dir", "mine"], "did you mean 'mine'?"),
        (["mode=what_iff"], "it is one of audit, strict, what_if; did you mean 'what_if'?"),
        (
            ["until_block=soon"],
            "setting 'until_block' has a value of the wrong type: text, where a whole number or null",
        ),
        (
            ["snapshot_every=[1]"],
            "setting 'snapshot_every' has a value of the wrong type: a list, where a whole number",
        ),
        (["ledger=7up"], "setting 'ledger' has a value of the wrong type: text, where true or false"),
        (["overlay=7"], "must be a string"),
        (["overlay=a,b"], "setting 'overlay' has several values: say -m"),
        (["lake=${nothing}"], "setting 'lake' refers to something that is not there"),
        (["--cfg", "jobs"], "argument --cfg/-c: invalid choice: 'jobs' (choose from 'job', 'hydra', 'all')"),
        (["--cfg"], "argument --cfg/-c: expected one argument"),
        (["--info=nothing"], "argument --info/-i: invalid choice: 'nothing'"),
        (["--wordy=secret"], "unrecognized arguments: --wordy\n"),
        (["--config-dir", "nowhere"], "Additional config directory '"),
        (["--config-name", "nothing"], "Cannot find primary config 'nothing'"),
        (["--cfg", "job", "--info"], "Only one of"),
        (["--resolve"], "--resolve flag can only be used"),
        (["hydra.run.dirr=x"], "hydra"),
        (["--config-dir", "mine", "+experiment=halve"], "did you mean 'halved'?"),
        (["-m", "hydra/launcher=basik", "overlay.fee=1,2"], "did you mean 'basic'?"),
        (["-m", "hydra.sweep.dir=x", "workers=1,2"], "workers cannot be swept over"),
        (["-m", "--config-dir", "mine", "lake=nowhere", "overlay.fee=1,2"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line_with_setting_type_and_choices(arguments, says, folder, capsys):
    """Exit code 1 or 2, one line, and no file."""
    assert main(["replay", *arguments]) in {1, 2}
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert files(folder) == []


def test_the_shell_completes_subcommands_settings_and_choices(capsys, monkeypatch):
    """`-sc install=bash` prints a script, which asks for subcommands first and for the subcommand's settings then."""
    with pytest.raises(SystemExit):
        main(["-sc", "install=bash"])
    assert "complete -o nospace" in capsys.readouterr().out
    for line, answer in (
        ("keep3r re", set(SUBCOMMANDS)),
        ("keep3r replay overlay=", {"overlay=fees_doubled", "overlay=half_liquidity", "overlay=nothing_expires"}),
        ("keep3r replay until", {"until_block="}),
        ("keep3r ask question=", {"question=runs_dry", "question=least"}),
        ("keep3r ask question=ru", {"question=runs_dry"}),
        ("keep3r report format=", {"format=png", "format=svg"}),
        ("keep3r replay ledger=t", {"ledger=true"}),
    ):
        monkeypatch.setenv("COMP_LINE", line)
        capsys.readouterr()
        with suppress(SystemExit):
            main(["-sc", "query=bash"])
        offered = set(capsys.readouterr().out.split())
        assert answer <= offered
        assert all(each.startswith(line.rpartition(" ")[2]) for each in offered) or "=" not in line


def test_only_replays_run_many(capsys):
    """Another subcommand says so in one line."""
    assert main(["status", "-m", "lake=a,b"]) == 2
    assert "keep3r status runs once" in capsys.readouterr().err


@pytest.mark.slow
def test_hydras_version_and_help_are_reached(capsys):
    """`--hydra-help` is Hydra's; `--version` is ours."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--hydra-help"])
    assert ended.value.code == 0
    assert "--multirun" in capsys.readouterr().out
    assert told(capsys, "--version") == f"keep3r_replay {__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher", [[], ["hydra/launcher=basic"], ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]]
)
def test_any_launcher_leaves_the_same_bytes(launcher, folder, capsys):
    """Our own, Hydra's and joblib's: a folder for each combination, equal to that of `keep3r replay -m`."""
    sweep = ["-m", "overlay.liquidity_factor='1/2','1'", "until_block=300"]
    told(capsys, "replay", *sweep, "results=ours")
    told(capsys, "replay", *sweep, "results=theirs", "hydra.job.name=other", *launcher)
    made = {}
    for name in ("ours", "theirs"):
        made[name] = {each: (folder / name / each).read_bytes() for each in files(folder / name) if "/" in each}
    assert made["ours"] == made["theirs"]
    assert len({each.partition("/")[0] for each in made["ours"]}) == 2


@pytest.mark.slow
def test_a_sweeper_searches_toward_the_least_waste(folder):
    """Optuna's, over a range of liquidity: what it names as best is the least of the table, and its files are kept."""
    search = ["hydra/sweeper=optuna", "hydra.sweeper.direction=minimize", "hydra.sweeper.n_trials=6"]
    seed = ["hydra.sweeper.n_jobs=2", "hydra.sweeper.sampler.seed=1", "chart=expired_what_if", "until_block=400"]
    command = [sys.executable, "-m", "keep3r_replay", "replay", "-m", *search, *seed, "results=o"]
    # A process of its own: what Optuna warns of at its import is no error outside of tests.
    done = subprocess.run(
        [*command, "overlay.liquidity_factor=interval(0.2,2)"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "scenarios 6 run" in done.stdout
    table = pl.read_parquet(folder / "o" / "sweep.parquet")
    best = OmegaConf.load(folder / "o" / "optimization_results.yaml")
    least = table.sort("expired_what_if")[0]
    assert [str(each) for each in best.best_params.values()] == least["overlay.liquidity_factor"].to_list()
    assert {each.partition("/")[0] for each in files(folder)} == {"o"}


@pytest.mark.slow
def test_it_works_as_a_process(folder):
    """The command as a shell starts it: flags, an experiment, exit code and nothing on standard error."""
    command = [sys.executable, "-m", "keep3r_replay", "replay", "--config-dir", "mine", "+experiment=halved"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert (done.returncode, done.stderr) == (0, "")
