"""Who calls what only the governance of a pair manager, of the factory or of the escrow may call.

No event tells who governs these before that changes for the first time. Until then two accounts that both call such
functions contradict each other, and the one that comes later is told; after a change there is one that may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.replay.direct_call import SELECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

_ORDER = ("block_number", "transaction_index")


def governed_findings(lake: Lake, span: Span, new: Span) -> Iterator[Finding]:
    """Findings (`unauthorised_call`) at the first log of each call by somebody who cannot be governance.

    Args:
        lake: the history.
        span: the part of it that is looked at.
        new: what of it no former run has looked at, and found nothing: a call contradicts those before it.
    """
    roles = {each.address: each.role for each in lake.deployment.contracts if each.role in _ONLY_GOVERNANCE}
    if not roles or not lake.has("transactions") or not _calls(lake, new, roles):
        return
    calls = _calls(lake, span._replace(after=None), roles)
    for address, role in roles.items():
        mine = [row for row in calls if row["address"] == address]
        if mine:
            mine += (row for row in _changes(lake, f"events/{role}.GovernanceSet", span) if row["address"] == address)
            yield from _of_contract(lake, span, sorted(mine, key=lambda row: [row[name] for name in _ORDER]))


def _calls(lake: Lake, span: Span, roles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Successful calls of functions that only governance may call, by the role of the contract that is called."""
    selector, is_meant = pl.col("input").bin.slice(0, SELECTOR), pl.lit(value=False)
    for role, functions in _ONLY_GOVERNANCE.items():
        called = pl.col("to").is_in([address for address, each in roles.items() if each == role])
        is_meant |= called & selector.is_in([keccak256(function.encode())[:SELECTOR] for function in functions])
    made = lake.scan("transactions", from_block=span.first, until_block=span.until).filter(
        (pl.col("status") == 1) & pl.col("to").is_in(sorted(roles)) & is_meant
    )
    return made.select(*_ORDER, "hash", "from", pl.col("to").alias("address")).collect().to_dicts()


def _changes(lake: Lake, table: str, span: Span) -> list[dict[str, Any]]:
    if not lake.has(table):
        return []
    return lake.scan(table, [*_ORDER, "address", "governance"], until_block=span.until).collect().to_dicts()


def _of_contract(lake: Lake, span: Span, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    """Go through one contract's calls and changes of governance, in chain order."""
    known: dict[str, None] = {}
    is_told = False
    for row in rows:
        if "governance" in row:
            known, is_told = {row["governance"]: None}, True
            continue
        caller, block = row["from"], row["block_number"]
        if known and caller not in known and span.holds(block):
            logs = lake.scan("logs", [*_ORDER, "log_index"], from_block=block, until_block=block)
            mine = logs.filter(pl.col("transaction_index") == row["transaction_index"])
            yield Finding(
                "unauthorised_call",
                ERROR,
                block,
                mine.select(pl.col("log_index").min()).collect().item(),
                row["address"],
                "sender",
                next(iter(known)),
                caller,
                None,
                "only governance may call this, and it is another account's by what came before",
                row["hash"],
            )
        if not is_told:
            known[caller] = None
