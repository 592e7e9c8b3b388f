"""Predicted logs against those that the chain holds: matched, different, missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.contract.state import Emitted
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log


class Compared(NamedTuple):
    """What became of one predicted log: the chain's counterpart, or None where there is none."""

    predicted: Emitted
    log: Log | None


def compare(predicted: Sequence[Emitted], logs: Sequence[Log]) -> tuple[list[Compared], list[Log]]:
    """Pair predicted logs with logs, in order; logs that nothing predicts come back as they are."""
    pairs: list[Compared] = []
    rest: list[Log] = []
    place = 0
    for each in predicted:
        found = next((i for i in range(place, len(logs)) if logs[i].event == each.event), None)
        exact = next((i for i in range(place, len(logs)) if logs[i].said == each), found)
        if exact is None:
            pairs.append(Compared(each, None))
            continue
        rest.extend(logs[place:exact])
        pairs.append(Compared(each, logs[exact]))
        place = exact + 1
    rest.extend(logs[place:])
    return pairs, rest
