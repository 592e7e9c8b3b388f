"""Rules of expiry that are not the contract's: credits that expire as the manual says, or never (docs/expiry.md)."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.audit.ledger import OPENING
from keep3r_replay.protocols.keep3r_v2.audit.lots import Lot, Lots
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import (
    FORCED,
    MIGRATED_IN,
    MIGRATED_OUT,
    MINTED,
    REMOVED,
    REPRICED,
)
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT, CONTRACT_EXPIRY, DOCUMENTED, Expiry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import Credits
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r


class NoExpiry:
    """Rule `none`: a reset throws nothing away."""

    by_age = False

    def at_reset(self, _job: Credits, /) -> int:
        """0: a reset throws nothing away."""
        return 0

    def by_now(self, _job: Credits, _until: int, /) -> int:
        """0: nothing expires by its age."""
        return 0

    def changed(self, _kind: str, _job: Credits, _amount: int, /) -> None:
        """Nothing that the rule would have to remember."""

    def savepoint(self, _jobs: Iterable[Credits], /) -> Any:
        """It remembers nothing."""

    def restore(self, _savepoint: Any, /) -> None:
        """It remembers nothing."""


class DocumentedExpiry(NoExpiry):
    """Rule `documented`: from a period's start on, what was mined by the start of the one before it is gone.

    Args:
        keep3r: what its jobs hold counts from their last reward on.
    """

    by_age = True

    def __init__(self, keep3r: Keep3r) -> None:
        self._lots: defaultdict[int, Lots] = defaultdict(Lots)
        self._migrating: list[Lot] = []
        for job in keep3r.jobs.values():
            if job.credits:
                self._lots[id(job)].add(job.rewarded_at, OPENING, job.credits)

    def by_now(self, job: Credits, until: int, /) -> int:
        """What is left of the job's lots that were mined by `until`."""
        return sum(lot.amount for lot in self._lots[id(job)].lots if lot.minted_at <= until)

    def changed(self, kind: str, job: Credits, amount: int, /) -> None:
        """Keep the job's lots: what leaves it leaves the oldest, which are those that expire as well."""
        lots = self._lots[id(job)]
        if kind in MINTED or kind == FORCED:
            lots.add(job.rewarded_at, kind, amount)
        elif kind == MIGRATED_IN:
            for lot in self._migrating:
                lots.add(lot.minted_at, lot.origin, lot.amount)
        elif kind == MIGRATED_OUT:
            self._migrating = lots.take(lots.total)
        elif kind in {REPRICED, REMOVED}:
            lots.rescale(lots.total + amount)
        else:
            lots.take(-amount)

    def savepoint(self, jobs: Iterable[Credits], /) -> Any:
        """The lots of these jobs."""
        return {id(job): _copied(self._lots[id(job)]) for job in jobs}

    def restore(self, savepoint: Any, /) -> None:
        """Hold those lots again."""
        self._lots.update({job: _copied(lots) for job, lots in savepoint.items()})


def _copied(lots: Lots) -> Lots:
    twin = copy(lots)
    twin.lots = list(lots.lots)
    return twin


def expiry_rule(name: str, keep3r: Keep3r) -> Expiry:
    """The rule of a name, for a contract at the beginning of its replay."""
    if name == CONTRACT:
        return CONTRACT_EXPIRY
    return DocumentedExpiry(keep3r) if name == DOCUMENTED else NoExpiry()
