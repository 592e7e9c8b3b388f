"""Running a call of the model, holding what it logs against the chain, and adopting what the chain says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.events import KEEP3R_V1_EVENTS
from keep3r_replay.protocols.keep3r_v1.replay.booking import Place, book, credits_of
from keep3r_replay.protocols.keep3r_v1.replay.comparison import Compared, compare
from keep3r_replay.protocols.keep3r_v1.replay.invariants import broken, named_by, sums_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from functools import partial

    from keep3r_replay.protocols.keep3r_v1.contract.state import Emitted
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log

_FIELDS = {event.name: tuple(parameter.column for parameter in event.parameters) for event in KEEP3R_V1_EVENTS}


def execute(
    context: Context,
    function: str,
    call: partial[None],
    logs: Sequence[Log],
    token: str = "",
    payment: int | None = None,
) -> list[Log]:
    """Run `call` of the model and compare what it logs with `logs`; logs that it does not predict come back.

    A check that fails is a finding at the call's last log, and the call goes on: the chain let it pass. `token` is what
    a call about an unnamed token was taken to be about, `payment` the number of the payment that it makes.
    """
    kp3r = context.kp3r
    if context.steps is not None:
        context.steps.call(kp3r, logs[-1].log_index if logs else None, function.partition("(")[0], call, payment)
    names = named_by(kp3r, call.args)
    before = sums_of(kp3r, names)
    called = Place(names, logs)
    owed = None if context.credit_changes is None else credits_of(kp3r, called)
    kp3r.emitted, kp3r.collected = [], []
    call()
    predicted, reasons = kp3r.emitted, kp3r.collected
    _hold_sums(context, function, broken(before, sums_of(kp3r, names), function), reasons, logs)
    kp3r.emitted, kp3r.collected = [], None
    if not reasons and context.credit_changes is None and predicted == [log.said for log in logs]:
        return []
    place = logs[-1].log_index if logs else None
    for reason in reasons:
        _impossible(context, function, reason, place)
    pairs, rest = _compared(context, function, predicted, logs, token)
    if owed is not None:
        book(context, function, pairs, owed, called)
    return rest


def _hold_sums(
    context: Context,
    function: str,
    changes: Iterable[tuple[str, int, int]],
    reasons: Sequence[str],
    logs: Sequence[Log],
) -> None:
    """A call that goes through leaves the contract's sums as they were; one that should not is a finding already."""
    for name, expected, observed in changes:
        if expected != observed and not reasons:
            place, text = logs[-1].log_index if logs else None, f"{function} changed one side of the sum only"
            context.journal.note("broken_invariant", place, context.kp3r.address, name, expected, observed, text)


def _compared(
    context: Context, function: str, predicted: Sequence[Emitted], logs: Sequence[Log], token: str
) -> tuple[list[Compared], list[Log]]:
    """Hold what a call logged against `logs` and adopt what the chain says; logs that it does not predict come back."""
    pairs, rest = compare(predicted, logs)
    for pair in pairs:
        if pair.log is None or pair.log.said != pair.predicted:
            _differs(context, function, pair)
            if pair.log is not None:
                _adopt(context, pair, token)
    return pairs, rest


def _impossible(context: Context, function: str, reason: str, place: int | None) -> None:
    text = f"{function} would have reverted: {reason}"
    if place is None:
        context.journal.note(
            "impossible_call", None, context.kp3r.address, function, f"revert {reason}", "success", text
        )
    else:
        context.journal.disagree(
            "impossible_call", place, context.kp3r.address, function, f"revert {reason}", "success", text
        )


def _differs(context: Context, function: str, pair: Compared) -> None:
    event = pair.predicted.event
    if pair.log is None:
        context.journal.events_not_emitted += 1
        context.journal.note(
            "missing_event",
            None,
            context.kp3r.address,
            event,
            ",".join(map(str, pair.predicted.values)),
            "none",
            f"{function} logs this event, and it is not there",
        )
        return
    about, *_ = pair.predicted.values
    names = zip(_FIELDS[event], pair.predicted.values, pair.log.values, strict=True)
    for name, expected, observed in names:
        if expected != observed:
            context.journal.disagree(
                "event_mismatch",
                pair.log.log_index,
                str(about),
                f"{event}.{name}",
                expected,
                observed,
                f"{function} does not log this",
            )


def _adopt(context: Context, pair: Compared, token: str) -> None:
    """Let the state be what the chain's log says."""
    assert pair.log is not None
    kp3r, event = context.kp3r, pair.predicted.event
    said, meant = pair.log.value, pair.predicted.value
    if event == "DelegateVotesChanged":
        kp3r.accounts[said("delegate")].current_votes = said("new_balance")
    elif event == "KeeperBonded" and token:
        more = said("bond") - meant("bond")
        kp3r.accounts[said("keeper")].bonds[token] += more
        kp3r.total_bonded += more if token == kp3r.address else 0
    elif event == "Transfer" and all(said(each) == meant(each) for each in ("from", "to")):
        more = said("amount") - meant("amount")
        for owner, change in ((said("from"), -more), (said("to"), more)):
            if owner == ZERO_ADDRESS:
                kp3r.total_supply -= change
            elif not _false_transfer(context, pair):
                kp3r.accounts[owner].balance += change
    elif event == "ApplyCredit":
        kp3r.jobs[said("job")].credits[kp3r.address] += said("credit") - meant("credit")


def unexpected(context: Context, logs: Sequence[Log], reason: str) -> None:
    """A finding for each log that no call accounts for."""
    for log in logs:
        values = ",".join(map(str, log.values))
        context.journal.disagree(
            "unexpected_event", log.log_index, context.kp3r.address, log.event, "none", values, reason
        )


def _false_transfer(context: Context, pair: Compared) -> bool:
    """Whether a Transfer is a payment's, which moves no balance: from a job, directly before its KeeperWorked."""
    assert pair.log is not None
    following = pair.log.log_index + 1
    return any(log.log_index == following and log.event == "KeeperWorked" for log in context.logs) and (
        pair.log.value("from") != context.kp3r.address
    )
