"""Transactions that call Keep3r or a helper directly: what they asked for, held against the events they left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.journal import ERROR, Finding, as_text
from keep3r_replay.keep3r_v2.direct_calls import HELPER_CALLS, KEEP3R_CALLS, SELECTOR, DirectCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.timeline import Span

_ROLES: dict[str, Mapping[str, DirectCall]] = {"keep3r": KEEP3R_CALLS, "keep3r_helper": HELPER_CALLS}


def check_direct_inputs(lake: Lake, span: Span) -> tuple[list[Finding], int]:
    """Findings where a direct call left no event, or a wrong one; and how many events are missing."""
    findings: list[Finding] = []
    for role, calls in _ROLES.items():
        addresses = [contract.address for contract in lake.deployment.contracts if contract.role == role]
        transactions = (
            lake.scan("transactions", from_block=span.first, until_block=span.until)
            .filter(pl.col("to").is_in(addresses) & (pl.col("status") == 1))
            .select("block_number", "hash", "from", "to", "input")
            .collect()
        )
        by_event: dict[str, list[tuple[DirectCall, int, str, str, str, bytes]]] = {}
        for block, transaction, sender, target, data in transactions.iter_rows():
            call = calls.get(data[:SELECTOR].hex())
            if call is not None:
                by_event.setdefault(call.event, []).append((call, block, transaction, sender, target, data))
        for event, made in by_event.items():
            findings += _check_event(lake, f"events/{role}.{event}", made, span)
    return findings, sum(finding.kind == "missing_event" for finding in findings)


def _check_event(
    lake: Lake, table: str, made: list[tuple[DirectCall, int, str, str, str, bytes]], span: Span
) -> list[Finding]:
    wanted = sorted({column for call, *_ in made for column in (*call.echoes, call.sender) if column})
    rows: dict[tuple[str, str], dict[str, object]] = {}
    if lake.has(table):
        frame = lake.scan(table, from_block=span.first, until_block=span.until).select(
            "transaction_hash", "address", "log_index", *wanted
        )
        for row in frame.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect().iter_rows(named=True):
            rows[row["transaction_hash"], row["address"]] = row
    findings = []
    for call, block, transaction, sender, target, data in made:
        event = rows.get((transaction, target))
        if event is None:
            findings.append(
                Finding(
                    "missing_event",
                    ERROR,
                    block,
                    None,
                    target,
                    "event",
                    call.event,
                    "none",
                    None,
                    f"the transaction called {call.signature} and succeeded, which always emits this event",
                    transaction,
                )
            )
            continue
        expected: dict[str, object] = {call.sender: sender} if call.sender else {}
        arguments = call.decode(data)
        if arguments is not None:
            expected |= {column: arguments[position] for column, position in call.echoes.items()}
        place = event["log_index"]
        for column, value in expected.items():
            observed = event[column]
            if value != observed:
                difference = observed - value if isinstance(observed, int) and isinstance(value, int) else None
                findings.append(
                    Finding(
                        "input_mismatch",
                        ERROR,
                        block,
                        place if isinstance(place, int) else None,
                        target,
                        column,
                        as_text(value),
                        as_text(observed),
                        difference,
                        f"the transaction called {call.signature} with another value",
                        transaction,
                    )
                )
    return findings
