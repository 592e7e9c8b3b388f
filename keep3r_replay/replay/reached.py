"""Transactions that call what reaches no, or few, other contracts: whatever those log there is not theirs.

A function of the deployment may say which events of other contracts it causes (`DirectCall.elsewhere`). A token moves
balances of its own: a contract of the deployment that logs in its transaction was not called by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.journal import ERROR, WARNING, Finding
from keep3r_replay.replay.direct_call import SELECTOR

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span
    from keep3r_replay.replay.protocol import Protocol

_PLACE = ("block_number", "transaction_index")

_OF_TOKENS = {
    keccak256(signature.encode())[:SELECTOR].hex(): signature
    for signature in (
        "transfer(address,uint256)",
        "transferFrom(address,address,uint256)",
        "approve(address,uint256)",
        "increaseAllowance(address,uint256)",
        "decreaseAllowance(address,uint256)",
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        "deposit()",
        "withdraw(uint256)",
    )
}
"""Functions of tokens (ERC-20, EIP-2612, WETH) that run no code of anybody else, by selector."""


class _Reached(NamedTuple):
    """An event of a contract in a transaction that calls another: place, table, transaction, target and selector."""

    block: int
    log_index: int
    table: str
    digest: str
    target: str
    selector: str


def check_reached(lake: Lake, protocol: Protocol, span: Span) -> list[Finding]:
    """Findings (`unreachable_event`) about events that the called function cannot have caused, in no order.

    Errors where it calls nobody; warnings where it calls contracts of others, such as tokens, that might.
    """
    if not lake.has("transactions"):
        return []
    roles = {each.address: each.role for each in lake.deployment.contracts}
    tokens = set(lake.deployment.tokens.values()) - set(roles)
    told = {
        role
        for role, calls in protocol.direct_calls.items()
        if any(each.elsewhere is not None for each in calls.values())
    }
    targets = [address for address, role in roles.items() if role in told]
    findings = []
    seen: set[tuple[str, str]] = set()
    for each in _reached(lake, protocol, span, [*targets, *tokens]):
        if each.target in tokens:
            plain = _OF_TOKENS.get(each.selector, "")
            why = f"the transaction calls a token{plain and f', {plain}'}, which never calls this contract"
            findings.append(_finding(each, why, certain=bool(plain)))
            continue
        role = roles[each.target]
        call = protocol.direct_calls[role].get(each.selector)
        if call is None or call.elsewhere is None:
            continue
        if each.table.startswith(f"{protocol.root}.") and role in protocol.never_call:
            continue  # `emitted` tells of it
        if each.table not in call.elsewhere:
            why = f"the transaction called {call.signature} of a {role}, which causes no such event"
            findings.append(_finding(each, why, certain=not call.elsewhere))
        elif (each.digest, each.table) in seen:
            why = f"the transaction called {call.signature} of a {role}, which causes this once"
            findings.append(_finding(each, why, certain=False))
        seen.add((each.digest, each.table))
    return findings


def _reached(lake: Lake, protocol: Protocol, span: Span, targets: list[str]) -> list[_Reached]:
    """Events of the deployment's contracts in transactions that succeed and call another one of `targets`."""
    if not targets:
        return []
    calls = (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .filter((pl.col("status") == 1) & pl.col("to").is_in(sorted(targets)))
        .select(*_PLACE, "hash", "to", pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").alias("selector"))
        .collect()
    )
    names = {
        (role, event.topic0): f"{role}.{event.name}"
        for role, versions in protocol.events.items()
        for events in versions.values()
        for event in events
    }
    roles = {each.address: each.role for each in lake.deployment.contracts}
    found = (
        lake.scan("logs", [*_PLACE, "log_index", "address", "topic0"], from_block=span.first, until_block=span.until)
        .filter(pl.col("block_number").is_in(calls["block_number"].unique().implode()))
        .join(calls.lazy(), on=list(_PLACE))
        .with_columns(emitter=pl.lit("0x") + pl.col("address").bin.encode("hex"))
        .filter(pl.col("emitter") != pl.col("to"))
        .sort("block_number", "log_index")
        .select("block_number", "log_index", "emitter", "topic0", "hash", "to", "selector")
        .collect()
    )
    return [
        _Reached(block, log_index, names.get((roles.get(emitter, ""), topic0), "?"), digest, target, selector)
        for block, log_index, emitter, topic0, digest, target, selector in found.iter_rows()
    ]


def _finding(each: _Reached, why: str, *, certain: bool) -> Finding:
    severity, event = ERROR if certain else WARNING, each.table.rpartition(".")[2]
    place = each.block, each.log_index
    return Finding("unreachable_event", severity, *place, each.target, "event", "none", event, None, why, each.digest)
