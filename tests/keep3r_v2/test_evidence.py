"""No entry point is said to pay by the formula for what own payments show by chance."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.protocols.keep3r_v2.audit.classes import classify
from keep3r_replay.protocols.keep3r_v2.audit.evidence import beyond_chance, evidence_of, lies_too_near
from keep3r_replay.protocols.keep3r_v2.audit.works import EVIDENCE_SCHEMA, WORKS_SCHEMA

BILLION = 10**9
SCHEMA = pl.Schema(
    {name: kind for name, kind in {**WORKS_SCHEMA, **EVIDENCE_SCHEMA}.items() if name not in {"class", "reason"}}
)
WORK = {
    "timestamp": 0,
    "transaction_hash": "0x",
    "job": "job",
    "keeper": "keeper",
    "credit": "kp3r",
    "gas_left": 400_000,
    "initial_gas": 500_000,
    "boost": 11_000,
    "one_eth_quote": 10**18,
    "extra_gas": 0,
    "suspicious": False,
    "told_here": True,
    "choices": 1,
    "price_is_told": False,
    "obstacle": "",
    "credits_before": 10**20,
    "credits_after": 10**20,
    "rewards": 0,
    "transaction_to": "target",
    "selector": "01020304",
    "beyond_gas": False,
}


def table(*works):
    """A table of works, each told by what differs from an ordinary one."""
    rows = [{**WORK, "block_number": number, "log_index": 0, **work} for number, work in enumerate(works)]
    return pl.DataFrame(rows, schema=SCHEMA)


def own(amount, **more):
    """A payment that the formula does not give."""
    return {"explanation": "unexplained", "payment": amount, **more}


def priced(amount, price, **more):
    """A sidechain's payment, explained by a price of gas that is solved for; one amount in 550 is."""
    quote = 550 * 10**18 // 110_000
    return {"explanation": "exact", "payment": amount, "usd_per_gas_unit": price, "one_eth_quote": quote, **more}


def bounded(amount, **more):
    """A payment of 2.0 within bounds; one amount in some hundred is."""
    return {
        "explanation": "interval",
        "payment": amount,
        "lowest_payment": amount - amount // 1_000,
        "highest_payment": amount,
        "choices": 7,
        **more,
    }


def classes(works):
    """Class of each work, with the same works as evidence."""
    return classify(works, works)["class"].to_list()


@given(st.integers(1, 12), st.integers(0, 30), st.integers(2, 10**7))
def test_conviction_needs_a_chance_below_one_in_a_billion(hits, more, one_in):
    """Where the count convicts, the exact binomial tail lies below 1e-9."""
    draws, chance = hits + more, Fraction(1, one_in)
    tail = sum(comb(draws, k) * chance**k * (1 - chance) ** (draws - k) for k in range(hits, draws + 1))
    if beyond_chance(hits, draws, one_in):
        assert tail < Fraction(1, BILLION)
    elif tail * 10**4 * BILLION < 1:
        pytest.fail("the bound is no more than ten thousand times the tail")


def test_one_hit_among_own_payments_convicts_nobody():
    """Eleven own payments and one that fits a price: all stay the job's own."""
    works = table(*(own(10**15 + 7 * n) for n in range(11)), priced(10**15, 77))
    assert classes(works) == ["own_payment"] * 12


def test_a_price_asked_once_is_no_plain_exact():
    """Next to ninety works at another price, the one that fits a price of its own is undetermined, and says so."""
    works = table(*(priced(10**15 + n, 77) for n in range(90)), priced(10**15 - 73, 76))
    classed = classify(works, works)
    assert classed["class"].to_list() == ["exact"] * 90 + ["undetermined"]
    assert "price asked once" in classed["reason"][90]


def test_an_own_payment_through_an_entry_point_of_known_prices_is_a_mismatch():
    """A price that is asked again and again convicts what fits no price."""
    works = table(*(priced(10**15 + n, 77) for n in range(5)), own(10**15 + 99))
    assert classes(works) == ["exact"] * 5 + ["mismatch"]


def test_the_same_payment_again_is_no_news():
    """An own amount that fits by chance fits again for the same gas: it counts once."""
    works = table(*(priced(10**15, 77) for _ in range(20)), own(3 * 10**15))
    assert not evidence_of(works).entries["entry_pays"].any()
    assert "mismatch" not in classes(works)


@pytest.mark.parametrize(("hits", "convicts"), [(2, False), (3, False), (12, True)])
def test_intervals_of_2_0_convict_by_their_number(hits, convicts):
    """A few hits of one in some hundred prove nothing; a dozen do."""
    works = table(*(bounded(10**15 + 10**12 * n) for n in range(hits)), own(3 * 10**15))
    assert ("mismatch" in classes(works)) == convicts


def test_an_exact_payment_convicts_alone():
    """One amount in 10**15 fits a formula without anything open: the other payment of the entry point is wrong."""
    works = table({"explanation": "exact", "payment": 10**16, "computed_payment": 10**16}, own(10**15))
    assert classes(works) == ["exact", "mismatch"]


def test_a_payment_of_a_few_wei_proves_nothing():
    """Where the formula gives next to nothing, an own payment may give the same."""
    works = table({"explanation": "exact", "payment": 5, "computed_payment": 5}, own(6))
    assert classes(works) == ["exact", "own_payment"]


def test_tokens_through_an_entry_point_of_the_formula_are_a_mismatch():
    """Code that calls `worked` pays no other token; where nothing tells how it pays, tokens are as good."""
    token = {"explanation": "token_payment", "payment": 1, "credit": "other", "initial_gas": None}
    by_formula = {"explanation": "exact", "payment": 10**16, "computed_payment": 10**16}
    assert classes(table(by_formula, token)) == ["exact", "mismatch"]
    assert classes(table(own(10**16), token)) == ["own_payment", "token_payment"]


@given(st.integers(0, 10**12), st.integers(10**14, 10**17), st.integers(1, 300), st.integers(1, 10**4))
def test_nearness_convicts_only_beyond_chance(off_by, gives, amounts, draws):
    """The chance that any own payment lies as near to any amount of the formula stays below 1e-9."""
    chance = Fraction((2 * off_by + 1) * amounts * draws * 2, 3 * gives)
    assert lies_too_near(off_by, gives, amounts, draws) == (chance < Fraction(1, BILLION))
