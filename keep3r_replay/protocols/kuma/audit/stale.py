"""Stale yields: what a refresh would set now is not what the token accrues."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.contract.kib_token import updated_cumulative
from keep3r_replay.protocols.kuma.contract.rate_feed import get_rate, is_stale
from keep3r_replay.protocols.kuma.contract.ray import RAY, ray_mul, ray_pow, ray_to_wad

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma


def due_yield(kuma: Kuma, category: Category) -> int | None:
    """The yield that a refresh would set now (ray); None where it would revert, since the rate is stale."""
    if category.swap.expired_bonds or category.swap.is_deprecated:
        return RAY
    if is_stale(kuma, category):
        return None
    return min(get_rate(kuma, category), category.swap.min_coupon)


def is_stale_yield(kuma: Kuma, category: Category) -> bool:
    """Whether the stored yield is not what a refresh would set now."""
    due = due_yield(kuma, category)
    return due is not None and due != category.kibt.yield_


class StaleYield(NamedTuple):
    """A stretch in which a token accrued another yield than a refresh would have set.

    `since` is the change of rate or smallest coupon, `until` the refresh (or the next change); None where the history
    ends first. `cumulative` and `total_base` are the token's at the beginning.
    """

    category: str
    since: Place
    until: Place | None
    stored: int
    due: int
    cumulative: int
    total_base: int

    def difference(self, end: int) -> int:
        """KIBT (wei) that all holders would have had more, or less where negative, at the end of the stretch."""
        seconds = (self.until.timestamp if self.until is not None else end) - self.since.timestamp
        worth = [
            ray_to_wad(ray_mul(self.total_base, ray_mul(ray_pow(rate, seconds), self.cumulative)))
            for rate in (self.due, self.stored)
        ]
        return worth[0] - worth[1]


class StaleYields:
    """Follows all categories, transaction by transaction."""

    def __init__(self) -> None:
        self.closed: list[StaleYield] = []
        self.open: dict[str, StaleYield] = {}

    def look(self, kuma: Kuma, place: Place) -> None:
        """See which tokens' yields are stale after a transaction."""
        for name, category in kuma.categories.items():
            token, present = category.kibt, self.open.get(name)
            due = due_yield(kuma, category) if token.epoch_length else None
            is_late = due is not None and due != token.yield_ and kuma.now >= token.last_refresh
            if present is not None and not (is_late and present.due == due):
                self.closed.append(self.open.pop(name)._replace(until=place))
                present = None
            if is_late and present is None and due is not None:
                cumulative = updated_cumulative(token, kuma.now)
                self.open[name] = StaleYield(name, place, None, token.yield_, due, cumulative, token.total_base_supply)

    def all(self) -> list[StaleYield]:
        """All stretches in the order of their beginnings."""
        return sorted([*self.closed, *self.open.values()], key=lambda each: (each.since, each.category))
