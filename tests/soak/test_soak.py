"""A small soak in the tests; the large one is `python -m tests.soak`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from soak.__main__ import soak

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_disturbed_lake_has_the_bytes_of_an_undisturbed_one(tmp_path: Path) -> None:
    """Thirty faults and ten kills in random mixtures leave no trace in any byte of the lake."""
    counts = soak(tmp_path, faults=30, kills=10, seed=5, head=700)
    assert counts["faults"] >= 30
    assert counts["killed"] >= 10
