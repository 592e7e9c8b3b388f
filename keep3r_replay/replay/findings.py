"""Findings as a table, in chain order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake

_SCHEMA: dict[str, Any] = {
    "number": pl.UInt32,
    "cause": pl.UInt32,
    "kind": pl.String,
    "severity": pl.String,
    "block_number": pl.UInt32,
    "log_index": pl.UInt32,
    "transaction_hash": pl.String,
    "subject": pl.String,
    "field": pl.String,
    "expected": pl.String,
    "observed": pl.String,
    "difference": pl.Decimal(38, 0),
    "reason": pl.String,
}
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
    """One row a finding, in the order given, numbered from 1; `cause` is the number of that which it follows from.

    `difference` is null where it does not fit 38 digits.
    """
    hashes = _transaction_hashes(lake, findings)
    rows = [
        (
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
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    return pl.DataFrame(
        [
            pl.Series(name, list(values), dtype=pl.Int128 if name == "difference" else kind).cast(kind)
            for (name, kind), values in zip(_SCHEMA.items(), columns, strict=True)
        ]
    )


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
