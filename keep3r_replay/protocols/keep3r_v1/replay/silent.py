"""What logs tell of calls that left none, where the lake lacks those: who governs, votes that were given or taken.

What they do not tell is named, so that no reading of it is taken for a disagreement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log

_NAMES_IT = {"KeeperSlashed": "slasher", "JobAdded": "governance", "JobRemoved": "governance"}
"""Events that name who called, whom only governance can be, and where."""


_SILENT = {
    **dict.fromkeys(("KPRH", "getQuoteLimit"), "the helper is set without a log"),
    **dict.fromkeys(("governance", "pendingGovernance"), "governance changes without a log"),
    **dict.fromkeys(("liquidityAccepted", "pairs"), "pairs are accepted without a log"),
    **dict.fromkeys(("votes", "totalBonded"), "votes are given and taken without a log"),
    **dict.fromkeys(
        (
            "consult",
            "current",
            "lastObservation",
            "lastUpdated",
            "length",
            "observationLength",
            "pairObservations",
            "quote",
        ),
        "oracles are updated without a log",
    ),
    "latestAnswer": "another aggregator comes into force without a log",
    "minKeep": "it is set without a log",
}
"""Views that calls without logs decide about, and why."""
_OF_BONDS = frozenset({"bonds", "partialUnbonding"})


def excuse(context: Context, view: str, arguments: Sequence[str]) -> str:
    """Why an answer of a view may differ from the model's where calls are missing; empty where nothing excuses it."""
    if not context.silent_calls and view in _SILENT:
        return f"{_SILENT[view]}, and the lake lacks such calls"
    if not context.inputs and view == "unbondings":
        return "an unbonding restarts the wait of its token, which no event names"
    if not context.inputs and view in _OF_BONDS and context.open_unbondings.get(arguments[0]):
        return "the token of an unbonding is not known yet"
    return ""


def learn_votes(context: Context, logs: Sequence[Log]) -> None:
    """Take from a delegation how many votes the account must have: what moves is its votes and its bonded KP3R."""
    if context.silent_calls:
        return
    kp3r = context.kp3r
    for position, log in enumerate(logs):
        if log.event != "DelegateChanged":
            continue
        delegator, former, delegate = log.value("delegator"), log.value("from_delegate"), log.value("to_delegate")
        if former == delegate:
            continue
        moved = [
            abs(each.value("new_balance") - each.value("previous_balance"))
            for each in logs[position + 1 : position + 3]
            if each.event == "DelegateVotesChanged" and each.value("delegate") in {former, delegate}
        ]
        if moved:
            account = kp3r.accounts[delegator]
            more = max(moved[0] - kp3r.worth_of_bonds(delegator), -account.votes)
            account.votes += more
            kp3r.total_bonded += more


def infer_governance(context: Context, logs: Sequence[Log]) -> None:
    """Take whom the contract's logs of a transaction show to govern."""
    if context.silent_calls:
        return
    kp3r = context.kp3r
    for position, log in enumerate(logs):
        found = ""
        if log.event in _NAMES_IT:
            found = log.value(_NAMES_IT[log.event])
        elif log.event == "AddCredit" and log.value("credit") == kp3r.address and position:
            before = logs[position - 1]
            if before.event == "Transfer" and before.value("from") == ZERO_ADDRESS:
                found = log.value("creditor")
            elif before.event == "Transfer" and before.value("from") == kp3r.address:
                # The fee of a credit.
                found = before.value("to")
        if found:
            kp3r.parameters.governance = str(found)
