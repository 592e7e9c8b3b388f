"""Predicted logs held against recorded ones: field by field, and one against the other where their kinds differ."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import Emitted
    from keep3r_replay.protocols.kuma.replay.observed import Observed


class Disagreement(NamedTuple):
    """One log that is not as predicted: `event_mismatch`, `missing_event` or `unexpected_event`.

    `log_index` of a missing event is where it should stand. `position` numbers the field; -1 for a whole event.
    """

    kind: str
    log_index: int
    contract: str
    event: str
    position: int
    expected: object
    observed: object


def compare(predicted: Sequence[Emitted], observed: Sequence[Observed], next_index: int) -> list[Disagreement]:
    """All disagreements, in the order of the logs. `next_index` is the log index after the last observed event."""
    kinds = [(each.contract, each.event) for each in observed]
    if [(each.contract, each.event) for each in predicted] == kinds:
        return [found for pair in zip(predicted, observed, strict=True) for found in _fields(*pair)]
    found: list[Disagreement] = []
    matcher = SequenceMatcher(None, [(each.contract, each.event) for each in predicted], kinds, autojunk=False)
    for tag, low, high, first, last in matcher.get_opcodes():
        if tag == "equal":
            for offset in range(high - low):
                found += _fields(predicted[low + offset], observed[first + offset])
            continue
        if first > 0:
            place = observed[first - 1].log_index + 1
        else:
            place = max((observed[0].log_index if observed else next_index) - (high - low), 0)
        found += [
            Disagreement("missing_event", place, each.contract, each.event, -1, each.values, None)
            for each in predicted[low:high]
        ]
        found += [
            Disagreement("unexpected_event", each.log_index, each.contract, each.event, -1, None, each.values)
            for each in observed[first:last]
        ]
    return sorted(found, key=lambda each: each.log_index)


def _fields(predicted: Emitted, observed: Observed) -> list[Disagreement]:
    if predicted.values == observed.values:
        return []
    return [
        Disagreement("event_mismatch", observed.log_index, observed.contract, observed.event, position, *pair)
        for position, pair in enumerate(zip(predicted.values, observed.values, strict=True))
        if pair[0] != pair[1]
    ]
