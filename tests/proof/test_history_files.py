"""History files serve as well as a node, believed as little: `.era1` block after block, `.ere` kind after kind."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from cramjam import snappy

from keep3r_replay.errors import InputError
from keep3r_replay.proof.e2store import HistoryFile
from keep3r_replay.proof.header import header_of
from keep3r_replay.proof.receipts import Receipt, receipt_of
from keep3r_replay.proof.rlp import decode_list, encode
from keep3r_replay.proof.transactions import raw_of
from tests.node.lakes import run
from tests.proof.proving import anchor_of
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"


def entry(kind: bytes, content: bytes) -> bytes:
    """One entry of a file."""
    return struct.pack("<2sIH", kind, len(content), 0) + content


def packed(kind: bytes, content: bytes) -> bytes:
    """One compressed entry."""
    return entry(kind, bytes(snappy.compress(content)))


def _headers() -> list[bytes]:
    return [header_of(block).rlp for block in recorded().blocks]


def _bodies() -> list[bytes]:
    """Transactions as block bodies have them: those without a type as lists, others as bytes; no uncles."""
    bodies = []
    for block in recorded().blocks:
        raws = [raw_of(each) for each in block["transactions"]]
        bodies.append(encode([[decode_list(raw) if raw[0] >= 0xC0 else raw for raw in raws], [], []]))
    return bodies


def _receipts() -> list[list[Receipt]]:
    return [[receipt_of(each) for each in receipts] for receipts in recorded().receipts]


def consensus(receipt: Receipt) -> Any:
    """A receipt as a list of receipts has it."""
    encoded = receipt.encoded()
    return encoded if receipt.type else decode_list(encoded)


def write_era1(folder: Path, receipts: list[list[Receipt]]) -> Path:
    """Write the recorded chain as a file of the time before the Merge."""
    folder.mkdir(exist_ok=True)
    path = folder / "local-00000-5ec1ffb8.era1"
    parts = [entry(b"e2", b"")]
    for header, body, mine in zip(_headers(), _bodies(), receipts, strict=True):
        parts += [packed(b"\x03\x00", header), packed(b"\x04\x00", body)]
        parts += [packed(b"\x05\x00", encode([consensus(each) for each in mine])), entry(b"\x06\x00", bytes(32))]
    path.write_bytes(b"".join([*parts, entry(b"\x07\x00", bytes(32)), entry(b"f2", bytes(24))]))
    return path


def write_ere(folder: Path, receipts: list[list[Receipt]], last: int = 1 << 30) -> Path:
    """Write the recorded chain as a newer file, whose receipts are slim and have no blooms, up to block `last`."""
    folder.mkdir(exist_ok=True)
    path = folder / f"local-00000-{anchor_of(recorded())[2:10]}-noproofs.ere"
    parts = [entry(b"e2", b"")]
    parts += [packed(b"\x03\x00", header) for header in _headers()[: last + 1]]
    parts += [packed(b"\x04\x00", body) for body in _bodies()[: last + 1]]
    parts += [packed(b"\x0a\x00", encode([each.slim() for each in mine])) for mine in receipts[: last + 1]]
    path.write_bytes(b"".join([*parts, entry(b"g2", bytes(32))]))
    return path


@pytest.mark.parametrize("write", [pytest.param(write_era1, marks=pytest.mark.slow), write_ere], ids=["era1", "ere"])
def test_a_lake_is_proved_without_any_provider(
    write, lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a folder of files alone, without a node; what only a node's state tells is said to be unproved."""
    write(tmp_path / "history", _receipts())
    assert run("", "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'history'}") == 0
    told = capsys.readouterr().out
    assert "PROVED  blocks 3 to 43 from block 46" in told
    assert "except    code of 4 contracts: no teller offers proofs of state there" in told
    assert "         0  requests" in told


@pytest.mark.slow
def test_what_files_lack_a_node_tells(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Headers and receipts are the files', state is a node's."""
    write_ere(tmp_path / "history", _receipts())
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'history'}") == 0
        asked = {call["method"] for each in node.requests for call in (each if isinstance(each, list) else [each])}
    assert "eth_getProof" in asked
    assert "eth_getBlockReceipts" not in asked
    assert "4  codes, 2 of a known version" in capsys.readouterr().out


def test_files_up_to_a_block_and_a_node_from_there_on(lake: Path, tmp_path: Path) -> None:
    """Where files end, a node is asked for the rest, in as few questions as for a range of its own."""
    write_ere(tmp_path / "history", _receipts(), last=30)
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'history'}", "state=false") == 0
        calls = [call for each in node.requests for call in (each if isinstance(each, list) else [each])]
        requests = len(node.requests)
    opened = [int(call["params"][0], 16) for call in calls if call["method"] == "eth_getBlockReceipts"]
    assert opened
    assert min(opened) > 30
    assert requests < 25


@pytest.mark.slow
def test_a_false_file_is_named(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Receipts without one log have another root: the files lied, and the node told the truth."""
    receipts = _receipts()
    receipts[41][-1] = receipts[41][-1]._replace(logs=receipts[41][-1].logs[:-1])
    write_ere(tmp_path / "history", receipts)
    assert run("", "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'history'}", "state=false") == 3
    assert "NOT PROVED  blocks 3 to 43" in capsys.readouterr().out
    with ServedChain(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'history'}", "state=false") == 0
    assert "the history files lied: block 41: receipts: " in capsys.readouterr().out


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Nothing is read of half a file, of an empty one or of another kind; a broken entry says which."""
    path = write_ere(tmp_path, _receipts())
    whole = path.read_bytes()
    for content in (whole[:-5], whole[: len(whole) // 2], b"", b"PK" + whole[2:], whole[:8]):
        path.write_bytes(content)
        with pytest.raises(InputError):
            HistoryFile(path)
    broken = bytearray(whole)
    broken[40] ^= 0xFF
    path.write_bytes(broken)
    with pytest.raises(InputError, match="cannot be read"):
        HistoryFile(path)


def test_a_folder_without_files_is_refused(lake: Path, tmp_path: Path) -> None:
    """Exit 2: there is no such folder, or no history file in it."""
    assert run("", "prove", f"lake={lake}", ANCHOR, f"source={tmp_path / 'nowhere'}") == 2
    assert run("", "prove", f"lake={lake}", ANCHOR, f"source={tmp_path}") == 2
