"""Results with ledger on disk, made once a session."""

from __future__ import annotations

import pytest
from audits import audit
from histories import DATA

from keep3r_replay.replay.results import write_results


@pytest.fixture(scope="session")
def history(audited_recordings):
    """A random history with everything in it, audited with the ledger."""
    return audit(audited_recordings(DATA / "open-v2.3-fuzz-mixed-101").lake, ledger=True)


@pytest.fixture(scope="session")
def results(history, tmp_path_factory):
    """Its results on disk."""
    folder = tmp_path_factory.mktemp("report") / "results"
    write_results(history, folder, {})
    return folder
