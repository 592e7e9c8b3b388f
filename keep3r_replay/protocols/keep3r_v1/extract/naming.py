"""Contracts that logs and transactions of Keep3r V1 name: jobs, pairs, tokens, aggregators, governance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v1.events import ROOT
from keep3r_replay.protocols.keep3r_v1.replay.inputs import confirmed_aggregator, direct_call, governing_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEADS = {
    f"events/{ROOT}.JobAdded": (("job", "keep3r_v1_job"),),
    f"events/{ROOT}.SubmitJob": (("liquidity", "uniswap_v2_pair"), ("job", "keep3r_v1_job")),
    f"events/{ROOT}.AddCredit": (("credit", "token"), ("job", "keep3r_v1_job")),
    f"events/{ROOT}.KeeperWorked": (("credit", "token"),),
}
"""Event tables that name contracts: columns, and the role of what each names."""
_BY_ARGUMENT = {
    "approveLiquidity": "uniswap_v2_pair",
    "setGovernance": "keep3r_v1_governance",
    "addJob": "keep3r_v1_job",
}
"""Functions of the contract whose first argument names a contract, and its role."""


def named_by_events(tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Role and address of what decoded events (Arrow tables by name) name."""
    named: dict[tuple[str, str], None] = {}
    for table, columns in _LEADS.items():
        if table in tables:
            for column, role in columns:
                named |= {(role, address): None for address in tables[table].column(column).unique().to_pylist()}
    return list(named)


def named_by_calls(tables: Mapping[str, Any], keep3r: str, fastgas: str) -> list[tuple[str, str]]:
    """Role and address of what transactions, and calls inside of them, name by their input."""
    named: dict[tuple[str, str], None] = {}
    for to, data in _inputs(tables):
        aggregator = confirmed_aggregator(data, to, fastgas)
        if aggregator is not None:
            named["chainlink_aggregator", aggregator] = None
        if to == keep3r:
            call = direct_call(data, keep3r)
            calls = [(call.function, call.arguments)] if call else []
        else:
            calls = governing_calls(data, keep3r)
        for function, arguments in calls:
            role = _BY_ARGUMENT.get(function.name)
            if role is not None:
                named[role, str(arguments[0])] = None
    return list(named)


def _inputs(tables: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Whom transactions that succeeded, and calls inside of them, were sent to, and what they said."""
    if "transactions" in tables:
        sent = tables["transactions"]
        columns = (sent.column(name).to_pylist() for name in ("to", "input", "status"))
        yield from ((to, data) for to, data, status in zip(*columns, strict=True) if to is not None and status != 0)
    if "calls" in tables:
        calls = tables["calls"]
        yield from zip(calls.column("to").to_pylist(), calls.column("input").to_pylist(), strict=True)
