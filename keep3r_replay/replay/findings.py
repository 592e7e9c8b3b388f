"""Findings as a table, in chain order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.replay.tables import Amount, UInt32, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake


class FindingRow(NamedTuple):
    """A row of `findings`: see `journal.Finding`; `number` is its place; `difference` is null beyond 38 digits."""

    number: UInt32
    cause: UInt32 | None
    kind: str
    severity: str
    block_number: UInt32
    log_index: UInt32 | None
    transaction_hash: str | None
    subject: str
    field: str
    expected: str
    observed: str
    difference: Amount | None
    reason: str


_LARGEST = 10**38 - 1


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Findings by block and log; what concerns a block as a whole comes after its logs."""
    return sorted(
        findings,
        key=lambda finding: (
            finding.block_number,
            finding.log_index is None,
            finding.log_index or 0,
            finding.kind == "reading_mismatch",
        ),
    )


def findings_table(lake: Lake, findings: Sequence[Finding]) -> pl.DataFrame:
    """One row a finding, in the order given, numbered from 1; `cause` is the number of that which it follows from."""
    hashes = _transaction_hashes(lake, findings)
    rows = [
        FindingRow(
            number,
            finding.cause,
            finding.kind,
            finding.severity,
            finding.block_number,
            finding.log_index,
            finding.transaction_hash or hashes.get((finding.block_number, finding.log_index)),
            finding.subject,
            finding.field,
            finding.expected,
            finding.observed,
            finding.difference if finding.difference is not None and abs(finding.difference) <= _LARGEST else None,
            finding.reason,
        )
        for number, finding in enumerate(findings, start=1)
    ]
    return frame(FindingRow, rows)


def _transaction_hashes(lake: Lake, findings: Sequence[Finding]) -> dict[tuple[int, int | None], str]:
    """Hashes of the transactions of findings that name a log only."""
    blocks = sorted({finding.block_number for finding in findings if finding.transaction_hash is None})
    if not blocks:
        return {}
    logs = (
        lake.scan("logs", columns=["block_number", "log_index", "transaction_hash"])
        .filter(pl.col("block_number").is_in(blocks))
        .with_columns(pl.col("transaction_hash").bin.encode("hex"))
        .collect()
    )
    return {(block, index): f"0x{digest}" for block, index, digest in logs.iter_rows()}
