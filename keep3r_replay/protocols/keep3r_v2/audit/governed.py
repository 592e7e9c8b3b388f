"""Who calls what only the governance of a pair manager, of the factory or of the escrow may call.

No event tells who governs these before that changes for the first time. Until then accounts that both call such
functions contradict each other, whichever came first: the one that governs a Keep3r or a helper of the lake too is
taken for governance, or else the one that calls more often than all others together; where neither is told, every call
is. After a change there is one account that may.
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.replay.direct_call import SELECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.timeline import Span

_ONLY_GOVERNANCE = {
    "escrow": (
        "setGovernance(address)",
        "setMinter(address)",
        "setWKP3R(address)",
        "sendDust(address,uint256,address)",
    ),
    "pair_manager": ("setGovernance(address)", "collect()"),
    "pair_manager_factory": ("setGovernance(address)",),
}
"""By role, functions that only governance may call."""

_KEEP3R_CHANGES = (
    "events/keep3r.GovernanceSet",
    "events/keep3r.PendingGovernorAccepted",
    "events/keep3r_helper.GovernanceSet",
)
"""Events that tell who governs a Keep3r or a helper from then on."""

_ORDER = ("block_number", "transaction_index")


def governed_findings(lake: Lake, span: Span, new: Span) -> Iterator[Finding]:
    """Findings (`unauthorised_call`) at the first log of each call by somebody who cannot be governance.

    Args:
        lake: the history.
        span: the part of it that is looked at.
        new: what of it no former run has looked at, and found nothing: it takes one more call to contradict another.
    """
    if not lake.has("transactions") or not _is_called(lake, new):
        return
    for role, functions in _ONLY_GOVERNANCE.items():
        addresses = [each.address for each in lake.deployment.contracts if each.role == role]
        selectors = [keccak256(function.encode())[:SELECTOR] for function in functions]
        calls = _calls(lake, span, addresses, selectors) if addresses else []
        if not calls:
            continue
        changes = _changes(lake, f"events/{role}.GovernanceSet", span)
        for address in addresses:
            own = [row for row in (*calls, *changes) if row["address"] == address]
            yield from _of_contract(lake, span, sorted(own, key=lambda row: [row[name] for name in _ORDER]))


def _is_called(lake: Lake, span: Span) -> bool:
    """Whether there are such calls at all."""
    addresses = [each.address for each in lake.deployment.contracts if each.role in _ONLY_GOVERNANCE]
    functions = sorted({function for each in _ONLY_GOVERNANCE.values() for function in each})
    selectors = [keccak256(function.encode())[:SELECTOR] for function in functions]
    made = lake.scan("transactions", from_block=span.first, until_block=span.until)
    is_meant = pl.col("to").is_in(addresses) & pl.col("input").bin.slice(0, SELECTOR).is_in(selectors)
    return not made.filter(is_meant).select("block_number").head(1).collect().is_empty()


def _calls(lake: Lake, span: Span, addresses: list[str], selectors: list[bytes]) -> list[dict[str, Any]]:
    made = lake.scan("transactions", until_block=span.until).filter(
        (pl.col("status") == 1)
        & pl.col("to").is_in(addresses)
        & pl.col("input").bin.slice(0, SELECTOR).is_in(selectors)
    )
    return made.select(*_ORDER, "hash", "from", pl.col("to").alias("address")).collect().to_dicts()


def _changes(lake: Lake, table: str, span: Span) -> list[dict[str, Any]]:
    if not lake.has(table):
        return []
    return lake.scan(table, [*_ORDER, "address", "governance"], until_block=span.until).collect().to_dicts()


def _of_contract(lake: Lake, span: Span, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    """Go through one contract's calls and changes of governance, in chain order."""
    before = list(takewhile(lambda row: "governance" not in row, rows))
    first = _first_governance(lake, span, [row["from"] for row in before])
    for row in before:
        if first is not None and row["from"] != first.account:
            yield from _unauthorised(lake, span, row, first.account or _another(before, row), first.reason)
    now = ""
    for row in rows[len(before) :]:
        if "governance" in row:
            now = row["governance"]
        elif row["from"] != now:
            yield from _unauthorised(lake, span, row, now, "only governance may call this, and it is another account's")


class _Governance(NamedTuple):
    """Who governs before the first change, None where nothing tells; and why others' calls are findings."""

    account: str | None
    reason: str


def _first_governance(lake: Lake, span: Span, callers: Sequence[str]) -> _Governance | None:
    """Which of the callers before the first change is governance; None if they are one, and nothing contradicts it."""
    calls = Counter(callers)
    if len(calls) < 2:
        return None
    why = "only governance may call this, and before a change of it another account does too"
    elsewhere = sorted(_keep3r_governances(lake, span) & calls.keys())
    if len(elsewhere) == 1:
        return _Governance(elsewhere[0], f"{why}, which governs Keep3r")
    account, made = calls.most_common(1)[0]
    if 2 * made > len(callers):
        return _Governance(account, f"{why}, more often than all others")
    return _Governance(None, f"{why}: one account governs, and nothing tells which, so that each call is named")


def _another(rows: Sequence[dict[str, Any]], row: dict[str, Any]) -> str:
    """The first caller that is not the row's own."""
    return next(str(each["from"]) for each in rows if each["from"] != row["from"])


def _keep3r_governances(lake: Lake, span: Span) -> set[str]:
    """Accounts that govern a Keep3r or a helper at some time."""
    accounts = {state["governance"] for state in lake.deployment.initial_state.values() if "governance" in state}
    for table in _KEEP3R_CHANGES:
        if lake.has(table):
            accounts |= set(lake.scan(table, ["governance"], until_block=span.until).collect()["governance"])
    return accounts


def _unauthorised(lake: Lake, span: Span, row: dict[str, Any], expected: str, reason: str) -> Iterator[Finding]:
    block = row["block_number"]
    if not span.holds(block):
        return
    logs = lake.scan("logs", [*_ORDER, "log_index"], from_block=block, until_block=block)
    mine = logs.filter(pl.col("transaction_index") == row["transaction_index"])
    yield Finding(
        "unauthorised_call",
        ERROR,
        block,
        mine.select(pl.col("log_index").min()).collect().item(),
        row["address"],
        "sender",
        expected,
        row["from"],
        None,
        reason,
        row["hash"],
    )
