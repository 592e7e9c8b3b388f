"""A proof writes where nobody else's files are, and evidence that is damaged is said to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keep3r_replay.errors import InputError, LakeError
from keep3r_replay.proof.kept import KeptTeller, check_kept, digest_of, kept_name
from keep3r_replay.proof.places import check_places, clear_old, strangers
from tests.node.lakes import content, run
from tests.proof.proving import anchor_of, prove
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"
LATER = "000000003-000000099"
NUMBER, BINARY = pa.array([3], pa.uint32()), pa.array([b""], pa.binary())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An honest node."""
    with ServedChain(recorded()) as node:
        yield node.url


@pytest.mark.parametrize("place", ["proof", "proof/windows", "proof/kept"])
def test_a_proof_does_not_follow_links(lake: Path, tmp_path: Path, url: str, place: str) -> None:
    """Where one of its folders is a link, nothing is written or deleted, here or there."""
    elsewhere = tmp_path / "elsewhere"
    for name in (f"{LATER}.json", f"{LATER}.parquet", "state.json", f"windows/{LATER}.json"):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text("mine")
    (lake / place).parent.mkdir(exist_ok=True)
    (lake / place).symlink_to(elsewhere)
    before = content(lake), content(elsewhere)
    with pytest.raises(LakeError, match=r"is a link, .*; put the folder there"):
        prove(lake, url, keep=True)
    assert (content(lake), content(elsewhere)) == before


@pytest.mark.parametrize("kind", ["link", "folder", "file", "text", "newer"])
def test_what_is_no_certificate_is_not_replaced(lake: Path, tmp_path: Path, kind: str) -> None:
    """It is named before a node is asked, with what to do."""
    file = lake / "proof.json"
    if kind == "link":
        (tmp_path / "mine.json").write_text("mine")
        file.symlink_to(tmp_path / "mine.json")
    elif kind == "folder":
        file.mkdir()
    else:
        file.write_text({"file": '{"mine": 1}', "text": "mine", "newer": '{"layout": 99}'}[kind])
    before = content(lake)
    with pytest.raises(LakeError, match=r"proof\.json: .*; (update keep3r|move it away)"):
        prove(lake)
    assert content(lake) == before


def test_the_command_says_so_in_one_line(lake: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1."""
    (lake / "proof.json").write_text('{"mine": 1}')
    assert run(url, "prove", f"lake={lake}", ANCHOR, "state=false") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("proof.json: is no certificate: it has no layout; move it away, and run keep3r prove")


@pytest.mark.slow
def test_only_what_a_proof_wrote_goes(lake: Path, url: str) -> None:
    """Of former windows notes and kept headers go; files of somebody else stay, unless they are in the way."""
    prove(lake, url, keep=True, window=20)
    former = {path.stem for path in (lake / "proof" / "windows").iterdir()}
    damaged = lake / kept_name(20, 39)
    damaged.write_bytes(b"damaged, and named by the certificate")
    mine = [lake / "proof" / "windows" / f"{LATER}.json", lake / "proof" / "kept" / f"{LATER}.parquet"]
    for path in mine:
        path.write_text("mine")
    prove(lake, url, keep=True)
    left = set((lake / "proof").rglob("*-*.*"))
    assert {path.read_text() for path in mine} == {"mine"}
    assert {path.stem for path in left - {*mine}} == {"000000003-000000046"}
    assert len(former) == 3
    listed = check_places(lake)
    assert strangers(lake, listed, [(3, 46)], keep=True) == [path.relative_to(lake).as_posix() for path in mine[::-1]]
    with pytest.raises(LakeError, match="no proof wrote this, and it would be replaced; move it away"):
        strangers(lake, listed, [(3, 99)], keep=False)
    clear_old(lake, [], listed, kept=True)
    assert set((lake / "proof").rglob("*-*.*")) == {*mine}


@pytest.mark.slow
def test_every_damaged_byte_is_a_damaged_file(lake: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Offline the kept file is named, exit 1, before anything is read from it."""
    prove(lake, url, keep=True)
    kept = lake / kept_name(3, recorded().head)
    whole = kept.read_bytes()
    said = json.loads((lake / "proof.json").read_bytes())["rests_on"]["kept"]
    for at in range(0, len(whole), len(whole) // 50):
        kept.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InputError, match=rf"{kept.name}: is damaged: it has another SHA-256 than proof\.json says"):
            check_kept(lake, said)
    assert run("", "prove", f"lake={lake}", ANCHOR, "offline=true") == 1
    assert f"{kept.name}: is damaged" in capsys.readouterr().err
    kept.unlink()
    with pytest.raises(InputError, match="is no longer there"):
        prove(lake, offline=True)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"number": NUMBER}, "has other columns than number (uint32), header (binary)"),
        ({"header": pa.array(["0x"])}, "has other columns than number (uint32), header (binary)"),
        ({"header": pa.array([None], pa.binary())}, "row 1: holds no header"),
        ({"header": BINARY}, "row 1: holds no header"),
        (None, "is no Parquet file that can be read"),
    ],
)
def test_kept_evidence_of_another_form_is_told_plainly(
    tmp_path: Path, columns: dict[str, Any] | None, told: str
) -> None:
    """Also where the certificate names it by its hash: the file, what is wrong, what to do."""
    path = tmp_path / kept_name(3, 3)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nothing")
    if columns is not None:
        others = {"number": NUMBER, "header": BINARY, "receipts": BINARY, "transactions": BINARY}
        pq.write_table(pa.table(columns if "number" in columns else others | columns), path)
    check_kept(tmp_path, {kept_name(3, 3): digest_of(path)})
    with pytest.raises(InputError) as refused:
        KeptTeller(tmp_path, [kept_name(3, 3)]).head(3)
    assert told in str(refused.value)
    assert str(refused.value).endswith("; run keep3r prove with keep=true")


@pytest.mark.parametrize("said", ["{}", "[1]", "", "\x80", "[" * 5_000])
def test_kept_state_of_another_form_is_told_plainly(tmp_path: Path, said: str) -> None:
    """A file that holds no proofs of state says so, not what a parser expects."""
    name = "proof/kept/state.json"
    (tmp_path / "proof" / "kept").mkdir(parents=True)
    (tmp_path / name).write_text(said, encoding="latin-1")
    with pytest.raises(InputError, match="is no list of proofs of state as keep3r prove keeps it"):
        KeptTeller(tmp_path, [name])
