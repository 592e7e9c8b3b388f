"""What a transaction has accessed of 2.0's storage so far, as its events tell: it decides what later accesses cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start
from keep3r_replay.protocols.keep3r_v2.replay.slot_gas import (
    COLD_SLOT,
    NO_EARLY,
    WRITE_AGAIN,
    WRITE_CHANGE,
    WRITE_FROM_ZERO,
    Booking,
    Early,
    PaymentSlots,
    early_gas,
    lateness,
    silent_lateness,
    viewed_lateness,
    write_gas,
)

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r

_Place = tuple[int, int]
_COLD_CHANGE = frozenset({COLD_SLOT + WRITE_CHANGE})
_COLD_FROM_ZERO = frozenset({COLD_SLOT + WRITE_CHANGE, COLD_SLOT + WRITE_FROM_ZERO})
_COLD_AND_KEPT = frozenset({COLD_SLOT + WRITE_AGAIN})
_WRITTEN = frozenset({WRITE_AGAIN})


class Inference(Protocol):
    """What is asked of the inference's state (`context.CallContext`)."""

    keep3r: Keep3r
    now: int
    transaction: _Place
    metered_in: _Place
    touched: _Place
    meter_is_read: bool
    uncertain_jobs: dict[str, None]
    undetermined_keepers: dict[str, None]


class Lateness(NamedTuple):
    """All that the gas paid for may exceed the logged gas by."""

    told: frozenset[int]
    """By what events and state say."""
    silent: frozenset[int]
    """Where accesses that leave no event are allowed for."""


class _Found(NamedTuple):
    """A job as a work finds it: wei, seconds."""

    credits_held: int
    rewarded_at: int


class SlotWatch:
    """Follows the transactions of a replay of 2.0."""

    def __init__(self) -> None:
        self.early: frozenset[Early] = NO_EARLY
        """How the validation that set the meter may have gone."""
        self.viewed: frozenset[Early] = NO_EARLY
        """The same, where views or validations that failed may have come before it."""
        self._values: frozenset[int] | None = None
        """What the meter may hold; None where it is not known."""
        self._transaction: _Place = (-1, -1)
        self._validated = False
        self._found = _Found(0, 0)
        self._credits: dict[str, int] = {}
        self._keepers: dict[str, tuple[int, int]] = {}

    def _enter(self, transaction: _Place) -> None:
        if transaction != self._transaction:
            self._transaction = transaction
            self._validated = False
            self._credits.clear()
            self._keepers.clear()

    def validation(self, context: Inference, told: int) -> None:
        """A KeeperValidation logs `told` gas, before the model's meter is set."""
        self._enter(context.transaction)
        warm = self._validated or bool(self._keepers) or context.touched == context.transaction
        meter = _WRITTEN if self._validated else _COLD_CHANGE if context.keep3r.gas_meter else _COLD_FROM_ZERO
        early, viewed = early_gas(meter=meter, warm=warm), early_gas(meter=meter | _WRITTEN, warm=True)
        if not self._validated:
            early |= self._kept(told, warm=warm)
            viewed |= self._kept(told, warm=True)
        self.early, self.viewed = early, viewed
        self._values = frozenset(told + one.gas for one in early)
        self._validated = True

    def _kept(self, told: int, *, warm: bool) -> frozenset[Early]:
        """How the validation may have gone if it set the meter to the value that it held."""
        kept = early_gas(meter=_COLD_AND_KEPT, warm=warm)
        return frozenset(one for one in kept if self._values is None or told + one.gas in self._values)

    def work(self, context: Inference, job: Job) -> None:
        """A KeeperWork of `job`, before the model's accountance of it."""
        self._enter(context.transaction)
        self._found = _Found(job.credits, job.rewarded_at)

    def lateness(
        self, context: Inference, job_address: str, keeper_address: str, payment: int, held: int | None = None
    ) -> Lateness:
        """What a work that pays `payment` wei may be late by, after the model's accountance of the job.

        `held` are the job's credits at the end of the measure, in wei; None where the model's job holds them.
        """
        keep3r = context.keep3r
        job, keeper = keep3r.jobs[job_address], keep3r.keepers.get(keeper_address)
        bonds = keeper.bonds.get(keep3r.parameters.keep3r_v1, 0) if keeper is not None else 0
        earned = keeper.work_completed if keeper is not None else 0
        held = job.credits if held is None else held
        again = job_address in self._credits
        credits_then = self._credits.get(job_address, self._found.credits_held)
        paid_again = keeper_address in self._keepers
        bonds_then, earned_then = self._keepers.get(keeper_address, (bonds, earned))
        if (
            context.touched == context.transaction
            or job_address in context.uncertain_jobs
            or keeper_address in context.undetermined_keepers
        ):
            silent = silent_lateness(
                PaymentSlots(
                    works_again=job.worked_at == context.now,
                    first_work=job.worked_at == 0,
                    first_bond=not bonds,
                    first_payment=not earned,
                    meter_is_read=context.meter_is_read,
                )
            )
            return Lateness(silent, silent)
        booking = Booking(
            worked_at=write_gas(job.worked_at, job.worked_at, context.now),
            reads_worked_at=again or self._tests_worked_at(context),
            credits_gas=write_gas(credits_then, held, held - payment),
            bonds=write_gas(bonds_then, bonds, bonds + payment),
            earned=write_gas(earned_then, earned, earned + payment),
            reads_earned=paid_again,
        )
        early, viewed = (NO_EARLY, NO_EARLY) if context.meter_is_read else (self.early, self.viewed)
        if context.metered_in != context.transaction:
            early, viewed = (frozenset(one._replace(reads_earnings=False) for one in each) for each in (early, viewed))
        return Lateness(lateness(early, booking), viewed_lateness(viewed, booking))

    def paid(self, context: Inference, job_address: str, keeper_address: str) -> None:
        """A work has been explained, and is about to be paid."""
        keeper = context.keep3r.keepers.get(keeper_address)
        bonds = keeper.bonds.get(context.keep3r.parameters.keep3r_v1, 0) if keeper is not None else 0
        self._credits.setdefault(job_address, self._found.credits_held)
        self._keepers.setdefault(keeper_address, (bonds, keeper.work_completed if keeper is not None else 0))

    def _tests_worked_at(self, context: Inference) -> bool:
        """Whether the accountance of the job came to the test of its time of work (branch c of `update_if_needed`)."""
        keep3r, now, rewarded_at = context.keep3r, context.now, self._found.rewarded_at
        window = keep3r.parameters.reward_period_time
        last = period_start(keep3r, now - window)
        return last < rewarded_at < period_start(keep3r, now) and now - rewarded_at < window

    # SNAPSHOT

    def dump(self) -> dict[str, Any]:
        """What outlives a transaction, as plain values."""
        return {
            "early": sorted([one.gas, one.reads_earnings] for one in self.early),
            "viewed": sorted([one.gas, one.reads_earnings] for one in self.viewed),
            "values": None if self._values is None else sorted(self._values),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over a `dump`."""
        self.early = frozenset(Early(gas, reads_earnings) for gas, reads_earnings in state["early"])
        self.viewed = frozenset(Early(gas, reads_earnings) for gas, reads_earnings in state["viewed"])
        self._values = None if state["values"] is None else frozenset(state["values"])
