"""Lakes of the recordings, audited with the ledger, once a session."""

from __future__ import annotations

import pytest
from audits import audit
from histories import bundled, name_of


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
