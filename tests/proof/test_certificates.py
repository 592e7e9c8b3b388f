"""The certificate: what it says, who carries it, what breaks it, and that it can be verified without a node."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from keep3r_replay.lake.certificate import inputs_of
from keep3r_replay.lake.reader import Lake
from keep3r_replay.proof.kept import kept_name
from keep3r_replay.report.inputs import inputs_words
from tests.node.lakes import content, run
from tests.proof.lake_changes import change_rows
from tests.proof.proving import LAST, anchor_of
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"


@pytest.fixture(scope="session")
def proved(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake with its certificate, and with what that rests on; not to be changed."""
    lake = tmp_path_factory.mktemp("proved") / "lake"
    shutil.copytree(extracted, lake, ignore=shutil.ignore_patterns(".lock"))
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, "keep=true") == 0
    return lake


@pytest.fixture
def certified(proved: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(proved, tmp_path / "certified", ignore=shutil.ignore_patterns(".lock"))
    return tmp_path / "certified"


def test_the_certificate_says_what_was_proved_and_what_not(proved: Path) -> None:
    """Anchor, blocks, every table and every file; of what is not proved, a sentence each."""
    said = json.loads((proved / "proof.json").read_bytes())
    manifest = json.loads((proved / "manifest.json").read_bytes())
    assert said["anchor"] == {"block": recorded().head, "hash": anchor_of(recorded()), "given_as": "hash"}
    assert said["blocks"] == [3, LAST]
    assert said["files"] == {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    assert set(said["tables"]) == {entry["table"] for entry in manifest["files"]}
    assert said["tables"]["transactions"]["from"] == "signatures"
    assert said["tables"]["logs"]["data"] == "receipts roots"
    assert said["tables"]["events/keep3r.KeeperWork"]["timestamp"] == "headers"
    assert said["counts"]["logs"] == sum(entry["rows"] for entry in manifest["files"] if entry["table"] == "logs")
    assert {each["is"] for each in said["state"]["codes"].values()} == {"keep3r 2.0", "keep3r_helper 2.0", ""}
    keep3r = recorded().keep3r.lower()
    assert "liquidityMinimum" in said["state"]["initial_state"][keep3r]
    assert said["parameters"][keep3r]["liquidityMinimum"] == "state root of the block in which it was read"
    (helper,) = said["parameters"].keys() - {keep3r}
    assert said["parameters"][helper]["keep3rV2"] == "not proved: the storage of this code is on no record"
    assert said["views"][""]["block.timestamp"] == {"headers": 1}
    assert said["views"][keep3r]["liquidityMinimum"] == {"state roots": 1}
    assert said["views"][keep3r]["totalJobCredits"].keys() == {"not proved: computed, or its storage is on no record"}
    assert any("readings of views that are computed" in sentence for sentence in said["except"])


@pytest.mark.slow
def test_it_is_verified_without_a_node(certified: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From what was kept and the anchor everything follows again; nothing is written."""
    before = content(certified)
    assert run("", "prove", f"lake={certified}", ANCHOR, "offline=true") == 0
    assert "VERIFIED  blocks 3 to 43 from block 46" in capsys.readouterr().out
    assert run("", "prove", f"lake={certified}", "anchor=46", "offline=true") == 0
    assert "except    the anchor's hash, which is the node's word" in capsys.readouterr().out
    assert run("", "prove", f"lake={certified}", ANCHOR, "offline=true", "format=json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["blocks"], told["contradictions"]) == (True, [3, LAST], [])
    assert told["certificate"]["counts"] == json.loads((certified / "proof.json").read_bytes())["counts"]
    assert any("VERIFIED" in line for line in told["told"])
    assert content(certified) == before


@pytest.mark.slow
def test_another_anchor_is_not_that_of_what_was_kept(certified: Path) -> None:
    """Whoever trusts another hash is told so."""
    assert run("", "prove", f"lake={certified}", f"anchor='0x{'ab' * 32}'", "offline=true") == 1


@pytest.mark.parametrize(
    "part", ["kept", pytest.param("certificate", marks=pytest.mark.slow), pytest.param("table", marks=pytest.mark.slow)]
)
def test_whatever_is_changed_later_breaks_it(certified: Path, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A kept header, a word of the certificate, a row of a table: none of them passes."""
    if part == "kept":
        path = certified / kept_name(3, recorded().head)
        path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    elif part == "certificate":
        path = certified / "proof.json"
        path.write_text(path.read_text().replace('"logs": 53', '"logs": 54'))
    else:
        change_rows(certified, "blocks", lambda rows: [{**row, "timestamp": None} for row in rows])
    assert run("", "prove", f"lake={certified}", ANCHOR, "offline=true") in {1, 3}
    told = capsys.readouterr()
    assert told.err or "NOT PROVED" in told.out
    if part == "kept":
        assert f"{path}: is damaged: it has another SHA-256 than proof.json says" in told.err


@pytest.mark.slow
def test_a_replay_carries_it(certified: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Summary, manifest, terminal and page say from which block the inputs were proved; of a changed lake, that not."""
    results, page = tmp_path / "results", tmp_path / "page.html"
    assert run("", "replay", f"lake={certified}", f"results={results}", "ledger=true") == 0
    told = capsys.readouterr().out
    assert f"inputs    proved from block 46 {anchor_of(recorded())}, blocks 3 to 43, except: " in told
    summary = json.loads((results / "summary.json").read_bytes())["inputs"]
    assert (summary["anchor"], summary["blocks"], summary["broken"]) == (anchor_of(recorded()), [3, 43], "")
    assert json.loads((results / "manifest.json").read_bytes())["proof"] == summary
    assert run("", "report", f"results={results}", f"report={page}") == 0
    assert f"inputs proved from block 46 {anchor_of(recorded())}" in page.read_text().lower()
    change_rows(certified, "blocks", lambda rows: [{**row, "gas_limit": (row["gas_limit"] or 0) + 1} for row in rows])
    capsys.readouterr()
    assert run("", "replay", f"lake={certified}", f"results={results}") == 0
    assert "NOT PROVED: the certificate from block 46" in capsys.readouterr().out


def test_a_lake_says_whether_it_is_the_one_that_was_proved(certified: Path) -> None:
    """What a replay carries: anchor, blocks and exceptions; once a file is another one, which."""
    inputs = inputs_of(Lake.open(certified))
    assert inputs is not None
    assert inputs["broken"] == ""
    assert inputs_words(inputs).startswith(f"proved from block 46 {anchor_of(recorded())}, blocks 3 to 43, except: ")
    change_rows(certified, "blocks", lambda rows: [{**row, "gas_limit": (row["gas_limit"] or 0) + 1} for row in rows])
    broken = inputs_of(Lake.open(certified))
    assert broken is not None
    assert broken["broken"] == "blocks/000000003-000000043.parquet is another one than was proved"
    assert inputs_words(broken).startswith("NOT PROVED: the certificate from block 46")
    (certified / "proof.json").unlink()
    assert inputs_of(Lake.open(certified)) is None


@pytest.mark.slow
def test_a_lake_without_a_certificate_says_nothing(lake: Path, tmp_path: Path) -> None:
    """Results of such a lake are what they always were."""
    assert run("", "replay", f"lake={lake}", f"results={tmp_path / 'results'}") == 0
    assert "inputs" not in json.loads((tmp_path / "results" / "summary.json").read_bytes())


def test_a_second_run_goes_on_from_the_first(certified: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With resume=true what is noted is not asked for again; the certificate says that it rests on notes."""
    before = content(certified)
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={certified}", ANCHOR, "keep=true", "resume=true") == 0
        asked = [call["method"] for each in node.requests for call in (each if isinstance(each, list) else [each])]
    told = capsys.readouterr().out
    assert "1 window of a former run" in told
    assert "except    1 of 1 windows, on the word of a former run's notes" in told
    assert "eth_getBlockReceipts" not in asked
    assert {name for name, file in content(certified).items() if file != before[name]} == {"proof.json"}


@pytest.mark.slow
def test_an_anchor_by_number_is_the_nodes_word(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said; so are blocks of the lake that lie behind the anchor."""
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", "anchor=40", "state=false") == 0
    said = json.loads((lake / "proof.json").read_bytes())
    assert said["blocks"] == [3, 40]
    assert "the anchor's hash, which is the node's word" in said["except"]
    assert "blocks 41 to 43, which lie behind the anchor" in said["except"]


@pytest.mark.slow
def test_a_plan_writes_nothing(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a proof would cost is told, and the lake stays as it is."""
    before = content(lake)
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, "plan=true") == 0
    told = capsys.readouterr().out
    assert "headers           44  to verify" in told
    assert "requests, about" in told
    assert content(lake) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("except", []),
        ("blocks", [3, 46]),
        ("anchor", {"block": 45, "hash": anchor_of(recorded()), "given_as": "hash"}),
        ("state", None),
        ("tables", {"logs": {"data": "everything"}}),
        ("parameters", {}),
        ("views", {}),
        ("layout", 1),
        ("counts", {}),
    ],
)
@pytest.mark.slow
def test_a_forged_certificate_is_found(certified: Path, name: str, value: object) -> None:
    """Whatever a certificate claims beyond what follows from the kept evidence, or keeps silent about, is told."""
    path = certified / "proof.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), name: value}))
    assert run("", "prove", f"lake={certified}", ANCHOR, "offline=true") == 1


@pytest.mark.parametrize("anchor", ["0x12", "yesterday"])
def test_what_is_no_anchor_is_refused(lake: Path, anchor: str) -> None:
    """Exit 2: neither a hash nor a number."""
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", f"anchor='{anchor}'") == 2


def test_a_false_word_about_the_anchor_is_found(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A node that gives another header for the trusted hash contradicts it; exit 3."""

    def lie(method: str, _: list, result: dict) -> dict:
        return {**result, "gasUsed": "0x1"} if method == "eth_getBlockByHash" else result

    with ServedChain(recorded(), lie) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR) == 3
    assert f"block {recorded().head}: header: hashes to" in capsys.readouterr().err
