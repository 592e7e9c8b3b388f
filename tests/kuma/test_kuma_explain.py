"""Explanations: the terms of a purchase give what the chain says; states can be asked for."""

from __future__ import annotations

import pytest
from histories import DATA

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.roots import roots
from keep3r_replay.replay.state_query import state_at
from tests.kuma.recorded import PROTOCOL, audited

CLEAN = DATA / "open-kuma-clean-1"


def explained(place):
    """The explanations of a place."""
    lake = audited(CLEAN).lake
    return PROTOCOL.explain(lake, roots(lake, PROTOCOL)[0], place)


def test_a_purchase_is_explained_term_by_term():
    """Face value, price and clone of each purchase are those of its logs."""
    bought = audited(CLEAN).lake.scan("events/kuma_swap.BondBought").collect()
    for row in bought.head(3).iter_rows(named=True):
        (one,) = explained((row["block_number"], row["log_index"], ""))
        assert (one.event, one.log_index) == ("BondBought", row["log_index"])
        terms = {(term.section, term.name): term.value for term in one.terms}
        assert terms["price", "realized"] == int(row["paid"])
        assert terms["face value", "face value"] - int(row["paid"]) == terms["clone", "face value less price"]


def test_a_transaction_is_found_by_its_hash():
    """The hash names the same transaction as one of its logs."""
    row = audited(CLEAN).lake.scan("events/kuma_swap.BondSold").collect().row(0, named=True)
    place = (row["block_number"], row["log_index"], "")
    assert explained((0, None, row["transaction_hash"])) == explained(place)


def test_nothing_is_explained_where_nothing_is():
    """A place without a transaction is refused."""
    with pytest.raises(UsageError):
        explained((5, 77, ""))


def test_the_state_of_a_block_can_be_asked_for():
    """Overview, category, bond and account at a block; other subjects are refused."""
    lake = audited(CLEAN).lake
    replay = state_at(lake, PROTOCOL, roots(lake, PROTOCOL)[0], 150, None)
    assert set(replay.describe({})["categories"]) == {"FR", "US", "DE"}
    assert replay.describe({"category": "us"})["category"]["epoch_length"] == 14_400
    assert int(replay.describe({"bond": "4"})["bond"]["principal"]) > 0
    assert set(replay.describe({"account": "0x" + "1" * 40})["account"]) == {"FR", "US", "DE"}
    for named in ({"job": "0x"}, {"bond": "999"}, {"category": "XX"}):
        with pytest.raises(UsageError):
            replay.describe(named)
