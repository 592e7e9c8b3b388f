"""Long histories are proved window by window, down from the anchor, and an interrupted proof goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.errors import NodeError
from keep3r_replay.proof.contradictions import ContradictedError
from keep3r_replay.proof.prover import windows_of
from tests.node.lakes import content
from tests.proof.proving import anchor_of, prove
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = 10


def test_windows_are_aligned_and_without_gaps() -> None:
    """They begin at multiples of their size, the newest first, and hold every block once."""
    assert windows_of(3, 46, 10) == [(40, 46), (30, 39), (20, 29), (10, 19), (3, 9)]
    assert windows_of(10, 19, 10) == [(10, 19)]
    assert windows_of(0, 0, 10) == [(0, 0)]


@pytest.mark.slow
def test_an_interrupted_proof_goes_on(lake: Path, tmp_path: Path) -> None:
    """What was proved before a node went away stays; the certificate is that of one undisturbed run, but for this."""

    class Tired(ServedChain):
        def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
            asked = call["method"] == "eth_getBlockReceipts" and int(call["params"][0], 16) < 25
            return {"result": None} if asked else super()._answer(call)

    with Tired(recorded()) as node, pytest.raises(NodeError, match="nobody has the receipts of block"):
        prove(lake, node.url, window=WINDOW, keep=True)
    notes = sorted(path.name for path in (lake / "proof" / "windows").iterdir())
    assert notes == ["000000030-000000039.json", "000000040-000000046.json"]
    with ServedChain(recorded()) as node:
        outcome = prove(lake, node.url, window=WINDOW, keep=True, resume=True)
        assert outcome.proved.resumed == 2
        assert prove(lake, window=WINDOW, keep=False, offline=True).certificate == outcome.certificate
        resumed = content(lake)
        said = json.loads(resumed.pop("proof.json"))
        for path in (lake / "proof").rglob("*.*"):
            path.unlink()
        again = prove(lake, node.url, window=WINDOW, keep=True)
    assert again.proved.resumed == 0
    anew = content(lake)
    whole = json.loads(anew.pop("proof.json"))
    assert anew == resumed
    assert said["except"].pop(0) == "2 of 5 windows, on the word of a former run's notes"
    assert said["counts"].pop("resumed") == 2
    assert whole["counts"].pop("resumed") == 0
    assert said == whole
    assert prove(lake, window=WINDOW, keep=False, offline=True).certificate == again.certificate


@pytest.mark.slow
def test_windows_hang_together(lake: Path) -> None:
    """The block before a window is the one that its first header names: a note of another chain is proved anew."""
    with ServedChain(recorded()) as node:
        outcome = prove(lake, node.url, window=WINDOW)
        for lower, upper in zip(outcome.proved.windows, outcome.proved.windows[1:], strict=False):
            assert lower.hash == upper.parent
            assert lower.hash == recorded().blocks[lower.last]["hash"]
        note = lake / "proof" / "windows" / "000000020-000000029.json"
        note.write_text(json.dumps({**json.loads(note.read_text()), "hash": "0x" + "ab" * 32}))
        assert prove(lake, node.url, window=WINDOW, resume=True).proved.resumed == 4


@pytest.mark.parametrize(
    "block", [pytest.param(29, marks=pytest.mark.slow), 30, pytest.param(46, marks=pytest.mark.slow)]
)
def test_a_false_header_at_the_edge_of_a_window_is_found(lake: Path, block: int) -> None:
    """The last and the first header of a window are held against the neighbour's as any other."""

    def lie(method: str, _: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(result["number"], 16) == block:
            return {**result, "timestamp": hex(int(result["timestamp"], 16) + 1)}
        return result

    with ServedChain(recorded(), lie) as node, pytest.raises(ContradictedError) as found:
        prove(lake, node.url, window=WINDOW, anchor=anchor_of(recorded()))
    assert found.value.contradiction.block == block
