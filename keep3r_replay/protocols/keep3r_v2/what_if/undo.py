"""Taking back a call that reverts half way: what it may have touched, kept before it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.state import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.recorder import Recorder

_CONTAINERS = ("liquidities", "liquidity_amounts", "tokens", "token_credits", "token_credits_added_at")
_JOB_FIELDS = tuple(Job.__slots__)


class Savepoint:
    """State of jobs, keepers, twap caches, approvals and unbonding records, as it was when this was made."""

    def __init__(self, keep3r: Keep3r, recorder: Recorder, addresses: Sequence[str], token: str = "") -> None:
        self._keep3r = keep3r
        self._jobs = [(job, _copied(job)) for address in addresses if (job := keep3r.jobs.get(address)) is not None]
        self._keepers = [
            (keeper, copy(keeper.bonds)) for address in addresses if (keeper := keep3r.keepers.get(address)) is not None
        ]
        self._approvals = {liquidity: copy(approval) for liquidity, approval in keep3r.approvals.items()}
        self._approved = keep3r.approved_liquidities.values()
        keys = [(address, token) for address in addresses]
        self._unbonds = [(key, copy(keep3r.unbonds[key]) if key in keep3r.unbonds else None) for key in keys]
        self._recorder = recorder
        self._mark = recorder.mark([job for job, _ in self._jobs])

    def restore(self) -> None:
        """Put everything back."""
        keep3r = self._keep3r
        for job, values in self._jobs:
            for name, value in values.items():
                setattr(job, name, value)
        for keeper, bonds in self._keepers:
            keeper.bonds = bonds
        for liquidity, approval in self._approvals.items():
            keep3r.approvals[liquidity] = approval
        for liquidity in [each for each in keep3r.approvals if each not in self._approvals]:
            del keep3r.approvals[liquidity]
        if keep3r.approved_liquidities.values() != self._approved:
            keep3r.approved_liquidities = EnumerableSet(self._approved)
        for key, unbond in self._unbonds:
            if unbond is None:
                keep3r.unbonds.pop(key, None)
            else:
                keep3r.unbonds[key] = unbond
        self._recorder.back(self._mark)


def _copied(job: Job) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in _JOB_FIELDS}
    for name in _CONTAINERS:
        value = values[name]
        values[name] = EnumerableSet(value.values()) if isinstance(value, EnumerableSet) else copy(value)
    return values
