"""One thing changed in a history: the first finding stands where the change first shows, and says why."""

from __future__ import annotations

from random import Random

import pytest
from audits import audit
from changes import CHANGES
from edits import BLOCK_WIDE
from histories import DATA, SAMPLE, History, name_of
from moved import first_moved_prediction

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

pytestmark = pytest.mark.slow

RECORDINGS = [
    SAMPLE / "recording",
    DATA / "open-v2.2-fuzz-gov-102",
    DATA / "open-v2.3-fuzz-mixed-101",
    DATA / "open-v2.3-fuzz-gov-102",
]
MOST_ROOTS = 3
WINDOW = 25
"""Blocks after the change whose readings are kept: the rest would only cost time."""


@pytest.fixture(scope="module")
def histories():
    """Gives a recording's history, read once."""
    read: dict[object, History] = {}

    def get(recording):
        if recording not in read:
            read[recording] = History(recording)
        return read[recording]

    return get


@pytest.mark.parametrize(
    ("kind", "recording"),
    [(kind, RECORDINGS[number % len(RECORDINGS)]) for number, kind in enumerate(CHANGES)],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_first_finding_stands_where_a_change_first_shows(kind, recording, histories, audited_recordings, tmp_path):
    """The first finding's place equals the first event or reading that the change contradicts; its reason is told."""
    history, clean = histories(recording), audited_recordings(recording).audit
    random = Random(f"{kind} {recording.name}")
    candidates = list(CHANGES[kind](history, clean, random))
    assert candidates, "the recording holds nothing to change so"
    check(random.choice(candidates), history, clean, tmp_path)


def check(change, history, clean, folder):
    """Apply a change, replay, and hold the first finding against the place that the change tells."""
    changed = history.copy()
    change.apply(changed)
    changed.readings = range(change.block - 2, max(change.block, change.shows_at[0]) + WINDOW)
    import_recording(changed.write(folder / "recording"), folder / "lake", protocol_recorded)
    replayed = audit(Lake.open(folder / "lake"))
    assert replayed.summary["verdict"] == "findings"
    assert len(replayed.roots) <= MOST_ROOTS, replayed.roots
    first = replayed.roots[0]
    expected = change.shows_at
    if change.moves_predictions:
        expected = min(expected, first_moved_prediction(clean, replayed))
    observed = (first.block_number, BLOCK_WIDE if first.log_index is None else first.log_index)
    if first.kind == "event_mismatch" and first.reason.startswith("every reading"):
        # What readings alone contradict is told at the event that they convict: where it was changed.
        assert change.block == first.block_number, f"{first}, changed at block {change.block}"
    else:
        assert observed == expected, f"{first} instead of {expected}, changed at block {change.block}"
        assert first.kind in change.kinds, first
    assert first.reason
    assert first.expected != first.observed
