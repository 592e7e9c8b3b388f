from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from histories import DATA

from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path

GOOD = DATA / "open-v2.2-nb-mining-twap"


def lines_of(path: Path) -> list[dict]:
    """Return the records of a file."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def write_lines(path: Path, records: list[object]) -> None:
    """Write records, or lines as they are, to a file."""
    content = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in records) + "\n"
    path.write_bytes(gzip.compress(content.encode()))


def cut_gzip(folder: Path, name: str) -> None:
    """Take the end off a file."""
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])


def change(name: str, edit):
    """Return a damage that edits the records of one file."""

    def damage(folder: Path) -> None:
        records = lines_of(folder / name)
        write_lines(folder / name, edit(records) or records)

    return damage


def set_field(name: str, row: int, key: str, value: object):
    """Return a damage that sets one field of one record."""
    return change(name, lambda records: records[row].__setitem__(key, value))


def set_meta(key: str, value: object):
    """Return a damage that sets a part of meta.json."""

    def damage(folder: Path) -> None:
        meta = json.loads((folder / "meta.json").read_text())
        meta[key] = value
        (folder / "meta.json").write_text(json.dumps(meta))

    return damage


def set_data(event: str, data: str):
    """Return a damage that changes the data of the first log of an event of Keep3r 2.2."""
    topic = "0x" + next(each for each in EVENTS["keep3r"]["2.2"] if each.name == event).topic0.hex()

    def damage(folder: Path) -> None:
        records = lines_of(folder / "logs.jsonl.gz")
        next(each for each in records if each["topics"][0] == topic)["data"] = data
        write_lines(folder / "logs.jsonl.gz", records)

    return damage


LOGS, BLOCKS, TXS, VIEWS = "logs.jsonl.gz", "blocks.jsonl.gz", "txs.jsonl.gz", "views.jsonl.gz"
DAMAGES = {
    "truncated gzip of logs": (lambda folder: cut_gzip(folder, LOGS), LOGS, "truncated gzip"),
    "truncated gzip of readings": (lambda folder: cut_gzip(folder, VIEWS), VIEWS, "truncated gzip"),
    "no gzip": (lambda folder: (folder / BLOCKS).write_bytes(b"hello"), BLOCKS, "damaged gzip"),
    "missing file": (lambda folder: (folder / TXS).unlink(), TXS, "file is missing"),
    "missing meta": (lambda folder: (folder / "meta.json").unlink(), "meta.json", "file is missing"),
    "invalid JSON": (change(LOGS, lambda r: [*r[:4], '{"address":', *r[5:]]), f"{LOGS}: line 5", "invalid JSON"),
    "wrong type": (set_field(LOGS, 2, "data", 5), f"{LOGS}: line 3", "wrong type"),
    "too little data": (set_field(LOGS, 1, "data", "0x00"), f"{LOGS}: line 2", "too little data"),
    "unknown event": (set_field(LOGS, 3, "topics", ["0x" + "12" * 32]), f"{LOGS}: line 4", "unknown event"),
    "event without topics": (set_field(LOGS, 3, "topics", []), f"{LOGS}: line 4", "anonymous"),
    "unknown contract": (set_field(LOGS, 3, "address", "0x" + "12" * 20), f"{LOGS}: line 4", "not part of the"),
    "removed log": (set_field(LOGS, 3, "removed", True), f"{LOGS}: line 4", "removed by a reorg"),
    "log twice": (change(LOGS, lambda r: [*r[:6], r[5], *r[6:]]), f"{LOGS}: line 7", "the same log twice"),
    "logs out of order": (change(LOGS, lambda r: [r[1], r[0], *r[2:]]), f"{LOGS}: line 2", "out of order"),
    "log of no block": (set_field(LOGS, -1, "blockNumber", "0xffffff"), LOGS, "is not in blocks"),
    "log of another block": (set_field(LOGS, 0, "blockHash", "0x" + "12" * 32), f"{LOGS}: line 1", "not the hash of"),
    "log of another transaction": (
        set_field(LOGS, 0, "transactionHash", "0x" + "12" * 32),
        f"{LOGS}: line 1",
        "not that of the transaction",
    ),
    "missing transaction": (change(TXS, lambda r: r[:9]), LOGS, "transaction is missing"),
    "transaction twice": (change(TXS, lambda r: [r[0], *r]), f"{TXS}: line 2", "there twice"),
    "gap in blocks": (change(BLOCKS, lambda r: r[:7] + r[8:]), f"{BLOCKS}: line 8", "a gap"),
    "broken parent hash": (set_field(BLOCKS, 7, "parentHash", "0x" + "12" * 32), f"{BLOCKS}: line 8", "parentHash"),
    "no blocks": (change(BLOCKS, lambda _: [""]), BLOCKS, "there are no blocks"),
    "leading zero": (set_field(BLOCKS, 7, "number", "0x07"), f"{BLOCKS}: line 8", "not a quantity"),
    "unknown version": (set_meta("version", "9.9"), "meta.json: version", "unknown version"),
    "unknown protocol": (
        set_meta("protocol", "Keeper 7"),
        "meta.json: protocol",
        "known are keep3r_v1, keep3r_v2, kuma",
    ),
    "meta that is no object": (
        lambda folder: (folder / "meta.json").write_text("[]"),
        "meta.json",
        "wrong type",
    ),
    "a base fee missing after London": (
        change(BLOCKS, lambda r: r[9].pop("baseFeePerGas") and None),
        f"{BLOCKS}: line 10",
        "without baseFeePerGas",
    ),
    "parameters of no block": (
        lambda folder: set_meta(
            "initialParameters",
            json.loads((folder / "meta.json").read_text())["initialParameters"] | {"readAtBlock": 10**6},
        )(folder),
        "meta.json: initialParameters",
        "not in blocks",
    ),
    "no address": (set_meta("keep3r", "0x12"), "meta.json: keep3r", "is no address"),
    "meta of wrong type": (set_meta("pools", []), "meta.json", "wrong type"),
    "meta without a part": (lambda folder: (folder / "meta.json").write_text("{}"), "meta.json", "wrong type"),
    "reading of no block": (set_field(VIEWS, -1, "block", 10**6), VIEWS, "is not in blocks"),
    "readings out of order": (change(VIEWS, lambda r: [r[1], r[0], *r[2:]]), f"{VIEWS}: line 2", "out of order"),
    "unknown section": (set_field(VIEWS, 1, "zoo", {}), f"{VIEWS}: line 2", "unknown section"),
    "value of a wrong kind": (set_field(VIEWS, 1, "keep3r", {"fee": "many"}), f"{VIEWS}: line 2", "no integer"),
    "padding not zero": (set_data("LiquidityApproval", "0x" + "ff" * 32), LOGS, "is no address"),
    "value of more than 38 digits": (
        set_data("LiquidityCreditsReward", "0x" + "ff" * 96),
        LOGS,
        "does not fit 38 digits",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(DAMAGES))
def test_bad_input_is_one_line_that_names_the_place(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong in a recording, the import ends with exit 1 and one line of file, place and problem."""
    damage, place, problem = DAMAGES[name]
    recording = tmp_path / "recording"
    shutil.copytree(GOOD, recording)
    damage(recording)
    assert main(["import", f"recording={recording}", f"lake={tmp_path / 'lake'}"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("keep3r: error: ")
    assert place in error
    assert problem in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recording"]


def test_an_empty_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder is no recording (exit 1), an absent one a mistake of the command line (exit 2)."""
    (tmp_path / "empty").mkdir()
    assert main(["import", f"recording={tmp_path / 'empty'}", f"lake={tmp_path / 'lake'}"]) == 1
    assert "the folder is empty" in capsys.readouterr().err
    assert main(["import", f"recording={tmp_path / 'none'}", f"lake={tmp_path / 'lake'}"]) == 2


@pytest.mark.slow
def test_a_former_import_is_replaced_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An import replaces what an import wrote, even a damaged one, and leaves alone what else lies there.

    A folder of anything else is refused (exit 2).
    """
    lake = tmp_path / "lake"
    command = ["import", f"recording={GOOD}", f"lake={lake}"]
    assert main(command) == 0
    first = (lake / "manifest.json").read_bytes()
    (lake / "logs").rename(lake / "mine")
    capsys.readouterr()
    assert main(command) == 0
    assert "mine" in capsys.readouterr().err
    assert (lake / "manifest.json").read_bytes() == first
    assert list((lake / "logs").iterdir())
    assert list((lake / "mine").iterdir())
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.txt").write_text("mine")
    assert main(["import", f"recording={GOOD}", f"lake={other}"]) == 2
    assert main(["import", f"recording={GOOD}", f"lake={other / 'note.txt'}"]) == 2
    assert (other / "note.txt").read_text() == "mine"
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.slow
def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two imports under different hash seeds write the same bytes."""
    contents = []
    for seed in ("1", "2"):
        lake = tmp_path / seed
        command = [sys.executable, "-m", "pipelines.cli", "import", f"recording={GOOD}", f"lake={lake}"]
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        contents.append({path.relative_to(lake): path.read_bytes() for path in lake.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
