"""Transactions that call a protocol's contract directly: what they asked for, held against the events they left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.evm.relays import RELAYS, made_calls
from keep3r_replay.journal import ERROR, Finding, as_text
from keep3r_replay.replay.direct_call import SELECTOR, DirectCall

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.timeline import Span


class _Made(NamedTuple):
    """One direct call of a transaction that succeeded."""

    call: DirectCall
    block: int
    transaction: str
    sender: str
    target: str
    data: bytes
    is_relayed: bool = False
    """A relay made it, which may have borne its failure: that the event is there is no must."""


class Called(NamedTuple):
    """Findings about direct calls, and how many events are missing."""

    findings: list[Finding]
    missing_events: int


def check_direct_inputs(lake: Lake, protocol: Protocol, span: Span) -> Called:
    """Findings where a direct call left no event, or a wrong one."""
    made = _direct_calls(lake, protocol, span)
    for table, calls in _relayed_calls(lake, protocol, span).items():
        made.setdefault(table, []).extend(calls)
    tables = [table for table in made if lake.has(table)]
    # Tables are many and small: read together, they cost a fraction of what they cost one by one.
    frames = pl.collect_all([_events(lake, table, made[table], span) for table in tables])
    events = dict(zip(tables, frames, strict=True))
    findings = [finding for table, calls in made.items() for finding in _check_events(calls, events.get(table))]
    return Called(findings, sum(finding.kind == "missing_event" for finding in findings))


def _direct_calls(lake: Lake, protocol: Protocol, span: Span) -> dict[str, list[_Made]]:
    """Direct calls by the table of the event that each must have left."""
    if not lake.has("transactions"):
        return {}
    contracts = lake.deployment.contracts
    own = {role: {each.address for each in contracts if each.role == role} for role in protocol.direct_calls}
    selectors = {
        bytes.fromhex(selector)
        for calls in protocol.direct_calls.values()
        for selector, call in calls.items()
        if call.event
    }
    # One scan for all roles, and only of calls that leave an event: most transactions are none.
    scan = lake.scan("transactions", from_block=span.first, until_block=span.until).filter(
        (pl.col("status") == 1)
        & pl.col("to").is_in(sorted(set().union(*own.values())))
        & pl.col("input").bin.slice(0, SELECTOR).is_in(sorted(selectors))
    )
    transactions = scan.select("block_number", "hash", "from", "to", "input").collect()
    made: dict[str, list[_Made]] = {}
    for role, addresses in own.items():
        for block, transaction, sender, target, data in transactions.iter_rows():
            call = protocol.direct_calls[role].get(data[:SELECTOR].hex()) if target in addresses else None
            if call is not None and call.event:
                table = f"events/{role}.{call.event}"
                made.setdefault(table, []).append(_Made(call, block, transaction, sender, target, data))
    return made


def _relayed_calls(lake: Lake, protocol: Protocol, span: Span) -> dict[str, list[_Made]]:
    """Calls by way of safes, multicalls and other relays, whose input tells who called what (`evm.relays`).

    Those that a transaction makes twice are left aside: which event is whose is not told.
    """
    own = {each.address: each.role for each in lake.deployment.contracts if each.role in protocol.direct_calls}
    if not own or not lake.has("transactions"):
        return {}
    named = pl.any_horizontal(pl.col("input").bin.contains(bytes.fromhex(address[2:])) for address in sorted(own))
    scan = lake.scan("transactions", from_block=span.first, until_block=span.until).filter(
        (pl.col("status") == 1) & pl.col("input").bin.slice(0, SELECTOR).is_in(sorted(RELAYS))
    )
    relayed = scan.select("block_number", "hash", "from", "to", "input").collect()
    found: dict[tuple[str, str, str], list[_Made]] = {}
    # Contracts are looked for in relayed inputs only: in all of them that takes longer than all else here.
    for block, transaction, sender, to, data in relayed.filter(named).iter_rows():
        for by, target, content in made_calls(sender, to or "", data):
            calls = protocol.direct_calls.get(own.get(target, ""), {})
            call = calls.get(content[:SELECTOR].hex())
            if call is not None and call.event and target != to:
                made = _Made(call, block, transaction, by, target, content, is_relayed=True)
                found.setdefault((f"events/{own[target]}.{call.event}", transaction, target), []).append(made)
    tables: dict[str, list[_Made]] = {}
    for (table, _, _), calls_made in found.items():
        if len(calls_made) == 1:
            tables.setdefault(table, []).extend(calls_made)
    return tables


def _events(lake: Lake, table: str, made: list[_Made], span: Span) -> pl.LazyFrame:
    wanted = sorted({column for call, *_ in made for column in (*call.echoes, call.sender) if column})
    scan = lake.scan(table, from_block=span.first, until_block=span.until)
    return scan.select("transaction_hash", "address", "log_index", *wanted).with_columns(
        pl.col(pl.Decimal).cast(pl.Int128)
    )


def _check_events(made: list[_Made], events: pl.DataFrame | None) -> list[Finding]:
    rows: dict[tuple[str, str], dict[str, object]] = {}
    twice: set[tuple[str, str]] = set()
    for row in () if events is None else events.iter_rows(named=True):
        place_of = (row["transaction_hash"], row["address"])
        if place_of in rows:
            twice.add(place_of)
        rows[place_of] = row
    findings = []
    for call, block, transaction, sender, target, data, is_relayed in made:
        event = rows.get((transaction, target))
        if is_relayed and (event is None or (transaction, target) in twice):
            continue
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
            if isinstance(observed, bytes):
                observed = int.from_bytes(observed, "big")
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
                        f"the transaction called {call.signature} with another value"
                        + (f", by way of {sender}" if is_relayed else ""),
                        transaction,
                    )
                )
    return findings
