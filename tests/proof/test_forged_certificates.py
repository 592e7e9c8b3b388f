"""A certificate is held against the lake beside it, and readings and manifest against the chain."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.errors import LakeError
from keep3r_replay.lake.certificate import inputs_of
from keep3r_replay.lake.folders import foreign_names
from keep3r_replay.lake.reader import Lake
from tests.chain.small_node import error
from tests.node.lakes import run
from tests.proof.lake_changes import change_rows
from tests.proof.proving import anchor_of, prove
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"
FALSE = "0x" + "ab" * 32


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An honest node."""
    with ServedChain(recorded()) as node:
        yield node.url


@pytest.fixture(scope="module")
def certified(extracted: Path, url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with its certificate, and with what that rests on; not to be changed."""
    lake = tmp_path_factory.mktemp("certified") / "lake"
    shutil.copytree(extracted, lake, ignore=shutil.ignore_patterns(".lock"))
    assert run(url, "prove", f"lake={lake}", ANCHOR, "keep=true", "state=false") == 0
    return lake


@pytest.fixture
def proved(certified: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(certified, tmp_path / "proved", ignore=shutil.ignore_patterns(".lock"))
    return tmp_path / "proved"


def _edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    said = json.loads(file.read_bytes())
    change(said)
    file.write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda said: said.update(blocks=[0, 99_999]), "blocks 0 to 99999, which the lake does not cover"),
        (lambda said: said.update(chain_id=1), "it is of chain 1"),
        (lambda said: said["anchor"].update(hash=FALSE), "its windows do not lead to its anchor"),
        (lambda said: said["anchor"].update(block=45), "its windows do not lead to its anchor"),
        (lambda said: said["rests_on"].update(windows=[]), "its windows do not lead to its anchor"),
        (lambda said: said.pop("manifest"), "does not say which hashes of blocks the manifest named"),
    ],
)
def test_a_certificate_that_cannot_be_of_the_lake_is_broken(
    proved: Path, change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    """Blocks, chain, anchor and windows: whoever replays is told what is wrong with it."""
    _edit(proved / "proof.json", change)
    inputs = inputs_of(Lake.open(proved))
    assert inputs is not None
    assert problem in inputs["broken"]


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["anchor"].update(hash="<script>alert(1)</script>"),
        lambda said: said["rests_on"].update(kept={"../deployment.json": ""}),
        lambda said: said["rests_on"].update(windows=[[1, 2]]),
        lambda said: said.pop("rests_on"),
    ],
)
def test_what_is_no_certificate_is_refused(proved: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """An anchor that is no hash, evidence outside of the lake, windows that are none."""
    _edit(proved / "proof.json", change)
    with pytest.raises(LakeError, match="is no certificate"):
        inputs_of(Lake.open(proved))


def test_evidence_that_is_gone_breaks_the_certificate(proved: Path) -> None:
    """What it rests on must be there as it was."""
    kept = next((proved / "proof" / "kept").glob("*.parquet"))
    whole = kept.read_bytes()
    for content, problem in ((whole + b"1", "is another one"), (None, "is no longer there")):
        kept.unlink()
        if content is not None:
            kept.write_bytes(content)
        inputs = inputs_of(Lake.open(proved))
        assert inputs is not None
        assert inputs["broken"].endswith(problem)


def test_hashes_of_the_manifest_are_held_against_the_headers(proved: Path, url: str) -> None:
    """The last block's and those of partitions' ends; a certificate of other ones is broken."""

    def lie(said: dict[str, Any]) -> None:
        said["coverage"]["last_block_hash"] = FALSE
        said["extraction"]["anchors"] = [[43, FALSE]]

    _edit(proved / "manifest.json", lie)
    inputs = inputs_of(Lake.open(proved))
    assert inputs is not None
    assert inputs["broken"] == "the manifest names other hashes of blocks than were proved"
    found = prove(proved, url).contradictions
    assert [(each.block, each.subject, each.told) for each in found] == [(43, "manifest", FALSE)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"arguments": "7"}, "arguments 7"),
        ({"value": None, "revert": "0x01"}, "it reverted"),
        ({"revert": "0x01"}, "it reverted"),
        ({"value": "777"}, "777"),
    ],
)
def test_a_reading_does_not_escape(lake: Path, url: str, change: dict[str, Any], told: str) -> None:
    """A view whose storage is on record has no arguments and answers."""
    change_rows(
        lake, "readings", lambda rows: [{**row, **change} if row["view"] == "bondTime" else row for row in rows]
    )
    found = prove(lake, url, state=True).contradictions
    assert [(each.block, each.subject, each.told) for each in found] == [(40, "readings", told)]


def test_a_node_without_proofs_is_the_reason(lake: Path) -> None:
    """What is not proved because nobody offers proofs of state is not laid to the code."""

    class Older(ServedChain):
        def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
            if call["method"] == "eth_getProof":
                return error(-32601, "the method eth_getProof does not exist")
            return super()._answer(call)

    with Older(recorded()) as node:
        certificate = prove(lake, node.url, state=True).certificate
    assert certificate is not None
    told = " | ".join(certificate["except"])
    assert told.count("no teller offers proofs of state there") == 4
    assert "readings: no teller offers proofs of state there" in told
    assert "on no record" not in told


def test_a_proof_is_not_said_to_be_foreign(proved: Path) -> None:
    """Certificate and evidence are keep3r's own where a lake is written to."""
    assert foreign_names(proved) == []
