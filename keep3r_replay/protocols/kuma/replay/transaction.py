"""One transaction under replay: its calls run on the model, what they must have logged, and what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.replay.calls import Call, run_call
from keep3r_replay.protocols.kuma.replay.compare import Disagreement, compare
from keep3r_replay.protocols.kuma.replay.infer import next_call
from keep3r_replay.protocols.kuma.replay.setters import role_told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import BaseChange, Emitted, Kuma
    from keep3r_replay.protocols.kuma.replay.observed import Observed

SHOWN_LATER = frozenset({"transmit", "approve", "increase_allowance", "decrease_allowance", "coin_approve"})
"""Calls that change what only later calls use: where one left no log, the first of these tells whether it happened."""


class Done(NamedTuple):
    """A call that ran on the model.

    Attributes:
        call: what ran.
        result: what it gave back.
        first_log: index of its first log in the block; -1 where it has none.
        last_log: index of its last log; -1 where it has none.
        is_exact: whether its logs are as predicted.
        moves: bases that it wrote.
    """

    call: Call
    result: object
    first_log: int
    last_log: int
    is_exact: bool
    moves: tuple[BaseChange, ...]


class Refusal(NamedTuple):
    """Why the model would have reverted where the chain went on; `log_index` is None where no log shows it."""

    log_index: int | None
    contract: str
    reason: str


@dataclass(slots=True)
class Replayed:
    """What a transaction came to.

    Attributes:
        done: calls that ran, in order.
        told: events that the replay takes as they are.
        predicted: logs the model predicts, of followed contracts.
        disagreements: logs that are not as predicted.
        refusals: why the model would have reverted.
        missing: logs that the model predicts of a transaction without any, by its input; it did count.
        unproved: the same of a transaction that did not count: what it changes shows when it is used.
        reverted: why the whole transaction reverts in the model; empty if it does not.
    """

    done: list[Done] = field(default_factory=list)
    told: list[Observed] = field(default_factory=list)
    predicted: list[Emitted] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    missing: list[Emitted] = field(default_factory=list)
    unproved: list[Emitted] = field(default_factory=list)
    reverted: str = ""


def attempt(kuma: Kuma, calls: Sequence[Call]) -> tuple[str, list[object], Kuma]:
    """Run a transaction's calls as the chain would: all of them or none.

    Returns the reason of the revert (empty: none), what the calls gave back, and the state after it: `kuma` itself, or
    a copy of what it was. The logs are in `emitted`.
    """
    saved = kuma.savepoint([call.contract for call in calls])
    reason, results = _run_all(kuma, calls)
    if reason:
        saved.emitted = []
        return reason, [], saved
    return "", results, kuma


def _run_all(kuma: Kuma, calls: Sequence[Call]) -> tuple[str, list[object]]:
    """Run calls until one reverts, which leaves the model half changed; reason of the revert, and what they gave."""
    kuma.emitted, kuma.moves, results = [], [], []
    try:
        for call in calls:
            results.append(run_call(kuma, call))  # noqa: PERF401 - a revert cuts the list short
    except Revert as error:
        return error.name, []
    return "", results


class TransactionReplay:
    """Replays transaction after transaction on one model; `kuma` is its present state."""

    def __init__(self, kuma: Kuma, followed: frozenset[str]) -> None:
        """Take the model, and the contracts whose logs are there to compare with."""
        self.kuma = kuma
        self._followed = followed

    def succeeded(self, events: Sequence[Observed], direct: Call | None) -> Replayed:
        """A transaction that went through, with its events; `direct` is the call that its input makes, if known."""
        replayed = Replayed()
        if direct is not None and events:
            self._run(replayed, direct, events)
            return replayed
        if direct is not None:
            self._silent(replayed, direct)
            return replayed
        start = 0
        while start < len(events):
            inferred = next_call(self.kuma, events, start)
            part = events[start : inferred.end]
            if inferred.told:
                self._told(part[0])
                replayed.told.append(part[0])
            elif inferred.call is None:
                replayed.disagreements += compare([], part, part[-1].log_index + 1)
            else:
                self._run(replayed, inferred.call, part)
            start = inferred.end
        return replayed

    def failed(self, calls: Sequence[Call]) -> Replayed:
        """A transaction that reverted: the model tells why, or that it would not have."""
        trial = self.kuma.savepoint([call.contract for call in calls])
        reason, _ = _run_all(trial, calls)
        return Replayed(reverted=reason, predicted=[] if reason else trial.emitted)

    def _run(self, replayed: Replayed, call: Call, events: Sequence[Observed]) -> None:
        """Run a call that the chain shows to have succeeded; what would have stopped it is noted."""
        saved, kuma = self.kuma.savepoint([call.contract]), self.kuma
        kuma.emitted, kuma.moves, kuma.refusals, kuma.lenient = [], [], [], True
        first, last = events[0].log_index, events[-1].log_index
        try:
            result = run_call(kuma, call)
        except (Revert, KeyError, ValueError) as error:
            self.kuma = saved
            reason = error.name if isinstance(error, Revert) else f"unknown {error}"
            replayed.refusals.append(Refusal(last, call.contract, reason))
            return
        finally:
            kuma.lenient = False
        replayed.refusals += [Refusal(last, call.contract, reason) for reason in kuma.refusals]
        predicted = [each for each in kuma.emitted if each.contract in self._followed]
        replayed.predicted += predicted
        found = compare(predicted, events, last + 1)
        replayed.disagreements += found
        is_exact = not found and not kuma.refusals
        replayed.done.append(Done(call, result, first, last, is_exact, tuple(kuma.moves)))

    def _told(self, event: Observed) -> None:
        """Take over what an event says that nothing predicts."""
        if event.event == "RoleGranted":
            run_call(self.kuma, role_told(event))

    def _silent(self, replayed: Replayed, call: Call) -> None:
        """A successful transaction without a log: a silent refresh, or one that the model expects logs of."""
        after = self.kuma.savepoint([call.contract])
        reason, results = _run_all(after, [call])
        if reason:
            replayed.refusals.append(Refusal(None, call.contract, reason))
            return
        predicted = [each for each in after.emitted if each.contract in self._followed]
        if predicted and call.function in SHOWN_LATER:
            replayed.unproved = predicted
            return
        self.kuma, replayed.missing = after, predicted
        replayed.done.append(Done(call, results[0], -1, -1, not predicted, tuple(after.moves)))
