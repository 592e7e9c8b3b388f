"""Histories with one thing changed: the ledger still balances, and what was taken over from the chain stands in it."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from audits import audit
from changes import CHANGES
from histories import DATA, History

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

pytestmark = pytest.mark.slow

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"


@pytest.fixture(scope="module")
def history():
    """The recording, read once."""
    return History(RECORDING)


@pytest.mark.parametrize("kind", CHANGES)
def test_ledger_balances_whatever_the_chain_says(kind, history, audited_recordings, tmp_path):
    """A disagreement never upsets the book: it opens, moves and closes to the wei, or the replay would have raised."""
    candidates = list(CHANGES[kind](history, audited_recordings(RECORDING).audit, Random(kind)))
    assert candidates, "the recording holds nothing to change so"
    changed = history.copy()
    candidates[len(candidates) // 2].apply(changed)
    changed.readings = range(0)
    import_recording(changed.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    audited = audit(Lake.open(tmp_path / "lake"), ledger=True)
    ledger = audited.tables["ledger"].with_columns(pl.col("amount").cast(pl.Int128))
    states = audited.tables["job_states"]
    held = dict(zip(states["job"].to_list(), states["credits"].cast(pl.Int128).to_list(), strict=True))
    booked = dict(ledger.group_by("job").agg(pl.col("amount").sum()).iter_rows())
    assert {job: amount for job, amount in booked.items() if amount} == {job: n for job, n in held.items() if n}


def test_adopted_credits_stand_in_the_ledger(history, audited_recordings, tmp_path):
    """A reward event with other credits is a finding, and the difference an entry of kind `adopted`."""
    candidates = list(CHANGES["reward_field"](history, audited_recordings(RECORDING).audit, Random(1)))
    adopted = 0
    for change in candidates:
        changed = history.copy()
        change.apply(changed)
        changed.readings = range(0)
        import_recording(changed.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
        audited = audit(Lake.open(tmp_path / "lake"), until_block=change.block, ledger=True)
        for finding in audited.findings:
            if finding.kind == "reward_mismatch" and finding.field == "current_credits":
                entries = audited.tables["ledger"].filter(pl.col("kind") == "adopted")
                assert sum(int(amount) for amount in entries["amount"]) == finding.difference
                adopted += 1
        if adopted:
            break
    assert adopted
