"""Baselines of recordings, measured once a session."""

from __future__ import annotations

from functools import lru_cache

import pytest
from lakes import AT_HAND

from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines


@pytest.fixture(scope="session")
def baseline_of(audited_recordings):
    """Gives the baseline of a recording's first contract."""
    return lru_cache(AT_HAND)(lambda recording: baselines(audited_recordings(recording).lake)[0])
