from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import EXPIRY_KINDS
from tests.ledger.scenarios import DAY, Scenario


def test_idle_job_mines_one_period_at_a_time():
    """Periods without work leave one period's credits, mined at the reset and expired at the next."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(20).work(10)
    assert history.entries() == [
        (5, "minted_reset", 100),
        (5, "spent", -10),
        (20, "expired", -90),
        (20, "minted_reset", 100),
        (20, "spent", -10),
    ]


def test_top_up_spends_the_oldest_credits_first():
    """A payment above the credits mines what is due, and takes what was there before it first."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(90).at(6).work(15)
    assert history.entries()[2:] == [(6, "minted_topup", 20), (6, "spent", -10), (6, "spent", -5)]
    assert history.findings("expiry_postponed") == [(6, 10)]


def test_cap_cuts_the_oldest_credits():
    """Settling a job above one period's credits cuts the excess, the oldest first."""
    history = Scenario().at(0).add_liquidity(100).at(7).force(50)
    assert history.entries() == [
        (7, "minted_reset", 100),
        (7, "minted_settled", 40),
        (7, "capped", -40),
        (7, "forced", 50),
    ]
    assert history.findings("capped") == [(7, 40)]


def test_forced_credits_expire_like_mined_ones():
    """Credits that governance forced and nobody used are lost at the next reset, and that is a finding."""
    history = Scenario().at(0).add_liquidity(100).at(7).force(50).at(13).work(10)
    assert history.findings("forced_expired") == [(13, 50)]
    assert history.finding("forced_expired").severity == "warning"


@pytest.mark.parametrize(
    ("postpone", "seconds"),
    [
        (lambda history: history.force(1), 0),
        (lambda history: history.add_liquidity(1), 0),
        # A migration waits a minute after it was asked for.
        (lambda history: history.migrate("job", "other"), 60),
    ],
    ids=["forced", "added liquidity", "migration"],
)
def test_operations_postpone_expiry(postpone, seconds):
    """Forcing, adding liquidity and migrating move the clock of credits that were there before."""
    history = Scenario("job", "other").at(0).add_liquidity(100).at(5).work(10).at(9)
    assert postpone(history).findings("expiry_postponed") == [(9 + Fraction(seconds, DAY), 20)]


def test_credits_spent_after_the_documented_rule_expired_them():
    """Credits mined by day 5 are gone on day 10 by the manual; in the contract credits forced on day 9 keep them."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(9).force(1).at(11).work(15)
    assert history.findings("spent_after_expiry") == [(11, 15)]
    fact = history.finding("spent_after_expiry")
    assert fact.severity == "warning"
    assert fact.sources == "minted_reset 15"
    assert f"{DAY} s before" in fact.reason


def test_view_denies_what_a_job_holds_on_paper():
    """A job that rests a whole period holds credits in storage that its view no longer counts."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(16).work(1)
    assert history.findings("denied_on_paper") == [(15 - Fraction(1, DAY), 90)]


def test_payment_above_one_period_names_its_sources():
    """A payment of 1.5 periods takes the reset's credits and the rest of what was mined since."""
    history = Scenario().at(0).add_liquidity(100).at(9).work(150)
    assert history.findings("payment_above_period") == [(9, 150)]
    fact = history.finding("payment_above_period")
    assert (fact.severity, fact.sources) == ("info", "minted_reset 100, minted_topup 50")
    assert "1.5" in fact.reason


def test_payment_above_two_periods_is_a_warning():
    """More than twice one period's credits is more than the manual knows of: forced credits pay it."""
    history = Scenario().at(0).add_liquidity(100).at(5).force(200).work(250)
    fact = history.finding("payment_above_period")
    assert (fact.severity, fact.sources) == ("warning", "minted_reset 100, forced 150")


def test_documented_maximum_is_just_below_twice():
    """1.999 periods can be paid at the last moment of a period, the limit that the manual names."""
    history = Scenario().at(0).add_liquidity(1000).at(9.995).work(1999)
    assert history.finding("payment_above_period").severity == "info"


def test_every_kind_has_a_scenario():
    """The scenarios of this module show each kind of finding at least once."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in EXPIRY_KINDS if f'"{kind}"' not in text] == []


def test_rules_differ_where_the_clock_was_moved():
    """The contract spends 15 old credits; by the manual they are gone and fresh ones pay; by no rule all stays."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(9).force(1).at(11).work(15)
    assert history.by_rule("contract") == {"minted": 180, "spent": -25, "capped": -70, "left": 86}
    assert history.by_rule("documented") == {"minted": 180, "spent": -25, "expired": -20, "capped": -70, "left": 66}
    assert history.by_rule("none") == {"minted": 180, "spent": -25, "capped": -70, "left": 86}


def test_documented_rule_can_leave_a_payment_short():
    """Where only expired credits are left the manual's rule could not have paid: the shortfall is told."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(9).force(1).at(11).work(95)
    assert history.by_rule("documented")["unpaid"] == 14
    assert history.by_rule("contract").get("unpaid") is None


def test_none_keeps_what_a_reset_throws_away():
    """Without expiry two resets leave both periods' credits."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(10).work(10)
    assert history.by_rule("contract")["left"] == 90
    assert history.by_rule("none")["left"] == 180


def test_migrated_credits_keep_their_age():
    """Lots that migrate are as old as before: the manual's rule expires them in the new job."""
    history = Scenario("job", "other").at(0).add_liquidity(100).at(5).work(10).at(8).migrate("job", "other")
    lots = {*history.table().filter(pl.col("kind") == "migrated_in")["minted_at"]}
    assert len(lots) == 2
    assert history.keep3r.jobs["other"].credits == 100
    assert history.periods("job")[-1]["closing"] == 0


def test_unbonding_removes_its_share():
    """Half of the liquidity takes half of the credits along."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(6).unbond(50)
    assert history.entries()[-1] == (6, "removed", -45)


def test_periods_close_with_what_the_next_opens_with():
    """Opening and entries of a period make up its closing, with the next one's opening, through a change of length."""
    history = Scenario().at(0).add_liquidity(100).at(5).work(10).at(7).change_period(2).at(8).work(5).at(15).work(3)
    periods = history.periods()
    assert periods[0]["reward_period_time"] == 5 * DAY
    assert periods[-1]["reward_period_time"] == 2 * DAY
    for before, after in pairwise(periods):
        assert before["closing"] == after["opening"]
        assert before["ends_at"] == after["begins_at"]
