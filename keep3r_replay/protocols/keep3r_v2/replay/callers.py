"""Who may call which function of Keep3r and its helpers, where the event does not say who did.

Where an event holds the caller, it is held against the transaction's sender instead (`replay.direct_calls`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS, SELECTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.replay.protocol import Row

    OnlyCaller = Callable[[Keep3r, Row], str | None]

_JOB_OWNER = {
    "unbondLiquidityFromJob": 0,
    "withdrawLiquidityFromJob": 0,
    "changeJobOwnership": 0,
    "migrateJob": 0,
    "acceptJobMigration": 1,
    "withdrawTokenCreditsFromJob": 0,
}
"""Functions of a job's owner, and which argument names the job."""

_GOVERNANCE = frozenset(
    {
        "forceLiquidityCreditsToJob",
        "approveLiquidity",
        "revokeLiquidity",
        "addDisputer",
        "removeDisputer",
        "addSlasher",
        "removeSlasher",
        "setBondTime",
        "setUnbondTime",
        "setLiquidityMinimum",
        "setRewardPeriodTime",
        "setInflationPeriod",
        "setFee",
        "setKeep3rHelper",
        "setKeep3rV1",
        "setKeep3rV1Proxy",
        "setKp3rWethPool",
        "setGovernance",
        "setPendingGovernor",
        "sendDust",
    }
)


_ACCEPTING = frozenset({"acceptGovernance", "acceptPendingGovernor"})


def rightful_caller(keep3r: Keep3r, target: str, data: bytes) -> str | None:
    """Who alone may call `target` (Keep3r or a helper) with `data` now.

    None for what anybody may call, or where the event tells the caller. The rules are those of the modifiers:
    onlyGovernance, onlyPendingGovernance, onlyJobOwner, and the pending owner of a job.
    """
    selector = data[:SELECTOR].hex()
    if target in keep3r.helpers:
        call = HELPER_CALLS.get(selector)
        parameters = keep3r.helpers[target].parameters
        if call is None or keep3r.helpers[target].rules.is_constant:
            return None
        accepts = call.signature.partition("(")[0] in _ACCEPTING
        return parameters.pending_governance if accepts else parameters.governance
    call = KEEP3R_CALLS.get(selector)
    arguments = None if call is None else call.decode(data)
    if call is None or arguments is None:
        return None
    function = call.signature.partition("(")[0]
    if function in _GOVERNANCE:
        return keep3r.parameters.governance
    if function in _ACCEPTING:
        return keep3r.parameters.pending_governance
    if function in _JOB_OWNER:
        job = keep3r.jobs.get(str(arguments[_JOB_OWNER[function]]))
        return None if job is None else job.owner
    if function == "acceptJobOwnership":
        job = keep3r.jobs.get(str(arguments[0]))
        return None if job is None else job.pending_owner
    return None


def only_callers() -> dict[str, OnlyCaller]:
    """By event table: who alone may have caused the event of a row now, by the state before it; None: nobody can say.

    Only events that one function emits, and that do not hold their caller themselves.
    """
    callers: dict[str, OnlyCaller] = {}
    for call in KEEP3R_CALLS.values():
        function, table = call.signature.partition("(")[0], f"keep3r.{call.event}"
        if function in _GOVERNANCE:
            callers[table] = _governance
        elif function in _ACCEPTING:
            callers[table] = _pending_governance
        elif function in _JOB_OWNER and function not in _SHARED_EVENT:
            callers[table] = _owner_at(1 + _JOB_OWNER[function])
    for call in HELPER_CALLS.values():
        accepts = call.signature.partition("(")[0] in _ACCEPTING
        callers[f"keep3r_helper.{call.event}"] = _helpers_next if accepts else _helpers
    return callers


_SHARED_EVENT = frozenset({"unbondLiquidityFromJob"})
"""Functions whose event another one emits too."""


def _governance(keep3r: Keep3r, _row: Row) -> str | None:
    return keep3r.parameters.governance


def _pending_governance(keep3r: Keep3r, _row: Row) -> str | None:
    return keep3r.parameters.pending_governance


def _owner_at(position: int) -> OnlyCaller:
    def owner(keep3r: Keep3r, row: Row) -> str | None:
        job = keep3r.jobs.get(row[position])
        return None if job is None else job.owner

    return owner


def _helpers(keep3r: Keep3r, row: Row) -> str | None:
    _, address, *_ = row
    helper = keep3r.helpers.get(address)
    return None if helper is None else helper.parameters.governance


def _helpers_next(keep3r: Keep3r, row: Row) -> str | None:
    _, address, *_ = row
    helper = keep3r.helpers.get(address)
    return None if helper is None else helper.parameters.pending_governance
