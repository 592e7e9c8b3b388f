"""Every result table is as `TABLES` declares it, and no other is made."""

from __future__ import annotations

import pytest
from audits import audit
from histories import bundled, name_of, one_a_version

from keep3r_replay.lake.schemas import READINGS, ReadingRow
from keep3r_replay.protocols.keep3r_v2.audit.rows import ROWS, WorkAccountRow
from keep3r_replay.protocols.keep3r_v2.tables import LEDGER_TABLES, TABLES, WHAT_IF_TABLES
from keep3r_replay.protocols.keep3r_v2.what_if.compare import ROWS as COMPARED_ROWS
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines, make_what_if

OF_THE_ENGINE = {"findings", "observations", "snapshots"}


@pytest.mark.slow
@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_an_audits_tables_have_the_declared_schemas(recording, audited_recordings):
    """Names, order and types of all columns, of every table of an audit with its ledger."""
    made = audit(audited_recordings(recording).lake, ledger=True).tables
    assert set(made) - OF_THE_ENGINE == set(TABLES)
    assert set(LEDGER_TABLES) < set(TABLES)
    for name in set(made) - OF_THE_ENGINE:
        assert made[name].schema == TABLES[name], name


def test_rows_are_named_as_their_columns():
    """A row's fields are its table's columns, in their order."""
    for name, row in ROWS.items():
        assert row._fields == tuple(TABLES[name]), name
    for name, row in COMPARED_ROWS.items():
        assert row._fields == tuple(WHAT_IF_TABLES[name]), name
    assert WorkAccountRow._fields == tuple(name.replace("class", "work_class") for name in TABLES["work_accounts"])
    assert ReadingRow._fields == tuple(READINGS.names)


@pytest.mark.parametrize("recording", bundled()[:2], ids=name_of)
def test_a_what_ifs_tables_have_the_declared_schemas(recording, audited_recordings):
    """Those that an audit does not have, or has otherwise; the rest is as an audit's."""
    _, made = make_what_if(baselines(audited_recordings(recording).lake), overlay_from({"liquidity_factor": "1/2"}))
    wanted = {**TABLES, **WHAT_IF_TABLES}
    for name in set(made) - OF_THE_ENGINE:
        assert made[name].schema == wanted[name], name
    assert set(WHAT_IF_TABLES) <= set(made)
