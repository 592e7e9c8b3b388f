"""Lakes of the recordings, audited with the ledger, once a session."""

from __future__ import annotations

import pytest
from histories import bundled, name_of

from keep3r_replay.replay.audit import audit


@pytest.fixture(scope="session")
def ledger_audits(audited_recordings):
    """Gives the audit with ledger of a recording, made once."""
    made = {}

    def get(recording):
        if recording not in made:
            made[recording] = audit(audited_recordings(recording).lake, ledger=True)
        return made[recording]

    return get


@pytest.fixture(params=bundled(), ids=name_of)
def ledger_audit(request, ledger_audits):
    """Each recording of the repository in turn, audited with the ledger."""
    return ledger_audits(request.param)
