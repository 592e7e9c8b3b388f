"""Every block that a what-if prints has its date."""

from __future__ import annotations

import re

import pytest
from histories import SAMPLE

from keep3r_replay.protocols.keep3r_v2.rooms import Keep3rV2WhatIfs
from keep3r_replay.replay.moments import times_of
from keep3r_replay.report.times import moment

PLACE = re.compile(r"block ([\d,]+)(?: log \d{1,4})?, (\d{4}-\d\d-\d\d \d\d:\d\d)(?:  |$)")


@pytest.mark.slow
def test_each_block_has_the_date_that_the_lake_knows(baseline_of):
    """Where the two part, works and calls that revert: the time is the block's own, the log one of the history."""
    base = baseline_of(SAMPLE / "recording")
    job = base.names["job"][0]
    given = [{"job": job, "amount": 1, "block": 300}]
    for overlay in ({"liquidity_factor": "1/4"}, {"credits": given}):
        lines = Keep3rV2WhatIfs().outcome([base], overlay, ledger=False).lines
        told = [line for line in lines if re.search(r"block \d", line)]
        places = [PLACE.search(line) for line in told]
        assert told
        assert all(places)
        blocks = [int(found[1].replace(",", "")) for found in places]
        times = times_of(base.lake, blocks)
        assert [found[2] for found in places] == [moment(times[block]) for block in blocks]
