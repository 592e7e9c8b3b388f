"""Tests of one recording run in one worker: its audit is made once."""

from __future__ import annotations

import pytest
from sharing import group_of


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/ledger/test_a.py::test_b[sample]", "sample"),
        ("tests/audit/test_a.py::test_b[sample-keep3r_helper]", "sample"),
        ("tests/audit/test_a.py::test_b[v2.3-nb-all]", "v2.3-nb-all"),
        ("tests/ledger/test_a.py::test_b[capped-v2.3-nb-all]", "v2.3-nb-all"),
        ("tests/audit/test_a.py::test_b[samples]", "tests/audit/test_a.py"),
        ("tests/audit/test_a.py::test_sample", "tests/audit/test_a.py"),
        ("tests/node/test_a.py::test_b", "tests/node"),
        ("tests/node/test_c.py::test_d[x]", "tests/node"),
    ],
)
def test_a_test_belongs_to_the_recording_in_its_id(nodeid, group):
    """Wherever the name stands among the parameters, and only there; local chains take turns; the rest by file."""
    assert group_of(nodeid) == group
