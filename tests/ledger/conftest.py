"""Lakes of the recordings, audited with the ledger, once a session."""

from __future__ import annotations

from functools import lru_cache

import pytest
from audits import audit
from histories import beside, bundled, name_of
from lakes import AT_HAND


@pytest.fixture(scope="session")
def ledger_audits(audited_recordings):
    """Gives the audit with ledger of a recording, made once."""
    return lru_cache(AT_HAND)(lambda recording: audit(audited_recordings(recording).lake, ledger=True))


@pytest.fixture(params=[*bundled(), *beside()], ids=name_of)
def ledger_audit(request, ledger_audits):
    """Each recording in turn, audited with the ledger."""
    return ledger_audits(request.param)
