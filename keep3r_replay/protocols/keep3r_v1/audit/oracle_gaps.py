"""Stretches in which an oracle's answer reverts, so that a helper that asks it can price no work."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.audit.rows import OracleGapRow
from keep3r_replay.protocols.keep3r_v1.contract import keep3r_v1_oracle, uniswap_v2_oracle
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keep3r_replay.protocols.keep3r_v1.contract.market import Market
    from keep3r_replay.replay.parts import Table

_SLOT = uniswap_v2_oracle.PERIOD
_BITES_AFTER = uniswap_v2_oracle.GRANULARITY - 1
"""Slots after which an observation that was not made is missed."""


class InForce(NamedTuple):
    """A helper in force from a second on, by its version."""

    since: int
    version: str


class Missed(NamedTuple):
    """Updates that were not made, and the first and last second in which that makes the answer revert."""

    updates: int
    first: int
    last: int


class Gap(NamedTuple):
    """An oracle's answer for a pair reverts from the first to the last of these seconds, both included."""

    oracle: str
    pair: str
    missed_slots: int
    first: int
    last: int
    seconds_in_force: int

    @property
    def seconds(self) -> int:
        """How long."""
        return self.last - self.first + 1


def oracle_gaps(market: Market, updates: Table, helpers: Sequence[InForce], until: int) -> list[Gap]:
    """All gaps of the two oracles that grow stale, from each one's first observation up to second `until`.

    `updates` is the table `oracle_updates`.
    """
    times = updates.lazy().group_by("oracle", "pair", maintain_order=True).agg("timestamp").collect()
    gaps: list[Gap] = []
    for oracle, pair, seconds in times.iter_rows():
        if market.uniswap_v2_oracle is not None and oracle == market.uniswap_v2_oracle.address:
            found, sources = _sliding(seconds, until), {Source.CONSULT, Source.CONSULT_EXCHANGED}
        elif market.v1_oracle is not None and oracle == market.v1_oracle.address:
            found, sources = _listed(seconds, until), {Source.CURRENT}
        else:
            continue
        for missed, first, last in found:
            gaps.append(Gap(oracle, pair, missed, first, last, _in_force(first, last, helpers, sources)))
    return sorted(gaps, key=lambda gap: (gap.first, gap.oracle))


def _sliding(times: Sequence[int], until: int) -> Iterable[Missed]:
    """A slot that nobody updated makes `consult` revert for as long, seven slots later."""
    updated = sorted({time // _SLOT for time in times})
    last_slot = until // _SLOT - _BITES_AFTER
    for present, following in pairwise([*updated, last_slot + 1]):
        missed = following - present - 1
        if missed > 0:
            first = (present + 1 + _BITES_AFTER) * _SLOT
            yield Missed(missed, first, min(first + missed * _SLOT - 1, until))


def _listed(times: Sequence[int], until: int) -> Iterable[Missed]:
    """An observation older than two periods makes `current` revert until the next one."""
    longest = 2 * keep3r_v1_oracle.PERIOD
    for present, following in pairwise([*sorted(times), until + 1]):
        first, last = present + longest + 1, following - 1
        if last >= first:
            yield Missed((following - present) // keep3r_v1_oracle.PERIOD - 1, first, last)


def _in_force(first: int, last: int, helpers: Sequence[InForce], sources: set[Source]) -> int:
    """Seconds from `first` to `last` in which a helper with one of these sources was in force."""
    total = 0
    ends = [each.since for each in helpers[1:]]
    for each, end in zip(helpers, [*ends, last + 1], strict=True):
        if HELPERS.get(each.version) is not None and HELPERS[each.version].source in sources:
            total += max(0, min(end, last + 1) - max(each.since, first))
    return total


def rows(gaps: Sequence[Gap]) -> list[OracleGapRow]:
    """Rows of the table `oracle_gaps`."""
    return [
        OracleGapRow(gap.oracle, gap.pair, gap.missed_slots, gap.first, gap.last, gap.seconds, gap.seconds_in_force)
        for gap in gaps
    ]
