"""The history with something changed: calls taken out, replaced, or put in at their time."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.contract.ray import RAY
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.what_if.history import STRANGER, Step
from keep3r_replay.protocols.kuma.what_if.rate_file import first_times, read_rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.kuma.audit.bond_tables import Judged
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.what_if.changes import Changes
    from keep3r_replay.protocols.kuma.what_if.history import History

ADDED = -1
"""The transaction index of what a what-if adds."""
HUNDRED_PERCENT = 10_000
_NEVER_STALE = 2**256 - 1


def start_of(history: History, changes: Changes) -> Kuma:
    """The model before the first step, under the changed rules and fees."""
    kuma = history.start.copy()
    if changes.version is not None:
        if RULES[changes.version].rate_grows_stale and not kuma.rules.rate_grows_stale:
            kuma.staleness_threshold = _NEVER_STALE
        kuma.rules = RULES[changes.version]
    if changes.staleness_threshold is not None:
        kuma.staleness_threshold = changes.staleness_threshold
    for category in kuma.categories.values():
        if changes.variable_fee is not None:
            category.swap.variable_fee = changes.variable_fee
        if changes.fixed_fee is not None:
            category.swap.fixed_fee = changes.fixed_fee
    return kuma


def changed_steps(history: History, judged: Sequence[Judged], changes: Changes) -> list[Step]:
    """The history's steps with what is changed taken out, put in or replaced, in order of time.

    A step that is added has the transaction index `ADDED`.

    Raises:
        InputError: the file of rates makes no sense.
        UsageError: a bond is chosen that was never sold, or a block without a rate.
    """
    swaps = {name: each.swap.address for name, each in history.start.categories.items()}
    chosen = {(swaps[each.story.category], each.story.bond_id): each for each in judged if _is_chosen(each, changes)}
    _refuse_unknown(changes, {number for _, number in chosen})
    _refuse_without_rate(changes, history)
    oracles = oracles_of(history)
    rates = [] if changes.rate_file is None else read_rates(changes.rate_file, history.start.categories)
    since = first_times(rates)
    replaced = {oracle: since[name] for oracle, name in oracles if name in since}
    kept = [each for step in history.steps for each in _changed(step, changes, frozenset(chosen), replaced)]
    added = [
        _added(history, each.timestamp, Call("transmit", oracle, "", (each.answer,)))
        for each in rates
        for oracle, name in oracles
        if name == each.category
    ]
    added += _epoch_changes(history, changes)
    if changes.expire is not None and changes.expire_at != "never":
        added += [
            _added(history, when, Call("expire_bond", swap, STRANGER, (bond_id,)))
            for (swap, bond_id), each in chosen.items()
            if (when := moment(history, each, changes)) <= history.end
        ]
    # Before the first transaction at its time; the sort keeps the order of all others.
    before = [(each.timestamp, 0, each) for each in added]
    ordered = sorted([*before, *((each.timestamp, 1, each) for each in kept)], key=lambda each: each[:2])
    return [step for _, _, step in ordered]


def _refuse_unknown(changes: Changes, sold: set[int]) -> None:
    missing = sorted(set(changes.expire) - sold) if isinstance(changes.expire, tuple) else []
    if missing:
        raise UsageError(f"expire: bond {missing[0]} was never sold")


def _refuse_without_rate(changes: Changes, history: History) -> None:
    """A block in which no rate was transmitted has none to be changed."""
    told = {step.block for step in history.steps if step.succeeded and any(map(_is_rate, step.calls))}
    missing = sorted(set(changes.rates) - told)
    if missing:
        raise UsageError(f"rates: no rate was transmitted in block {missing[0]}; rate_file sets rates at any time")


def oracles_of(history: History) -> list[tuple[str, str]]:
    """Every aggregator with a risk category whose rate it told at any time."""
    calls = (call for step in history.steps if step.succeeded for call in step.calls if call.function == "set_oracle")
    return sorted({(str(call.arguments[0]), str(call.arguments[1])) for call in calls})


def length_in_force(history: History, judged: Judged, changes: Changes) -> int:
    """The epoch length at a bond's maturity, as it is changed (seconds)."""
    if changes.epoch_length is None:
        return judged.deadline.epoch_length
    since = changes.epoch_length_from
    holds = since is None or history.time_of(since) <= judged.story.bond.maturity
    return changes.epoch_length if holds else judged.deadline.epoch_length


def moment(history: History, judged: Judged, changes: Changes) -> int:
    """When a bond is expired in the what-if (seconds)."""
    maturity, length = judged.story.bond.maturity, length_in_force(history, judged, changes)
    start = maturity if changes.expire_at == "maturity" else (maturity // length + 1) * length - 1
    return start + changes.delay


def _is_chosen(judged: Judged, changes: Changes) -> bool:
    if changes.expire is None:
        return False
    return changes.expire == "all" or judged.story.bond_id in changes.expire


def _added(history: History, when: int, call: Call) -> Step:
    """A call of its own, before the first block at or after its time."""
    position = bisect_left(history.times, when, key=lambda each: each.timestamp)
    block = history.times[min(position, len(history.times) - 1)].block
    return Step(block, ADDED, when, STRANGER, (call,), succeeded=True)


def _changed(
    step: Step, changes: Changes, expired: frozenset[tuple[str, int]], replaced: Mapping[str, int]
) -> Iterator[Step]:
    """A step as it is changed, and what follows from it at once; `replaced` tells from when a file gives the rates."""
    calls = [_changed_call(step, call, changes) for call in step.calls if not _is_gone(step, call, expired, replaced)]
    if calls:
        # The step itself where nothing is changed: whether it is the same is asked of every one.
        yield step if tuple(calls) == step.calls else step._replace(calls=tuple(calls))
    if changes.refresh == "rate_changes" and step.succeeded:
        told = tuple(Call("refresh_category_of", each.contract, STRANGER) for each in calls if _is_rate(each))
        if told:
            yield Step(step.block, ADDED, step.timestamp, STRANGER, told, succeeded=True)


def _is_rate(call: Call) -> bool:
    return call.function == "transmit"


def _is_gone(step: Step, call: Call, expired: frozenset[tuple[str, int]], replaced: Mapping[str, int]) -> bool:
    """Whether the what-if leaves a call out."""
    if call.function == "expire_bond":
        return (call.contract, call.arguments[0]) in expired
    return _is_rate(call) and call.contract in replaced and step.timestamp >= replaced[call.contract]


def _changed_call(step: Step, call: Call, changes: Changes) -> Call:
    arguments = call.arguments
    if _is_rate(call):
        answer = arguments[0]
        assert isinstance(answer, int)
        return call._replace(arguments=(_rate(step, answer, changes),))
    if call.function == "set_fees":
        variable = arguments[0] if changes.variable_fee is None else changes.variable_fee
        fixed = arguments[1] if changes.fixed_fee is None else changes.fixed_fee
        return call._replace(arguments=(variable, fixed))
    if call.function == "set_staleness_threshold" and changes.staleness_threshold is not None:
        return call._replace(arguments=(changes.staleness_threshold,))
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


def _epoch_changes(history: History, changes: Changes) -> list[Step]:
    """The change of every token's epoch length at its block; none where the length holds from the beginning."""
    since = changes.epoch_length_from
    if changes.epoch_length is None or since is None:
        return []
    tokens = [each.kibt.address for each in history.start.categories.values()]
    call = [Call("set_epoch_length", token, "", (changes.epoch_length,)) for token in tokens]
    return [Step(since, ADDED, history.time_of(since), "", (each,), succeeded=True) for each in call]
