"""The commands `import` and `replay`: exit codes, and one line for every mistake, with nothing left behind."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from hashlib import sha256

import pytest
from histories import DATA, History, place, set_word

from pipelines.cli import main

RECORDING = DATA / "open-v2.3-fuzz-oldobs-103"


@pytest.fixture
def recording(tmp_path):
    """A recording that a test may spoil."""
    return shutil.copytree(RECORDING, tmp_path / "recording")


@pytest.fixture
def history():
    """The same, as records."""
    return History(RECORDING)


def refused(capsys, arguments, exit_code, *words):
    """The command fails with one line that holds `words`."""
    assert main(arguments) == exit_code
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert len(lines) == 1, output.err
    assert lines[0].startswith("keep3r: error: ")
    assert "Traceback" not in output.err
    for word in words:
        assert word in lines[0], lines[0]


def import_is_refused(capsys, recording, exit_code, *words):
    """Importing fails, and leaves neither lake nor unfinished folder."""
    lake = recording.parent / "lake"
    before = sorted(recording.parent.iterdir())
    refused(capsys, ["import", f"recording={recording}", f"lake={lake}"], exit_code, *words)
    assert sorted(recording.parent.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["logs", "blocks", "txs", "views"])
def test_a_truncated_gzip_is_named(recording, capsys, name):
    """A file that ends too early is refused by name."""
    path = recording / f"{name}.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-200])
    import_is_refused(capsys, recording, 1, path.name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["logs", "blocks", "txs", "views"])
def test_invalid_json_is_named_with_its_line(recording, capsys, name):
    """A line that is no JSON is refused by file and line."""
    path = recording / f"{name}.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    lines[6] = lines[6][:-9]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    import_is_refused(capsys, recording, 1, path.name, "line 7")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["meta.json", "logs.jsonl.gz", "txs.jsonl.gz"])
def test_a_missing_file_is_named(recording, capsys, name):
    """A recording without one of its files is refused."""
    (recording / name).unlink()
    import_is_refused(capsys, recording, 1, name)


def work_of(history):
    """A KeeperWork of the history."""
    from edits import WORK

    return next(log for log in history.logs if log["topics"][0] == WORK)


@pytest.mark.slow
def test_a_log_with_too_little_data_is_named(history, tmp_path, capsys):
    """A KeeperWork of one word is refused by block and log."""
    log = work_of(history)
    log["data"] = log["data"][:66]
    block, index = place(log)
    import_is_refused(
        capsys, history.write(tmp_path / "recording"), 1, f"block {block}, log {index}", "too little data"
    )


@pytest.mark.slow
def test_an_unknown_event_is_named(history, tmp_path, capsys):
    """A topic that is no event of the contract is refused by block and log."""
    log = work_of(history)
    log["topics"][0] = "0x" + "12" * 32
    block, index = place(log)
    import_is_refused(capsys, history.write(tmp_path / "recording"), 1, f"block {block}, log {index}", "unknown event")


def test_a_gap_in_blocks_is_named(history, tmp_path, capsys):
    """A missing block is refused by the line after the gap."""
    del history.blocks[100]
    import_is_refused(capsys, history.write(tmp_path / "recording"), 1, "blocks.jsonl.gz", "line 101", "gap")


def test_a_log_out_of_order_is_named(history, tmp_path, capsys):
    """Logs stand in chain order."""
    history.logs[40], history.logs[41] = history.logs[41], history.logs[40]
    import_is_refused(capsys, history.write(tmp_path / "recording"), 1, "logs.jsonl.gz", "out of order")


@pytest.mark.slow
def test_an_amount_beyond_38_digits_is_named(history, tmp_path, capsys):
    """A payment that no column holds exactly is refused, not rounded."""
    set_word(work_of(history), 0, 10**38)
    import_is_refused(capsys, history.write(tmp_path / "recording"), 1, "38 digits")


def test_a_wrong_version_is_named(recording, capsys):
    """A version that does not exist is refused."""
    meta = json.loads((recording / "meta.json").read_text())
    meta["version"] = "2.4"
    (recording / "meta.json").write_text(json.dumps(meta))
    import_is_refused(capsys, recording, 1, "meta.json", "2.4")


def test_an_empty_folder_is_named(tmp_path, capsys):
    """A folder without files is no recording."""
    (tmp_path / "recording").mkdir()
    import_is_refused(capsys, tmp_path / "recording", 1, "empty")


def test_a_missing_folder_is_named(tmp_path, capsys):
    """A recording that is not there is a mistake of usage."""
    refused(capsys, ["import", f"recording={tmp_path}/none", f"lake={tmp_path}/lake"], 2, "no such folder")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def sound_lake(tmp_path_factory):
    """The lake of a recording."""
    folder = tmp_path_factory.mktemp("sound") / "lake"
    assert main(["import", f"recording={RECORDING}", f"lake={folder}"]) == 0
    return folder


@pytest.fixture
def lake(sound_lake, tmp_path):
    """A lake that a test may spoil."""
    return shutil.copytree(sound_lake, tmp_path / "lake")


def replay_is_refused(capsys, lake, exit_code, *words):
    """Replaying fails, and leaves no results."""
    results = lake.parent / "results"
    before = sorted(path.name for path in lake.parent.iterdir())
    refused(capsys, ["replay", f"lake={lake}", f"results={results}"], exit_code, *words)
    assert sorted(path.name for path in lake.parent.iterdir()) == before


def test_replay_of_a_missing_lake(tmp_path, capsys):
    """A lake that is not there is named."""
    replay_is_refused(capsys, tmp_path / "none", 1, "no such lake")


@pytest.mark.slow
def test_replay_of_a_folder_that_is_no_lake(tmp_path, capsys):
    """A folder without a manifest is no lake."""
    (tmp_path / "lake").mkdir()
    replay_is_refused(capsys, tmp_path / "lake", 1, "no lake here")


@pytest.mark.slow
def test_replay_of_a_lake_with_a_missing_file(lake, capsys):
    """A file that the manifest names must be there."""
    gone = next((lake / "events" / "keep3r.KeeperWork").iterdir())
    gone.unlink()
    replay_is_refused(capsys, lake, 1, gone.name, "missing")


@pytest.mark.slow
def test_replay_of_a_lake_with_a_shortened_file(lake, capsys):
    """A file of another size than the manifest says is damaged."""
    path = next((lake / "blocks").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    replay_is_refused(capsys, lake, 1, path.name, "bytes instead of")


@pytest.mark.slow
@pytest.mark.parametrize("table", ["blocks", "events/keep3r.KeeperWork", "readings", "transactions"])
def test_replay_of_a_lake_with_a_damaged_file(lake, capsys, table):
    """Damage that leaves the size as it was is an error of one line as well."""
    path = next((lake / table).iterdir())
    content = bytearray(path.read_bytes())
    content[-200:] = b"\x00" * 200
    path.write_bytes(content)
    replay_is_refused(capsys, lake, 1, path.name)


def test_replay_of_a_lake_with_a_broken_manifest(lake, capsys):
    """A manifest that is no JSON is named."""
    (lake / "manifest.json").write_text("{")
    replay_is_refused(capsys, lake, 1, "manifest.json")


def test_replay_of_a_lake_of_a_version_without_a_model(lake, capsys):
    """The versions that can be replayed are named."""
    path = lake / "deployment.json"
    path.write_text(path.read_text().replace('"version": "2.3"', '"version": "9.9"'))
    manifest = json.loads((lake / "manifest.json").read_bytes())
    manifest["deployment_sha256"] = [sha256(path.read_bytes()).hexdigest()]
    (lake / "manifest.json").write_text(json.dumps(manifest))
    replay_is_refused(capsys, lake, 1, "deployment.json", "9.9")


def test_results_do_not_replace_something_else(lake, capsys):
    """A folder with other files is refused before any work, and stays."""
    results = lake.parent / "results"
    results.mkdir()
    (results / "letter.txt").write_text("dear")
    refused(capsys, ["replay", f"lake={lake}", f"results={results}"], 2, "something other")
    assert [path.name for path in results.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay", "lakes=x"], ["lakes", "did you mean 'lake'"]),
        (["replay", "until_block=soon"], ["until_block"]),
        (["replay", "mode=lenient"], ["mode"]),
        (["replay", "--strict"], ["--strict"]),
        (["import"], ["recording"]),
        (["reply"], ["did you mean 'replay'"]),
    ],
)
def test_mistakes_of_usage(arguments, words, capsys, tmp_path, monkeypatch):
    """An unknown setting, a value of the wrong type or a missing one is named, with exit code 2."""
    monkeypatch.chdir(tmp_path)
    refused(capsys, arguments, 2, *words)
    assert not list(tmp_path.iterdir())


def test_until_block_and_mode_are_settings(lake, capsys):
    """A replay up to a block in strict mode says so in its summary."""
    results = lake.parent / "results"
    assert main(["replay", f"lake={lake}", f"results={results}", "until_block=150", "mode=strict"]) == 0
    assert "to 150" in capsys.readouterr().out
    manifest = json.loads((results / "manifest.json").read_text())
    assert {"mode": "strict", "until_block": 150}.items() <= manifest["configuration"].items()


@pytest.mark.slow
def test_findings_end_with_three(history, tmp_path, capsys):
    """A tampered payment ends the command with 3, and its place stands in the summary."""
    from audits import audit
    from changes import exact_payment

    from keep3r_replay.lake.reader import Lake

    history.write(tmp_path / "recording")
    assert main(["import", f"recording={tmp_path}/recording", f"lake={tmp_path}/lake"]) == 0
    change = next(exact_payment(history, audit(Lake.open(tmp_path / "lake")), None))
    change.apply(history)
    history.write(tmp_path / "recording")
    assert main(["import", f"recording={tmp_path}/recording", f"lake={tmp_path}/lake"]) == 0
    capsys.readouterr()
    assert main(["replay", f"lake={tmp_path}/lake", f"results={tmp_path}/results"]) == 3
    output = capsys.readouterr().out
    assert output.startswith("FINDINGS")
    block, log = change.shows_at
    assert re.search(
        rf"^  block {block} log {log}, \d{{4}}-\d\d-\d\d \d\d:\d\d  payment_mismatch", output, re.MULTILINE
    )


@pytest.mark.parametrize("name", ["import", "replay"])
def test_help_names_every_setting(name, capsys):
    """The help of a subcommand lists what can be set."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    settings = {"import": ["recording", "lake"], "replay": ["lake", "results", "mode", "until_block"]}[name]
    assert all(f"\n  {setting} " in output for setting in settings)


def test_help_names_every_subcommand(capsys):
    """The help of the command lists the subcommands and the exit codes."""
    assert main(["--help"]) == 0
    output = capsys.readouterr().out
    assert "replay" in output
    assert "3 findings" in output
