"""A certificate has a word on every table and column of every protocol, every initial parameter and every view."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from histories import DATA, SAMPLE, name_of
from lakes import imported

from keep3r_replay.chain.logs import RAW_LOGS
from keep3r_replay.lake import schemas
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.schemas import ReadingRow
from keep3r_replay.proof.certificate import certificate_of
from keep3r_replay.proof.columns import UNKNOWN, column_basis
from keep3r_replay.proof.header import header_of
from keep3r_replay.proof.prover import Proved
from keep3r_replay.proof.rows import rows_as
from keep3r_replay.proof.subject import Subject
from keep3r_replay.protocols.registry import protocol_of
from tests.proof.served_chain import recorded

if TYPE_CHECKING:
    from pathlib import Path

FIXED = {
    "logs": RAW_LOGS,
    **{name.lower(): schema for name, schema in vars(schemas).items() if isinstance(schema, pa.Schema)},
}
"""Schemas of the tables that a lake of any protocol may have."""


def test_every_column_of_every_fixed_table_has_a_word() -> None:
    """A new table or column of the lake needs a decision on what it follows from."""
    assert {"logs", "blocks", "transactions", "calls", "readings", "undecoded"} <= FIXED.keys()
    unsaid = [
        f"{table}.{column}"
        for table, schema in FIXED.items()
        for column in schema.names
        if column_basis(table, column) == UNKNOWN
    ]
    assert unsaid == []


def _certificate(subject: Subject, readings: list[ReadingRow]) -> dict[str, Any]:
    """What a certificate would say of a lake whose state nobody tells."""
    anchor = header_of(recorded().blocks[1])
    return certificate_of(
        subject, anchor, given_as_hash=True, proved=Proved(), readings=readings, state=None, kept=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "recording", [SAMPLE / "recording", DATA / "open-v1-gov-305", DATA / "open-kuma11-clean-1"], ids=name_of
)
def test_a_certificate_speaks_of_all_that_a_lake_of_the_protocol_holds(recording: Path) -> None:
    """Tables and columns are those of the files, by name; parameters and views are those that the lake has."""
    lake = Lake.open(imported(recording))
    coverage = lake.manifest.coverage
    assert coverage is not None
    subject = Subject(lake, protocol_of(lake).events, coverage.to_block)
    readings = rows_as(ReadingRow, subject.rows.of("readings", coverage.from_block, coverage.to_block))
    said = _certificate(subject, readings)
    files = {entry.table: pq.read_schema(lake.path / entry.path).names for entry in lake.manifest.files}
    assert {table: sorted(columns) for table, columns in said["tables"].items()} == {
        table: sorted(names) for table, names in files.items()
    }
    words = [word for columns in said["tables"].values() for word in columns.values()]
    assert UNKNOWN not in words
    assert all(words)
    initial = lake.deployment.initial_state
    assert {address: set(each) for address, each in said["parameters"].items()} == {
        address: set(each) for address, each in initial.items()
    }
    told = Counter((contract, view) for contract, views in said["views"].items() for view in views)
    assert set(told) == {(row.contract.lower(), row.view) for row in readings}
    counted = sum(count for views in said["views"].values() for words in views.values() for count in words.values())
    assert counted == len(readings)
