"""Stretches in which a reserve was worth less than the supply, by more than roundings can account for."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.replay.findings import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.audit.recorder import Move, TokenState

WEI_A_ROUNDING = 2
"""A base is written for a rounded balance and read as one, each half a wei off, and grows from then on."""


class Shortfall(NamedTuple):
    """A stretch: where it begins, the largest shortfall in it (wei), and what the swap's bonds were then worth."""

    category: str
    since: Place
    largest: int
    worth: int


def shortfalls(states: Sequence[TokenState], moves: Sequence[Move]) -> list[Shortfall]:
    """Every stretch of every category, in order of beginning."""
    written: dict[str, list[Place]] = {}
    for move in moves:
        written.setdefault(move.category, []).append(move.place)
    found: list[Shortfall] = []
    present: dict[str, int] = {}
    for state in states:
        bound = WEI_A_ROUNDING * (1 + bisect_right(written.get(state.category, []), state.place))
        missing = state.supply - state.reserve_worth
        if missing <= bound:
            present.pop(state.category, None)
            continue
        at = present.setdefault(state.category, len(found))
        if at == len(found):
            found.append(Shortfall(state.category, state.place, missing, state.reserve_worth))
        elif missing > found[at].largest:
            found[at] = found[at]._replace(largest=missing, worth=state.reserve_worth)
    return found


def shortfall_notices(found: Sequence[Shortfall], names: dict[str, str], deprecated: dict[str, int]) -> list[Finding]:
    """One notice a stretch; `deprecated` tells when a category's swap began to be wound up (seconds)."""
    return [
        notice(
            each.since.block,
            each.since.log_index if each.since.log_index >= 0 else None,
            names[each.category],
            "undercollateralised",
            "supply less reserve",
            each.largest,
            f"the reserve's bonds were worth {each.worth} wei of KIBT then"
            + ("; they leave for stablecoin" if deprecated.get(each.category, 2**63) <= each.since.timestamp else ""),
        )
        for each in found
    ]
