"""Direct calls the other way round: whatever a contract emitted in a transaction must be what the call emits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.chain.forks import forks_of
from keep3r_replay.journal import ERROR, WARNING, Finding
from keep3r_replay.replay.direct_call import OTHER_FUNCTIONS, SELECTOR

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span
    from keep3r_replay.replay.protocol import Protocol


_PLACE = ("block_number", "transaction_index")


class _Emitted(NamedTuple):
    """An event that a contract emitted in a transaction that calls it, or that cannot have reached it."""

    block: int
    log_index: int
    event: str
    digest: str
    target: str
    selector: str


def check_emitted(lake: Lake, protocol: Protocol, span: Span) -> list[Finding]:
    """Findings about events that their transaction does not account for, in no order.

    Kinds: `unexpected_event`, an event that the called function does not emit, or not twice; `unknown_call`, events of
    a function that the contract does not have; `unreachable_event` (a warning), an event of the root contract in a
    transaction that calls a contract which never calls it; an error where it calls an account without code.
    """
    if not lake.has("transactions"):
        return []
    findings = []
    for role in protocol.direct_calls:
        mine = [contract.address for contract in lake.deployment.contracts if contract.role == role]
        emitted = _emitted(lake, protocol, role, span, mine, same=True)
        findings += _unaccounted(protocol, role, emitted)
    quiet = [each.address for each in lake.deployment.contracts if each.role in protocol.never_call]
    findings += [
        _finding(
            "unreachable_event",
            each,
            "none",
            f"the transaction calls {each.target}, which never calls a {protocol.root}",
            WARNING,
        )
        for each in _emitted(lake, protocol, protocol.root, span, quiet, same=False)
    ]
    without_code = _before_delegation(lake, span)
    accounts = _called_accounts(lake, without_code)
    findings += [
        _finding(
            "unreachable_event",
            each,
            "none",
            f"the transaction calls {each.target}, an account that signs transactions and so has no code to run",
        )
        for each in _emitted(lake, protocol, protocol.root, without_code, accounts, same=False)
    ]
    return findings


def _before_delegation(lake: Lake, span: Span) -> Span:
    """The part of the span in which accounts that sign transactions have no code (until EIP-7702)."""
    start = forks_of(lake.deployment.chain_id).delegation_from
    if start is None:
        return span
    blocks = lake.scan("blocks", columns=["number", "timestamp"], from_block=span.first, until_block=span.until)
    last = blocks.filter(pl.col("timestamp") < start).select(pl.col("number").max()).collect().item()
    return span._replace(until=-1 if last is None else last)


def _called_accounts(lake: Lake, span: Span) -> list[str]:
    """Accounts that sign transactions and are called by some that succeed."""
    transactions = lake.scan("transactions", from_block=span.first, until_block=span.until)
    called = transactions.filter(pl.col("status") == 1).select("to").unique()
    signers = lake.scan("transactions").select("from").unique()
    return called.join(signers, left_on="to", right_on="from", how="semi").sort("to").collect()["to"].to_list()


def _emitted(
    lake: Lake, protocol: Protocol, role: str, span: Span, targets: list[str], *, same: bool
) -> list[_Emitted]:
    """Events of a role in transactions that call one of `targets`; with `same` only those of the target itself.

    They are found in the raw logs: one table instead of one an event.
    """
    emitters = [contract.address for contract in lake.deployment.contracts if contract.role == role]
    if not emitters or not targets:
        return []
    calls = (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .filter((pl.col("status") == 1) & pl.col("to").is_in(sorted(targets)))
        .select(
            "block_number",
            "transaction_index",
            "hash",
            "to",
            pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").alias("selector"),
        )
        .collect()
    )
    if calls.is_empty():
        return []
    names = {event.topic0: event.name for events in protocol.events[role].values() for event in events}
    emitter = pl.lit("0x") + pl.col("address").bin.encode("hex")
    found = (
        lake.scan("logs", [*_PLACE, "log_index", "address", "topic0"], from_block=span.first, until_block=span.until)
        .filter(pl.col("block_number").is_in(calls["block_number"].unique().to_list()))
        .join(calls.lazy(), on=list(_PLACE))
        .with_columns(emitter.alias("emitter"))
        .filter(pl.col("emitter") == pl.col("to") if same else pl.col("emitter").is_in(sorted(emitters)))
        .sort("block_number", "log_index")
        .select("block_number", "log_index", "topic0", "hash", "to", "selector")
    )
    rows = found.collect().iter_rows()
    return [
        _Emitted(block, log_index, names[topic0], digest, target, selector)
        for block, log_index, topic0, digest, target, selector in rows
        if topic0 in names
    ]


def _unaccounted(protocol: Protocol, role: str, emitted: list[_Emitted]) -> list[Finding]:
    findings = []
    seen: dict[tuple[str, str], None] = {}
    strangers: dict[str, None] = {}
    for each in emitted:
        call = protocol.direct_calls[role].get(each.selector)
        if call is None and OTHER_FUNCTIONS in protocol.direct_calls[role]:
            continue
        if call is None:
            if each.digest not in strangers:
                strangers[each.digest] = None
                why = f"a {role} has no function of selector 0x{each.selector} that emits anything"
                findings.append(_finding("unknown_call", each, "none", why))
        elif each.event in call.also:
            continue
        elif each.event != call.event:
            why = f"the transaction called {call.signature}, which does not emit this"
            findings.append(_finding("unexpected_event", each, call.event or "none", why))
        elif (each.digest, each.event) in seen:
            why = f"the transaction called {call.signature}, which emits this once"
            findings.append(_finding("unexpected_event", each, "none", why))
        seen[each.digest, each.event] = None
    return findings


def _finding(kind: str, each: _Emitted, expected: str, why: str, severity: str = ERROR) -> Finding:
    return Finding(
        kind, severity, each.block, each.log_index, each.target, "event", expected, each.event, None, why, each.digest
    )
