"""Keep3r V1 gone on with, forth and back: what is final stands as it is, in the order of a straight run."""

from __future__ import annotations

import pytest
from growing import content
from lakes import imported

import keep3r_replay as kr
from tests.keep3r_v1.recorded import recordings

pytestmark = pytest.mark.slow

EVERY = 100
WITH_BOTH = "open-v1-liq-306"
"""Holds withdrawals of both kinds that paid nothing."""


def test_findings_of_parts_stand_as_those_of_one_run(tmp_path):
    """Repeated withdrawals of bonds and of liquidity, found in runs that also go back, leave the bytes of one run."""
    recording = next((each for each in recordings() if each.name == WITH_BOTH), recordings()[0])
    lake = kr.open_lake(imported(recording))
    for until in (61, 450, 285, 414, None):
        kr.replay_on(lake, tmp_path / "parts", ledger=True, until_block=until, snapshot_every=EVERY)
    kr.replay(lake, ledger=True, snapshot_every=EVERY).write(tmp_path / "once")
    assert content(tmp_path / "parts") == content(tmp_path / "once")
