"""A small soak in the tests; the large one is `python -m tests.soak`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from soak.__main__ import soak
from soak.scheduled import scheduled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_disturbed_lake_has_the_bytes_of_an_undisturbed_one(tmp_path: Path) -> None:
    """Thirty faults and ten kills in random mixtures leave no trace in any byte of the lake."""
    counts = soak(tmp_path, faults=30, kills=10, seed=5, head=700)
    assert counts["faults"] >= 30
    assert counts["killed"] >= 10


@pytest.mark.slow
def test_scheduled_runs_leave_what_one_run_leaves(tmp_path: Path) -> None:
    """A job that ran as a recorded chain grew, and was killed at times, has the bytes and the verdict of one run."""
    counts = scheduled(tmp_path, runs=5, kills=1, seed=3)
    assert counts["runs"] == 5
