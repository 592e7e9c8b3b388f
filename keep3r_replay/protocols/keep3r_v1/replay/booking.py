"""The book of credits: what a call did to jobs' credits, by what it was; also where its log differs or is missing.

What is written down is what the model's credits changed by, so that the book adds up to them whatever a history says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.contract.jobs import fee_of
from keep3r_replay.protocols.keep3r_v1.events import PLACES, ROOT
from keep3r_replay.protocols.keep3r_v1.replay.records import CreditChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v1.contract.state import Emitted, Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.replay.comparison import Compared
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log

Key = tuple[str, str]
"""A job and a token."""

PAID_IN = "paid_in"
_CREDITING = frozenset({"AddCredit", "ApplyCredit", "UnbondJob", "KeeperWorked"})


class Place(NamedTuple):
    """Where a call stands: the addresses that it names, and its logs."""

    names: Sequence[str]
    logs: Sequence[Log]


def credits_of(kp3r: Keep3rV1, place: Place) -> dict[Key, int]:
    """Credits (wei) of the jobs that a call, or one of its logs, names."""
    told = (log.value("job") for log in place.logs if log.role == ROOT and "job" in PLACES[ROOT, log.event])
    return {
        (job, token): amount
        for job in dict.fromkeys((*place.names, *told))
        if job in kp3r.jobs
        for token, amount in kp3r.jobs[job].credits.items()
    }


def book(context: Context, function: str, pairs: Sequence[Compared], before: Mapping[Key, int], place: Place) -> None:
    """Write down what a call did that has been made, with what its logs made of it; `before` are credits before it."""
    kp3r, name = context.kp3r, function.partition("(")[0]
    changes = {key: amount - before.get(key, 0) for key, amount in credits_of(kp3r, place).items()}
    last = place.logs[-1].log_index if place.logs else None
    kind = ""
    for position, (predicted, log) in enumerate(pairs):
        if predicted.event not in _CREDITING or (predicted.event == "UnbondJob" and not position):
            continue
        key = _key(kp3r, predicted)
        kind, fee = _kind(kp3r, name, predicted)
        amounts = {kind: changes.pop(key, 0) - fee, **({"fee": fee} if kind == PAID_IN else {})}
        _write(context, last if log is None else log.log_index, key, amounts)
    for key, amount in changes.items():
        if amount and kind:
            # A log names another job than the call does.
            _write(context, last, key, {kind: amount})


def _key(kp3r: Keep3rV1, emitted: Emitted) -> Key:
    token = emitted.value("credit") if emitted.event in {"AddCredit", "KeeperWorked"} else kp3r.address
    return emitted.value("job"), token


def _kind(kp3r: Keep3rV1, name: str, emitted: Emitted) -> tuple[str, int]:
    """What a change is called, and the fee (wei, below 0) that is taken off it."""
    if emitted.event == "AddCredit":
        return ("minted", 0) if name == "addKPRCredit" else (PAID_IN, -fee_of(kp3r, emitted.value("amount")))
    if emitted.event == "KeeperWorked":
        return ("work" if name == "workReceipt" else "receipt"), 0
    return ("applied" if emitted.event == "ApplyCredit" else "burned"), 0


def _write(context: Context, log_index: int | None, key: Key, amounts: Mapping[str, int]) -> None:
    assert context.credit_changes is not None
    job, token = key
    after, block = context.kp3r.credits_of(job, token), context.kp3r.block_number
    for kind, amount in amounts.items():
        context.credit_changes.append(CreditChange(block, log_index, job, token, kind, amount, after))
