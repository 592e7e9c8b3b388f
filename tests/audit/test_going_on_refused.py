"""Former results that are no place to go on from: the run begins before, says why in one line, and leaves the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from growing import content, lake_up_to
from histories import DATA
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest
from keep3r_replay.replay import continuing
from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = DATA / "open-kuma-clean-1"
STOP = 120

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole() -> Lake:
    """A history's lake."""
    return kr.open_lake(imported(RECORDING))


@pytest.fixture(scope="module")
def bytes_of_one_run(whole, tmp_path_factory) -> dict[str, bytes]:
    """What a straight run of it leaves."""
    folder = tmp_path_factory.mktemp("straight") / "results"
    kr.replay(whole).write(folder)
    return content(folder)


def _other_code(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by = json.dumps  # whatever it is, it is not that of the results
    monkeypatch.setattr(continuing, "code_hash", lambda: made_by("another"))


def _damaged(results: Path, _: pytest.MonkeyPatch) -> None:
    file = results / "kept_records.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def _lost(results: Path, _: pytest.MonkeyPatch) -> None:
    (results / "bonds.parquet").unlink()


def _killed(results: Path, _: pytest.MonkeyPatch) -> None:
    manifest = json.loads((results / "manifest.json").read_text())
    names = list(manifest.pop("files"))
    (results / "manifest.json").write_text(json.dumps(manifest | {"unfinished": names}))


def _torn(results: Path, _: pytest.MonkeyPatch) -> None:
    manifest = (results / "manifest.json").read_bytes()
    (results / "manifest.json").write_bytes(manifest[: len(manifest) * 3 // 4])


def _forged(results: Path, _: pytest.MonkeyPatch) -> None:
    manifest = json.loads((results / "manifest.json").read_text())
    (results / "manifest.json").write_text(json.dumps(manifest | {"lake_files": [["logs", 1]]}))


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (_other_code, "the code is another one"),
        (_damaged, "the former results are damaged (kept_records.parquet holds something other than was written)"),
        (_lost, "the former results are damaged"),
        (_killed, "a run ended as it wrote its results"),
        (_forged, "the former results are damaged"),
        (_torn, "their manifest is damaged"),
    ],
    ids=["code", "damaged", "lost", "killed", "forged", "torn"],
)
def test_what_happened_to_results_is_said(happens, says, whole, bytes_of_one_run, tmp_path, monkeypatch, capsys):
    """The command ends as the audit does and leaves its bytes; a line says why it began at the beginning."""
    results = tmp_path / "results"
    assert main(["replay", f"lake={whole.path}", f"results={results}", f"until_block={STOP}"]) == 0
    assert "replayed" not in capsys.readouterr().out
    with monkeypatch.context() as patch:
        happens(results, patch)
        assert main(["replay", f"lake={whole.path}", f"results={results}"]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("replayed")]
    assert line.startswith(f"replayed  from the beginning: {says}")
    assert content(results) == bytes_of_one_run


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("ledger=true", "the configuration is another one: ledger"),
        ("snapshot_every=77", "the configuration is another one: snapshot_every"),
        ("mode=strict", "the configuration is another one: mode"),
    ],
)
def test_another_configuration_begins_anew(setting, says, whole, bytes_of_one_run, tmp_path, capsys):
    """Results with a ledger, with other snapshots or of a strict replay are not gone on from."""
    command = ["replay", f"lake={whole.path}", f"results={tmp_path / 'results'}"]
    assert main([*command, setting, f"until_block={STOP}"]) == 0
    assert main(command) == 0
    assert f"replayed  from the beginning: {says}\n" in capsys.readouterr().out
    assert content(tmp_path / "results") == bytes_of_one_run


def test_a_contract_that_is_found_begins_anew(whole, tmp_path):
    """Discovery adds a contract to a growing lake: the run goes through all of it, and says that it did."""
    former = lake_up_to(whole, STOP, tmp_path / "lake")
    kr.replay_on(former, tmp_path / "results")
    lake = lake_up_to(whole, whole.manifest.coverage.to_block, tmp_path / "lake")
    found = Contract("stable_coin", "0x" + "ab" * 20, "", {"from_block": STOP + 1})
    deployment = replace(lake.deployment, contracts=(*lake.deployment.contracts, found))
    digest = write_deployment(lake.path, deployment)
    write_manifest(lake.path, replace(lake.manifest, deployment_sha256=(digest,)))
    lake = Lake.open(lake.path)
    went = kr.replay_on(lake, tmp_path / "results")
    assert (went.after, went.told) == (None, "from the beginning: the lake's deployment is another one")
    kr.replay(lake).write(tmp_path / "straight")
    assert content(tmp_path / "results") == content(tmp_path / "straight")


def test_transactions_left_aside_begin_anew(whole, bytes_of_one_run, tmp_path, capsys):
    """A replay by logs alone rests on other files of the same lake."""
    command = ["replay", f"lake={whole.path}", f"results={tmp_path / 'results'}"]
    assert main([*command, "inputs=false", f"until_block={STOP}"]) in {0, 3}
    assert main(command) == 0
    assert "replayed  from the beginning: " in capsys.readouterr().out
    assert content(tmp_path / "results") == bytes_of_one_run


def test_files_that_are_known_are_not_read_again(whole, tmp_path):
    """A damaged byte of an old file goes unnoticed by a run that does not read it, and is an error to one that does."""
    former = lake_up_to(whole, 100, tmp_path / "lake")
    kr.replay_on(former, tmp_path / "results")
    lake = lake_up_to(whole, 160, tmp_path / "lake")
    kept = set(former.manifest.files) & set(lake.manifest.files)
    old = next(each for each in lake.manifest.of_table("logs") if each in kept)
    file = lake.path / old.path
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    kr.open_lake(lake.path, results=tmp_path / "results")
    with pytest.raises(kr.LakeError, match="something other than was written"):
        kr.open_lake(lake.path)
    new = next(each for each in lake.manifest.of_table("logs") if each not in kept)
    (lake.path / new.path).write_bytes((lake.path / new.path).read_bytes()[:-1] + b"?")
    with pytest.raises(kr.LakeError, match="something other than was written"):
        kr.open_lake(lake.path, results=tmp_path / "results")
