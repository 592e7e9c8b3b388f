"""Payments of 2.0 and 2.1: from the terms that `explain` prints, the bounds follow by hand."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.protocols.keep3r_v2.audit.explain import explain, find_log
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["open-v2.0-fuzz-gov-102", "open-v2.1-fuzz-dense-104"])
def history(request, audited_recordings):
    """A random history of a version whose price is cached, and its audit."""
    return audited_recordings(DATA / request.param)


def _works(history, count: int) -> list[dict]:
    works = history.audit.tables["works"].filter((pl.col("class") == "interval") & (pl.col("payment") > 0))
    return works.gather_every(max(1, works.height // count)).rows(named=True)


def _explained(history, work: dict):
    place = find_log(history.lake, work["block_number"], work["log_index"])
    return next(one for one in explain(history.lake, place) if one.log_index == work["log_index"])


def _bounds_by_hand(version: str, t: dict) -> tuple[int, int]:
    """Least and most that a reader of the printed terms gets, with whole numbers only."""
    gas, boost, record = (
        t["payment.gas"] if version == "2.0" else t["payment.gas_told"],
        t["payment.boost"],
        t["payment.record"],
    )
    root = t["quote.sqrt_ratio"]
    if version == "2.0":
        # gas * boost / 10000 * 2**96 / root, less gas * boost / 10000 / record + gas / record + 1
        over = 10_000 * root * record
        exact = gas * boost * 2**96 * record
        lost = gas * boost * root + gas * 10_000 * root
    else:
        # gas * boost / 10000 * 2**192 / root**2, less gas / record * (2**192 / root**2 + 1) + 1
        over = 10_000 * root**2 * record
        exact = gas * boost * 2**192 * record
        lost = gas * 10_000 * (2**192 + root**2)
    return (exact - lost - over) // over + 1, exact // over


def test_the_bounds_follow_from_the_terms(history):
    """Cached price, gas and record as printed give the printed bounds, between which the payment lies."""
    version = history.audit.summary["version"]
    for work in _works(history, 10):
        one = _explained(history, work)
        terms = {f"{term.section}.{term.name}": term.value for term in one.terms}
        assert terms["quote.sqrt_ratio"] == sqrt_ratio(terms["quote.average_tick"])
        assert terms["payment.gas_told"] == terms["payment.initial_gas"] - terms["payment.gas_left"]
        lowest, highest = _bounds_by_hand(version, terms)
        assert (lowest, highest) == (terms["payment.lowest_payment"], terms["payment.highest_payment"])
        assert lowest <= terms["payment.paid"] <= highest
        assert int(work["payment"]) == terms["payment.paid"]


def test_the_cached_price_is_that_of_its_observation(history):
    """The tick printed is the cached difference over the length of a period, cut toward zero."""
    for work in _works(history, 5):
        terms = {f"{term.section}.{term.name}": term.value for term in _explained(history, work).terms}
        length = history.straight.protocol.keep3r.parameters.reward_period_time
        assert any(
            terms["quote.average_tick"] == truncating_div(terms["quote.tick_difference"], each)
            for each in {length, *_lengths(history)}
        )


def _lengths(history) -> list[int]:
    table = "events/keep3r.RewardPeriodTimeChange"
    if not history.lake.has(table):
        return [432_000]
    changes = history.lake.scan(table).collect()["reward_period_time"].cast(pl.Int128).to_list()
    return [432_000, *changes]


def test_the_class_is_that_of_the_works(history):
    """`explain` names the class that `works` has, for works of every class."""
    works = history.audit.tables["works"]
    for kind in works["class"].unique().to_list():
        work = works.filter(pl.col("class") == kind).row(0, named=True)
        assert kind in {term.value for term in _explained(history, work).terms if term.name == "class"}
