"""Jobs' liquidity times a factor, from the beginning or from a block on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay


class Difference(NamedTuple):
    """What a job's liquidity gains (or loses, below 0) as it is scaled in place."""

    job: str
    liquidity: str
    amount: int


class Liquidity(Protocol):
    """What of the history's liquidity a changed history moves instead."""

    def added(self, job: str, liquidity: str, amount: int) -> int:
        """What is added instead of `amount` wei."""

    def removed(self, job: str, liquidity: str, amount: int) -> int:
        """What is taken instead of `amount` wei."""

    def migrated(self, source: str, target: str) -> None:
        """All liquidity of one job joins another's."""

    def savepoint(self) -> Any:
        """What is held now, for `restore`."""

    def restore(self, savepoint: Any) -> None:
        """A call since then reverted: the changed history holds what it did; the true one goes on."""


@dataclass
class _Held:
    """What a job has of a liquidity: wei.

    Attributes:
        plain, scaled: what the history holds, by shares: those that the factor is not for, and those that it is for. A
            share keeps its kind as it migrates.
        present: what the changed history holds instead.
    """

    plain: int = 0
    scaled: int = 0
    present: int = 0


Sums = dict[tuple[str, str], _Held]


class ScaledLiquidity:
    """Amounts of jobs' liquidity times a factor: what comes and goes is the difference of scaled sums.

    What was all of it is all of it. Of a job that has shares of both kinds, what leaves leaves both in proportion.
    """

    def __init__(self, overlay: Overlay, keep3r: Keep3r) -> None:
        self._factor = Fraction(overlay.liquidity_factor)
        self._job = overlay.liquidity_job
        self._held: Sums = {}
        self.from_block = overlay.liquidity_from_block if self._factor != 1 else None
        self._begun = self.from_block is None
        if not self._begun:
            for job, record in keep3r.jobs.items():
                for liquidity, amount in record.liquidity_amounts.items():
                    self._held[job, liquidity] = _Held(plain=amount, present=amount)

    def begin(self) -> list[Difference]:
        """From now on liquidity is scaled; gives what that changes of the liquidity in place.

        In the order of addresses: that of the additions is not known after a start in mid-history.
        """
        self._begun = True
        differences = []
        for (job, liquidity), held in sorted(self._held.items()):
            if self._is_for(job):
                held.scaled, held.plain = held.plain, 0
            if self._sum(held) != held.present:
                differences.append(Difference(job, liquidity, self._sum(held) - held.present))
        return differences

    def note(self, difference: Difference) -> None:
        """The difference has been made."""
        self._held[difference.job, difference.liquidity].present += difference.amount

    def added(self, job: str, liquidity: str, amount: int) -> int:
        """What is added instead of `amount` wei."""
        if self._factor == 1:
            return amount
        held = self._held.setdefault((job, liquidity), _Held())
        before = self._sum(held)
        if self._begun and self._is_for(job):
            held.scaled += amount
        else:
            held.plain += amount
        more = self._sum(held) - before
        held.present += more
        return more

    def removed(self, job: str, liquidity: str, amount: int) -> int:
        """What is taken instead of `amount` wei."""
        if self._factor == 1:
            return amount
        held = self._held.setdefault((job, liquidity), _Held())
        before, whole = self._sum(held), held.plain + held.scaled
        if amount >= whole:
            held.plain = held.scaled = 0
            less = held.present if whole else amount
        else:
            of_scaled = amount * held.scaled // whole
            held.scaled -= of_scaled
            held.plain -= amount - of_scaled
            less = min(held.present, before - self._sum(held))
        held.present = max(0, held.present - less)
        return less

    def migrated(self, source: str, target: str) -> None:
        """All liquidity of one job joins another's, where every share keeps its kind."""
        for job, liquidity in [key for key in self._held if key[0] == source]:
            leaving = self._held.pop((job, liquidity))
            held = self._held.setdefault((target, liquidity), _Held())
            held.plain += leaving.plain
            held.scaled += leaving.scaled
            held.present += leaving.present

    def savepoint(self) -> Sums:
        """What is held now, for `restore`."""
        return {key: replace(held) for key, held in self._held.items()} if self._factor != 1 else {}

    def restore(self, savepoint: Sums) -> None:
        """A call since then reverted: the changed history holds what it did; the true one goes on."""
        for key, held in self._held.items():
            held.present = savepoint[key].present if key in savepoint else 0

    def _is_for(self, job: str) -> bool:
        return self._job in {"", job}

    def _sum(self, held: _Held) -> int:
        return held.plain + held.scaled * self._factor.numerator // self._factor.denominator
