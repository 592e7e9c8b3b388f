"""Which unused credits expire: the rule that a Keep3r asks (docs/expiry.md defines the rules exactly).

    contract     what the code does: a reset throws away all that is left
    documented   what the manual says: at the start of every period, whatever was mined before the last one is gone
    none         nothing ever expires

The contract's own rule is this module's; the others are what-ifs' (`what_if/expiry.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import Credits

CONTRACT = "contract"
DOCUMENTED = "documented"
NONE = "none"
EXPIRY_RULES = (CONTRACT, DOCUMENTED, NONE)


class Expiry(Protocol):
    """A rule of expiry. It changes nothing by itself: whoever asks takes its answer off the job's credits."""

    by_age: bool
    """Whether credits expire by their age, so that the rule is asked before every change of a job's credits."""

    def at_reset(self, job: Credits, /) -> int:
        """Wei of the job's credits that a reset throws away."""

    def by_now(self, job: Credits, until: int, /) -> int:
        """Wei that the job holds of what was mined by `until` (seconds), and that has expired now."""

    def changed(self, kind: str, job: Credits, amount: int, /) -> None:
        """The job's credits have changed by `amount` wei; `kind` is one of `credit_changes.KINDS`."""

    def savepoint(self, jobs: Iterable[Credits], /) -> Any:
        """What the rule remembers of these jobs, for `restore`."""

    def restore(self, savepoint: Any, /) -> None:
        """Remember what it did at the savepoint."""


class ContractExpiry:
    """A reset throws away all that is left; age alone does nothing."""

    __slots__ = ()
    by_age = False

    def at_reset(self, job: Credits, /) -> int:
        """All of them."""
        return job.credits

    def by_now(self, _job: Credits, _until: int, /) -> int:
        """0: age alone lets nothing expire."""
        return 0

    def changed(self, _kind: str, _job: Credits, _amount: int, /) -> None:
        """Nothing that the rule would have to remember."""

    def savepoint(self, _jobs: Iterable[Credits], /) -> None:
        """It remembers nothing."""

    def restore(self, _savepoint: Any, /) -> None:
        """It remembers nothing."""


CONTRACT_EXPIRY = ContractExpiry()
