"""Recordings audited with the ledger."""

from __future__ import annotations

import pytest
from histories import beside, bundled, name_of


@pytest.fixture(params=[*bundled(), *beside()], ids=name_of)
def ledger_audit(request, ledger_audits):
    """Each recording in turn, audited with the ledger."""
    return ledger_audits(request.param)
