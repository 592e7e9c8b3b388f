"""Direct calls the other way round: whatever a contract emitted in a transaction must be what the call emits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.chain.forks import forks_of
from keep3r_replay.journal import ERROR, WARNING, Finding
from keep3r_replay.replay.accounts import accounts_of
from keep3r_replay.replay.direct_call import OTHER_FUNCTIONS, SELECTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span
    from keep3r_replay.replay.protocol import Protocol


_PLACE = ("block_number", "transaction_index")


class _Emitted(NamedTuple):
    """An event of a contract in a transaction: place, emitter, event's topic; the transaction, its target, selector."""

    block: int
    log_index: int
    emitter: str
    topic0: bytes
    digest: str
    target: str
    selector: str


def check_emitted(lake: Lake, protocol: Protocol, span: Span) -> list[Finding]:
    """Findings about events that their transaction does not account for, in no order.

    Kinds: `unexpected_event`, an event that the called function does not emit, or not twice; `unknown_call`, events of
    a function that the contract does not have; `unreachable_event` (a warning), an event of the root contract in a
    transaction that calls a contract which never calls it.
    """
    if not lake.has("transactions"):
        return []
    findings = []
    contracts = lake.deployment.contracts
    looked_at = {*protocol.direct_calls, *protocol.never_call}
    emitted = _emitted(lake, span, [each.address for each in contracts if each.role in looked_at], contracts)
    for role in protocol.direct_calls:
        own = {each.address for each in contracts if each.role == role}
        findings += _unaccounted(
            protocol, role, [each for each in emitted if each.emitter == each.target and each.target in own]
        )
    names = _event_names(protocol, protocol.root)
    mine = [each for each in contracts if each.role == protocol.root]
    roots = {each.address for each in mine}
    quiet = {each.address for each in contracts if each.role in protocol.never_call}
    findings += [
        _finding(
            "unreachable_event",
            each,
            names[each.topic0],
            "none",
            f"the transaction calls {each.target}, which never calls a {protocol.root}",
            WARNING,
        )
        for each in emitted
        if each.target in quiet and each.emitter in roots and each.topic0 in names
    ]
    return findings


def check_signers(lake: Lake, protocol: Protocol, span: Span) -> list[Finding]:
    """Findings (`unreachable_event`) about events of the root contract in calls of accounts, in no order.

    Who signs a transaction anywhere in the history is an account, and has no code. Where a former run found none, old
    events are looked at again only in calls of those that signed, or were called, for the first time since.
    """
    if not lake.has("transactions"):
        return []
    names = _event_names(protocol, protocol.root)
    mine = [each for each in lake.deployment.contracts if each.role == protocol.root]
    without_code = _before_delegation(lake, span)
    accounts = _called_accounts(lake, without_code)
    events = _emitted(lake, without_code, accounts.new, mine)
    if accounts.old:
        since = without_code._replace(after=lake.after)
        events = sorted([*events, *_emitted(lake, since, accounts.old, mine)])
    return [
        _finding(
            "unreachable_event",
            each,
            names[each.topic0],
            "none",
            f"the transaction calls {each.target}, an account that signs transactions and so has no code to run",
        )
        for each in events
        if each.topic0 in names
    ]


def _event_names(protocol: Protocol, role: str) -> dict[bytes, str]:
    return {event.topic0: event.name for events in protocol.events[role].values() for event in events}


def _before_delegation(lake: Lake, span: Span) -> Span:
    """The part of the span in which accounts that sign transactions have no code (until EIP-7702)."""
    start = forks_of(lake.deployment.chain_id).delegation_from
    if start is None:
        return span
    blocks = lake.scan("blocks", columns=["number", "timestamp"], from_block=span.first, until_block=span.until)
    last = blocks.filter(pl.col("timestamp") < start).select(pl.col("number").max()).collect().item()
    return span._replace(until=-1 if last is None else last)


class _Called(NamedTuple):
    """Accounts that sign transactions and are called: those known as such to a former run, and others."""

    old: list[str]
    new: list[str]


def _called_accounts(lake: Lake, span: Span) -> _Called:
    """Accounts that sign transactions and are called by some of the span, from wherever it begins, that succeed."""
    accounts = accounts_of(lake).drop_nulls()
    if span.until is not None:
        accounts = accounts.filter(pl.col("called_since") <= span.until)
    if lake.after is None:
        return _Called([], accounts["address"].to_list())
    is_old = pl.max_horizontal("signed_since", "called_since") <= lake.after
    old, new = (accounts.filter(each)["address"].to_list() for each in (is_old, ~is_old))
    return _Called(old, new)


def _emitted(lake: Lake, span: Span, targets: list[str], contracts: Sequence[Contract]) -> list[_Emitted]:
    """Events of `contracts` in transactions that succeed and call one of `targets`, in chain order.

    They are found in the raw logs: one table instead of one an event.
    """
    if not contracts or not targets:
        return []
    calls = (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .filter((pl.col("status") == 1) & pl.col("to").is_in(sorted(targets)))
        .select(*_PLACE, "hash", "to", pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").alias("selector"))
        .collect()
    )
    if calls.is_empty():
        return []
    found = (
        lake.scan("logs", [*_PLACE, "log_index", "address", "topic0"], from_block=span.first, until_block=span.until)
        .filter(pl.col("block_number").is_in(calls["block_number"].unique().to_list()))
        .join(calls.lazy(), on=list(_PLACE))
        .with_columns((pl.lit("0x") + pl.col("address").bin.encode("hex")).alias("emitter"))
        .filter(pl.col("emitter").is_in(sorted({each.address for each in contracts})))
        .sort("block_number", "log_index")
        .select("block_number", "log_index", "emitter", "topic0", "hash", "to", "selector")
    )
    return [_Emitted(*row) for row in found.collect().iter_rows()]


def _unaccounted(protocol: Protocol, role: str, emitted: list[_Emitted]) -> list[Finding]:
    findings = []
    names = _event_names(protocol, role)
    seen: dict[tuple[str, str], None] = {}
    strangers: dict[str, None] = {}
    for each in emitted:
        event = names.get(each.topic0)
        if event is None:
            continue
        call = protocol.direct_calls[role].get(each.selector)
        if call is None and OTHER_FUNCTIONS in protocol.direct_calls[role]:
            continue
        if call is None:
            if each.digest not in strangers:
                strangers[each.digest] = None
                why = f"a {role} has no function of selector 0x{each.selector} that emits anything"
                findings.append(_finding("unknown_call", each, event, "none", why))
        elif event in call.also:
            continue
        elif event != call.event:
            why = f"the transaction called {call.signature}, which does not emit this"
            findings.append(_finding("unexpected_event", each, event, call.event or "none", why))
        elif (each.digest, event) in seen:
            why = f"the transaction called {call.signature}, which emits this once"
            findings.append(_finding("unexpected_event", each, event, "none", why))
        seen[each.digest, event] = None
    return findings


def _finding(kind: str, each: _Emitted, event: str, expected: str, why: str, severity: str = ERROR) -> Finding:
    return Finding(
        kind, severity, each.block, each.log_index, each.target, "event", expected, event, None, why, each.digest
    )
