"""Whole recordings of the real contracts: every event and every reading as the model says."""

from __future__ import annotations

import pytest
from histories import SAMPLE, beside, bundled, name_of

from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

UNDETERMINED = {
    "open-v2.2-fuzz-disputes-106": 1,
    "open-v2.2-fuzz-mixed-101": 1,
    "open-v2.2-fuzz-oldobs-103": 3,
    "open-v2.2-fuzz-sparse-105": 1,
    "open-v2.3-fuzz-dense-104": 1,
    "open-v2.3-fuzz-disputes-106": 3,
    "open-v2.3-fuzz-gov-102": 1,
    "open-v2.3-fuzz-mixed-101": 2,
}
"""Works per recording whose meter a failed validation set; every other recording of 2.2 and 2.3 has none."""


def assert_clean(summary):
    """Nothing differs, and what is undetermined is what logs cannot tell."""
    assert summary["verdict"] == "clean"
    assert summary["findings"] == {}
    assert summary["works"]["mismatch"] == 0
    assert summary["events"]["mismatched"] == 0
    assert summary["events"]["matched"] == summary["events"]["predicted"] > 0
    readings = summary["readings"]
    assert readings["mismatched"] == 0
    assert readings["compared"] == readings["matched"] + readings["undetermined"] > 0
    if summary["version"] in {"2.2", "2.3"}:
        assert readings["undetermined"] == 0
        assert summary["works"]["undetermined"] == UNDETERMINED.get(summary["deployment"], 0)


@pytest.mark.parametrize("recording", [*bundled(), *beside()], ids=name_of)
def test_a_recording_is_clean(recording, audited_recordings):
    """Events and readings of every recording that a model exists for agree with the model."""
    assert_clean(audited_recordings(recording).audit.summary)


def test_the_repository_holds_both_helpers_and_both_versions(audited_recordings):
    """The sample is of 2.2, and has works, expiries, a migration, a dispute and a slash."""
    lake = audited_recordings(SAMPLE / "recording").lake
    assert lake.deployment.contracts[0].version == "2.2"
    for event in ("KeeperWork", "LiquidityCreditsReward", "JobMigrationSuccessful", "Dispute", "KeeperSlash"):
        assert lake.has(f"events/keep3r.{event}")


def test_importing_the_sample_gives_the_bundled_lake(tmp_path):
    """The lake in the repository is what importing the recording beside it gives, byte for byte."""
    import pyarrow.parquet as pq

    import_recording(SAMPLE / "recording", tmp_path / "lake", protocol_recorded)
    bundled = {path.relative_to(SAMPLE / "lake"): path for path in (SAMPLE / "lake").rglob("*") if path.is_file()}
    made = {path.relative_to(tmp_path / "lake"): path for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    assert set(made) == set(bundled)
    writers = {
        pq.ParquetFile(path).metadata.created_by
        for path in (*bundled.values(), *made.values())
        if path.suffix == ".parquet"
    }
    for name, path in bundled.items():
        if len(writers) == 1:
            assert made[name].read_bytes() == path.read_bytes(), name
        elif path.suffix == ".parquet":
            # Another pyarrow signs its files otherwise, so that only their content can be compared.
            assert pq.read_table(made[name]).equals(pq.read_table(path)), name
