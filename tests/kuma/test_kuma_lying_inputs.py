"""Inputs that are not those of their transactions: one root each, at the transaction's logs, whatever follows."""

from __future__ import annotations

import pytest
from histories import DATA, History, place

from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from tests.kuma.recorded import PROTOCOL, engine

MIXED = DATA / "open-kuma-mixed-301"
SELL, TRANSFER, REFRESH = "0xaf81e175", "0xa9059cbb", "0xf4b2fcc3"


def changed(selector: str, number: int, make) -> tuple[History, dict]:
    """The history with another input in one of its successful calls of a function, and that transaction."""
    history = History(MIXED)
    history.readings = set()
    calls = [
        each
        for each in history.transactions
        if each["to"] and each["input"].startswith(selector) and int(each["status"], 16) == 1
    ]
    calls[number]["input"] = make(calls[number]["input"], calls)
    return history, calls[number]


@pytest.mark.parametrize(
    ("selector", "number", "make"),
    [
        pytest.param(TRANSFER, 5, lambda _, __: REFRESH, id="a refresh for a transfer"),
        pytest.param(SELL, 20, lambda _, calls: calls[30]["input"], id="the sale of another bond"),
        pytest.param(SELL, 20, lambda _, __: "0x", id="nothing"),
        pytest.param(REFRESH, 8, lambda _, __: TRANSFER + "00" * 12 + "11" * 20 + "01".zfill(64), id="a transfer"),
    ],
)
@pytest.mark.slow
def test_a_lying_input_has_one_root(selector, number, make, tmp_path):
    """Whatever a transaction's input is replaced by, one finding in its block is what all others follow from."""
    history, lying = changed(selector, number, make)
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    (root,) = [each for each in engine.audit(Lake.open(tmp_path / "lake"), PROTOCOL).roots if each.severity != NOTICE]
    logs = [place(log) for log in history.logs if log["transactionHash"] == lying["hash"]]
    assert root.block_number == int(lying["blockNumber"], 16)
    assert root.log_index is None or logs[0][1] <= root.log_index <= logs[-1][1] + 1
