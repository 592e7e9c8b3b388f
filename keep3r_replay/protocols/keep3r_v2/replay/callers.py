"""Who may call which function of Keep3r and its helpers, where the event does not say who did.

Where an event holds the caller, it is held against the transaction's sender instead (`replay.direct_calls`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS, SELECTOR

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r

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
