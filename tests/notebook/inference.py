"""What the traces leave open, inferred from them: one quote per period, one payment per work, in wei.

A sample says that a view lies within a hundredth of a KP3R. The quote of a period is looked for between the bounds that
its period credits set, where all samples of the period, and the payments in it, have most room. A payment is the middle
of what all samples up to the next work allow. Where all samples of a scenario show the same period credits, its quote
is one.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.notebook.market import PERIOD, SETUP, Market
from tests.notebook.trace import CUT, VIEWS, Trace

STEPS = 40


class Inferred(NamedTuple):
    """Wei of credits by period's start; wei of each work."""

    quotes: dict[int, int]
    payments: list[int]


class _Sample(NamedTuple):
    time: int
    view: int
    low: int


class _Attempt(NamedTuple):
    room: int
    payments: list[int]
    market: Market
    quotes: dict[int, int]


def _samples(trace: Trace) -> list[_Sample]:
    return sorted(_Sample(time, VIEWS.index(view), low) for view in VIEWS for time, low in trace.samples[view])


def infer(trace: Trace) -> Inferred:
    """The quotes and payments of a scenario."""
    samples = _samples(trace)
    starts = sorted({sample.time - sample.time % PERIOD for sample in samples})
    same = len({low for _, low in trace.samples["jobPeriodCredits"]}) == 1
    groups = [starts] if same else [[start] for start in starts]
    quotes: dict[int, int] = {}
    first = starts[0]
    market = None
    payments: list[int] = []
    for group in groups:
        low, high = _quote_bounds(trace, group)

        def attempt(
            quote: int, group: list[int] = group, before: Market | None = market, known: dict[int, int] = quotes
        ) -> _Attempt:
            tried = {**known, **dict.fromkeys(group, quote)}
            made = _new_market(tried, first) if before is None else before.copy()
            made.quotes = _with_setup(tried, first)
            return _Attempt(*_pay(made, trace, samples, group), made, tried)

        # Every sample leaves room that is linear in the quote, so the least of them has one peak.
        for _ in range(STEPS):
            third = (high - low) // 3
            if attempt(low + third).room < attempt(high - third).room:
                low += third
            else:
                high -= third
        best = attempt((low + high) // 2)
        assert best.room > 0, f"{trace.name}: no quote of period {group[0]} fits all samples"
        market, quotes = best.market, best.quotes
        paid = best.payments
        payments += paid
    return Inferred(quotes, payments)


def _with_setup(quotes: dict[int, int], first: int) -> dict[int, int]:
    return {SETUP - SETUP % PERIOD: quotes[first], **quotes}


def _new_market(quotes: dict[int, int], first: int) -> Market:
    market = Market(_with_setup(quotes, first))
    market.add_liquidity(SETUP)
    return market


def start(trace: Trace, inferred: Inferred) -> Market:
    """The market as the scenario finds it: the liquidity was added, and nothing happened since."""
    return _new_market(inferred.quotes, min(inferred.quotes))


def _quote_bounds(trace: Trace, group: list[int]) -> tuple[int, int]:
    low, high = 0, 1 << 255
    for time, least in trace.samples["jobPeriodCredits"]:
        if time - time % PERIOD in group:
            low, high = max(low, least), min(high, least + CUT - 1)
    return low, high


def _pay(market: Market, trace: Trace, samples: list[_Sample], group: list[int]) -> tuple[int, list[int]]:
    """Work through the periods of a group: the least room that a sample or payment leaves, and the payments."""
    begins, ends = group[0], group[-1] + PERIOD
    mine = [sample for sample in samples if begins <= sample.time < ends]
    works = [time for time in trace.works if begins <= time < ends]
    room = CUT
    until = works[0] if works else ends
    for sample in mine:
        if sample.time < until:
            value = market.views(sample.time)[sample.view]
            room = min(room, value - sample.low + 1, sample.low + CUT - value)
    payments = []
    for place, now in enumerate(works):
        following = works[place + 1] if place + 1 < len(works) else ends
        tops_up = now in trace.rewarded_at
        market.earn(now, 1 << 200 if tops_up else 0)
        low, high = 0, market.job.credits
        for sample in mine:
            if now <= sample.time < following and sample.view < 2:
                value = market.views(sample.time)[sample.view]
                if sample.time - market.job.rewarded_at >= PERIOD:
                    continue
                low, high = max(low, value - sample.low - CUT + 1), min(high, value - sample.low)
        room = min(room, high - low + 1)
        payment = (low + high) // 2
        market.pay(now, payment)
        payments.append(payment)
    return room, payments
