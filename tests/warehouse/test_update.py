"""`keep3r update`: one job that leaves what one run would leave, however often it was run and wherever it broke off."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from keep3r_replay.errors import NodeError
from keep3r_replay.warehouse.query import query
from pipelines import update as updating

if TYPE_CHECKING:
    from pathlib import Path


def settings(folder: Path, *more: str) -> list[str]:
    """Where lake, results and warehouse of a job lie."""
    return [
        f"lake={folder / 'lake'}",
        f"results={folder / 'results'}",
        f"database={folder / 'keep3r.duckdb'}",
        *more,
    ]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of lake and results, but locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in ("lake", "results")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def content(folder: Path) -> dict[str, list[tuple]]:
    """Every row of every relation of the warehouse, but the paths that it is made from."""
    database = folder / "keep3r.duckdb"
    names = "select distinct schema_name || '.\"' || table_name || '\"' from duckdb_columns() where not internal"
    found = {}
    for (name,) in query(database, names).rows:
        columns = "* exclude folder" if "made_of" in name else "*"
        found[str(name)] = query(database, f"select {columns} from {name} order by all").rows
    return found


@pytest.fixture
def straight(toy, tmp_path: Path, run) -> Path:
    """What one run leaves."""
    run("update", *settings(tmp_path / "straight"))
    return tmp_path / "straight"


@pytest.mark.slow
def test_many_runs_leave_what_one_leaves(straight, tmp_path: Path, run, capsys):
    """A run for every block or two, as a scheduler makes them, ends with the bytes of one run, and the same verdict."""
    for block in (2, 5, 9, 12):
        run("update", *settings(tmp_path / "job", f"to_block={block}"))
    assert capsys.readouterr().out.splitlines()[-1].startswith("CLEAN  block 12,")
    assert files(tmp_path / "job") == files(straight)
    assert content(tmp_path / "job") == content(straight)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["replay_stage", "warehouse_stage", "audit_stage"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_broke_off_is_taken_up(straight, tmp_path: Path, run, monkeypatch, stage: str, when: str):
    """Killed right before or after a stage, the job's next run leaves what one run leaves."""
    run("update", *settings(tmp_path / "job", "to_block=5"))
    true = getattr(updating, stage)

    def killed(*arguments: object, **more: object) -> None:
        if when == "after":
            true(*arguments, **more)
        raise SystemExit(137)

    with monkeypatch.context() as broken:
        broken.setattr(updating, stage, killed)
        with pytest.raises(SystemExit):
            run("update", *settings(tmp_path / "job", "to_block=9"))
    run("update", *settings(tmp_path / "job", "to_block=12"))
    assert files(tmp_path / "job") == files(straight)
    assert content(tmp_path / "job") == content(straight)


def test_machines_read_a_line_a_stage(toy, tmp_path: Path, run, capsys):
    """Every line is one JSON object; the last is the result, with the exit code; bad rows make it 3."""
    capsys.readouterr()
    run("update", *settings(tmp_path, "log=json"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["stage"] for line in lines] == ["extract", "replay", "warehouse", "audit", "result"]
    assert all(set(line) >= {"stage", "block", "counts", "seconds"} for line in lines)
    assert lines[0]["counts"]["logs"] == 7
    assert (lines[-1]["verdict"], lines[-1]["exit_code"], lines[-1]["block"]) == ("clean", 0, 12)
    own = tmp_path / "own"
    own.mkdir()
    (own / "many.sql").write_text("-- Callers of many events.\nselect who from callers where events > 1\n")
    run("update", *settings(tmp_path, "log=json", "audits=[own]", f"folder={own}"), ends=3)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["counts"]["logs"] == 0
    assert lines[2]["counts"] == {"tables_refreshed": 0}
    assert (lines[-1]["verdict"], lines[-1]["exit_code"], lines[-1]["counts"]["bad_rows"]) == ("findings", 3, 2)
    (own / "many.sql").write_text("-- Nothing.\nselect * from nowhere\n")
    run("update", *settings(tmp_path, "log=json", "audits=[own]", f"folder={own}"), ends=1)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"] == "an audit could not run"


@pytest.mark.slow
def test_without_a_node_the_rest_goes_on(toy, tmp_path: Path, run, capsys, monkeypatch):
    """No ETH_RPC_URL: the lake is taken as it is. A node that stays away: so too, but the run ends with 1."""
    run("extract", f"lake={tmp_path / 'lake'}", "to_block=9")
    with monkeypatch.context() as without:
        without.delenv("ETH_RPC_URL")
        run("update", *settings(tmp_path))
    assert "left out: no node" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "results")
    monkeypatch.setattr(updating, "extract_stage", _away)
    run("update", *settings(tmp_path, "log=json"), ends=1)
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["stage"] for line in lines] == ["extract", "replay", "warehouse", "audit", "result"]
    assert (lines[-1]["exit_code"], lines[-1]["block"], lines[-1]["error"]) == (1, 9, "the node is away")
    assert err.count("\n") == 1


def _away(*_: object) -> None:
    raise NodeError("the node is away")


def test_two_jobs_do_not_meet(toy, tmp_path: Path, run, capsys):
    """While one works on the results another ends with 1 and one line, also as JSON."""
    with FileLock(tmp_path / ".results.lock"):
        run("update", *settings(tmp_path, "log=json"), ends=1)
    out, err = capsys.readouterr()
    assert json.loads(out)["exit_code"] == 1
    assert "another run works on these results" in err
    assert not (tmp_path / "lake").exists()


@pytest.mark.slow
def test_status_for_machines(toy, tmp_path: Path, run, capsys):
    """`format=json` tells in one object what the text tells."""
    run("extract", f"lake={tmp_path / 'lake'}", "to_block=9")
    capsys.readouterr()
    run("status", f"lake={tmp_path / 'lake'}", "format=json")
    told = json.loads(capsys.readouterr().out)
    assert (told["from_block"], told["to_block"], told["chain_id"], told["protocols"]) == (1, 9, 1337, ["toy"])
    assert told["rows"]["events/counter.Counted"] == 6
    assert told["contracts"] == {"counter": 1}
