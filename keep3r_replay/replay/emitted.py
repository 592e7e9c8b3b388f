"""Direct calls the other way round: whatever a contract emitted in a transaction must be what the call emits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.journal import ERROR, WARNING, Finding
from keep3r_replay.replay.direct_call import SELECTOR

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span
    from keep3r_replay.replay.protocol import Protocol

_PLACE = ["block_number", "transaction_index", "log_index", "address"]


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
    transaction that calls a contract which never calls it.
    """
    if not lake.has("transactions"):
        return []
    findings = []
    for role in protocol.direct_calls:
        mine = [contract.address for contract in lake.deployment.contracts if contract.role == role]
        emitted = _emitted(lake, role, span, mine, same=True)
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
        for each in _emitted(lake, protocol.root, span, quiet, same=False)
    ]
    return findings


def _emitted(lake: Lake, role: str, span: Span, targets: list[str], *, same: bool) -> list[_Emitted]:
    """Events of a role in transactions that call one of `targets`; with `same` only those of the target itself."""
    names = [name for name in lake.tables() if name.startswith(f"events/{role}.")]
    if not names or not targets:
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
    called = pl.col("block_number").is_in(calls["block_number"].unique().sort().implode())
    scans = [
        lake.scan(name, columns=_PLACE, from_block=span.first, until_block=span.until).filter(called) for name in names
    ]
    # Small frames, joined at once: one plan over all tables takes longer to make than to run.
    frames = [
        frame.with_columns(pl.lit(name.partition(".")[2]).alias("event"))
        for name, frame in zip(names, pl.collect_all(scans), strict=True)
        if not frame.is_empty()
    ]
    if not frames:
        return []
    found = pl.concat(frames).join(calls, on=["block_number", "transaction_index"])
    if same:
        found = found.filter(pl.col("address") == pl.col("to"))
    rows = found.sort("block_number", "log_index").select(
        "block_number", "log_index", "event", "hash", "to", "selector"
    )
    return [_Emitted._make(row) for row in rows.iter_rows()]


def _unaccounted(protocol: Protocol, role: str, emitted: list[_Emitted]) -> list[Finding]:
    findings = []
    seen: dict[tuple[str, str], None] = {}
    strangers: dict[str, None] = {}
    for each in emitted:
        call = protocol.direct_calls[role].get(each.selector)
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
