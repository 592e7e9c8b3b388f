"""Baselines of recordings, measured once a session."""

from __future__ import annotations

import pytest

from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines


@pytest.fixture(scope="session")
def baseline_of(audited_recordings):
    """Gives the baseline of a recording's first contract."""
    made = {}

    def get(recording):
        if recording not in made:
            made[recording] = baselines(audited_recordings(recording).lake)[0]
        return made[recording]

    return get
