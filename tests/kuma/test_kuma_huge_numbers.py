"""Numbers that no table holds: anybody can send them, and an input can claim them."""

from __future__ import annotations

import pytest
from histories import DATA, History

from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.audit.rows import KeeperCallRow, MadeCallRow, told_bond
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.tables import frame
from tests.kuma.recorded import PROTOCOL, engine

MIXED = DATA / "open-kuma-mixed-301"
HUGE = 2**256 - 1


def audited(tmp_path, function, status, words):
    """The audit of the history with other words in the last call of a function with this status, and that call."""
    history = History(MIXED)
    history.readings = set()
    calls = [
        each
        for each in history.transactions
        if each["label"] == function and int(each["status"], 16) == status and len(each["input"]) >= 74
    ]
    chosen = calls[-1]
    chosen["input"] = chosen["input"][:10] + "".join(f"{word:064x}" for word in words)
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    return engine.audit(Lake.open(tmp_path / "lake"), PROTOCOL), int(chosen["blockNumber"], 16)


@pytest.mark.parametrize("row", [MadeCallRow, KeeperCallRow])
def test_a_table_tells_any_number_of_a_bond(row):
    """A number above 32 bits stands as text beside an empty bond_id, the largest that there is among them."""
    blank = dict.fromkeys(row._fields)
    rows = [
        row(**blank | dict(zip(("bond_id", "unknown_bond"), told_bond(number), strict=True)))
        for number in (None, 7, 2**32 - 1, 2**32, HUGE)
    ]
    found = frame(row, rows).select("bond_id", "unknown_bond").rows()
    assert found == [(None, None), (7, None), (2**32 - 1, None), (None, str(2**32)), (None, str(HUGE))]


@pytest.mark.slow
def test_a_failed_expiry_of_any_bond_is_a_row(tmp_path):
    """Whatever bond a stranger asks for, the history is replayed, and the call is told with its reason."""
    found, block = audited(tmp_path, "expireBond", 0, [HUGE])
    assert not [each for each in found.roots if each.severity != NOTICE]
    rows = found.tables["calls"].filter(unknown_bond=str(HUGE)).select("block_number", "bond_id", "class", "reason")
    assert [row[:3] for row in rows.rows()] == [(block, None, "reverted")]
    assert rows["reason"].item() != ""


@pytest.mark.parametrize(
    ("function", "words"), [("setEpochLength", [2**77]), ("setFees", [10**18, 10**18]), ("expireBond", [HUGE])]
)
@pytest.mark.slow
def test_an_input_beyond_all_tables_has_one_root(function, words, tmp_path):
    """A successful call whose input names what cannot be is found once, at its block; the logs tell what was called."""
    found, block = audited(tmp_path, function, 1, words)
    roots = [(each.kind, each.block_number) for each in found.roots if each.severity != NOTICE]
    assert roots == [("input_mismatch", block)]
