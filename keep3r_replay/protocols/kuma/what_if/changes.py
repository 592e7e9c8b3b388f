"""What a what-if changes, as values, and the history with it changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.contract.ray import RAY
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.what_if.history import STRANGER, History, Step
from keep3r_replay.what_if.names import check_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.contract.state import Kuma

HUNDRED_PERCENT = 10_000
MEANINGS = {
    "expire": "who is expired otherwise: `all`, or numbers of bonds",
    "expire_at": "`maturity`, `deadline` (the last second of grace) or `never`",
    "delay": "seconds after that",
    "refresh": "`rate_changes`: refreshYield at once whenever an answer is transmitted",
    "epoch_length": "seconds of an epoch, in place of every length set",
    "epoch_length_from": "block from which that length holds; the beginning if none is named",
    "variable_fee": "basis points of every sale",
    "fixed_fee": "wei of every sale",
    "rate_scale": "basis points: transmitted rates above zero percent times this",
    "rate_shift": "rays per second added to every transmitted rate",
    "rates": "answers by block of the transmission, in place of those transmitted",
    "version": "rules to run under: 1.0 or 1.1",
}
"""Every change, each with its meaning in one line."""


@dataclass(frozen=True)
class Changes:
    """Changes of one what-if; see `MEANINGS`. None leaves a thing as it was."""

    expire: str | Sequence[int] | None = None
    expire_at: str = "deadline"
    delay: int = 0
    refresh: str | None = None
    epoch_length: int | None = None
    epoch_length_from: int | None = None
    variable_fee: int | None = None
    fixed_fee: int | None = None
    rate_scale: int | None = None
    rate_shift: int | None = None
    rates: Mapping[int, int] = field(default_factory=dict)
    version: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return self == Changes(expire_at=self.expire_at, delay=self.delay)


def changes_of(given: Mapping[str, Any]) -> Changes:
    """Changes from plain values. Raises `UsageError` for a name or value that makes no sense."""
    check_names(given, MEANINGS)
    changes = Changes(**{name: value for name, value in given.items() if value is not None})
    if changes.expire_at not in {"maturity", "deadline", "never"}:
        raise UsageError(f"expire_at={changes.expire_at!r}: say maturity, deadline or never")
    if isinstance(changes.expire, str) and changes.expire != "all":
        raise UsageError(f"expire={changes.expire!r}: say all, or numbers of bonds")
    if changes.refresh not in {None, "rate_changes"}:
        raise UsageError(f"refresh={changes.refresh!r}: say rate_changes")
    if changes.version is not None and changes.version not in RULES:
        raise UsageError(f"version={changes.version!r}: there are {' and '.join(RULES)}")
    if changes.epoch_length is not None and changes.epoch_length <= 0:
        raise UsageError(f"epoch_length={changes.epoch_length}: an epoch has at least one second")
    for name in ("variable_fee", "fixed_fee", "rate_scale"):
        value = getattr(changes, name)
        if value is not None and value < 0:
            raise UsageError(f"{name}={value}: no negative numbers")
    return changes


def start_of(history: History, changes: Changes) -> Kuma:
    """The model before the first step, under the changed rules and fees."""
    kuma = history.start.copy()
    if changes.version is not None:
        kuma.rules = RULES[changes.version]
    for category in kuma.categories.values():
        if changes.variable_fee is not None:
            category.swap.variable_fee = changes.variable_fee
        if changes.fixed_fee is not None:
            category.swap.fixed_fee = changes.fixed_fee
    return kuma


def changed_steps(history: History, judged: Sequence[Judged], swaps: Mapping[str, str], changes: Changes) -> list[Step]:
    """The history's steps with what is changed taken out, put in or replaced, in order of time.

    `swaps` are addresses by risk category. A step that is added has the transaction index -1.
    """
    chosen = {(swaps[each.story.category], each.story.bond_id): each for each in judged if _is_chosen(each, changes)}
    steps = [each for step in history.steps for each in _changed(step, changes, frozenset(chosen))]
    if changes.expire is not None and changes.expire_at != "never":
        added = [
            _added(history, when, Call("expire_bond", swap, STRANGER, (bond_id,)))
            for (swap, bond_id), each in chosen.items()
            if (when := moment(each, changes)) <= history.end
        ]
        steps = sorted([*steps, *added], key=lambda step: (step.timestamp, step.block, step.transaction))
    return steps


def moment(judged: Judged, changes: Changes) -> int:
    """When a bond is expired in the what-if (seconds)."""
    start = judged.story.bond.maturity if changes.expire_at == "maturity" else judged.deadline.late_from - 1
    return start + changes.delay


def _is_chosen(judged: Judged, changes: Changes) -> bool:
    if changes.expire is None:
        return False
    return changes.expire == "all" or judged.story.bond_id in {int(each) for each in changes.expire}


def _added(history: History, when: int, call: Call) -> Step:
    """A call of its own, before the first block at or after its time."""
    block = next((number for number, time in history.times if time >= when), history.times[-1][0])
    return Step(block, -1, when, STRANGER, (call,), succeeded=True)


def _changed(step: Step, changes: Changes, expired: frozenset[tuple[str, int]]) -> Iterator[Step]:
    calls = []
    for call in step.calls:
        if call.function == "expire_bond" and (call.contract, call.arguments[0]) in expired:
            continue
        changed = _changed_call(step, call, changes)
        calls.append(changed)
        if changes.refresh == "rate_changes" and call.function == "transmit":
            calls.append(Call("refresh_category_of", call.contract, STRANGER))
    if calls:
        yield replace_calls(step, calls)


def replace_calls(step: Step, calls: Sequence[Call]) -> Step:
    """The same transaction with other calls."""
    return step._replace(calls=tuple(calls))


def _changed_call(step: Step, call: Call, changes: Changes) -> Call:
    arguments = call.arguments
    if call.function == "transmit":
        answer = arguments[0]
        assert isinstance(answer, int)
        return call._replace(arguments=(_rate(step, answer, changes),))
    if call.function == "set_fees":
        variable = arguments[0] if changes.variable_fee is None else changes.variable_fee
        fixed = arguments[1] if changes.fixed_fee is None else changes.fixed_fee
        return call._replace(arguments=(variable, fixed))
    if call.function in {"initialize", "set_epoch_length"} and changes.epoch_length is not None:
        since = changes.epoch_length_from
        if since is None or step.block >= since:
            return call._replace(arguments=(changes.epoch_length,))
    return call


def _rate(step: Step, answer: int, changes: Changes) -> int:
    if step.block in changes.rates:
        answer = changes.rates[step.block]
    if changes.rate_scale is not None and answer > RAY:
        answer = RAY + (answer - RAY) * changes.rate_scale // HUNDRED_PERCENT
    return answer + (changes.rate_shift or 0)


def with_epoch_change(history: History, changes: Changes, tokens: Sequence[str]) -> History:
    """The history with a change of epoch length added at its block; as it is where it holds from the start."""
    if changes.epoch_length is None or changes.epoch_length_from is None:
        return history
    since = changes.epoch_length_from
    time = next((time for number, time in history.times if number >= since), history.end)
    position = history.first_of(since)
    added = [
        Step(since, -1, time, "", (Call("set_epoch_length", token, "", (changes.epoch_length,)),), succeeded=True)
        for token in tokens
    ]
    return replace(history, steps=[*history.steps[:position], *added, *history.steps[position:]])
