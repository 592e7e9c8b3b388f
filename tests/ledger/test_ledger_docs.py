from __future__ import annotations

import re

import pytest
from histories import DATA, ROOT

from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import EXPIRY_KINDS
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.report.evidence import MEANINGS
from keep3r_replay.protocols.keep3r_v2.tables import LEDGER_TABLES
from keep3r_replay.warehouse.build import statements
from keep3r_replay.warehouse.query import bundled

DOCS = ROOT / "docs"


def _words(*names: str) -> set[str]:
    return {word for name in names for word in re.findall(r"\w+", (DOCS / name).read_text(encoding="utf-8"))}


@pytest.mark.slow
@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_docs_name_every_column(ledger_audits, table):
    """The pages on ledger and expiry name each table and each of its columns."""
    columns = set(ledger_audits(DATA / "open-v2.3-fuzz-mixed-101").tables[table].columns)
    assert {table, *columns} - _words("ledger.md", "expiry.md") == set()


def test_docs_name_every_kind():
    """Every kind of entry, of finding and of audit is explained, in the docs and in the report."""
    assert set(KINDS) <= _words("ledger.md")
    assert set(EXPIRY_KINDS) <= _words("expiry.md")
    assert set(EXPIRY_KINDS) == set(MEANINGS)
    assert set(bundled(PROTOCOL.sql, "audits")) <= _words("sql.md")


def test_docs_name_every_view():
    """The page on SQL names every view of the warehouse."""
    views = (ROOT / "keep3r_replay" / "protocols" / "keep3r_v2" / "sql" / "views.sql").read_text(encoding="utf-8")
    names = {statement.split()[4].partition("(")[0] for _, statement in statements(views)}
    assert len(names) == 19
    assert names <= _words("sql.md")
