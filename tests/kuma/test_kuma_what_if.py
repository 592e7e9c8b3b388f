"""What-ifs: what is changed changes, what is not does not, and the audit's counterfactuals come out."""

from __future__ import annotations

from functools import cache

import pytest
from histories import DATA
from lakes import imported

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from tests.kuma.recorded import PROTOCOL, audited

CLEAN = DATA / "open-kuma-clean-1"
MIXED = DATA / "open-kuma-mixed-301"


@cache
def baseline(recording):
    """A recording's history, loaded once."""
    return PROTOCOL.what_ifs.baseline(Lake.open(imported(recording)), None, {})


def outcome(recording, **changes):
    """What would have happened."""
    return PROTOCOL.what_ifs.outcome(baseline(recording), changes, ledger=False)


@pytest.mark.parametrize("recording", [CLEAN, MIXED], ids=["clean", "mixed"])
def test_no_change_changes_nothing(recording):
    """Without a change both worlds are the same, and the purchases are those of the audit."""
    found = outcome(recording)
    assert found.summary["excess"] == "0"
    assert found.summary["changed_transactions"] == 0
    bonds = audited(recording).tables["bonds"].drop_nulls("bought_at").filter(~bonds_in_coin())
    last = {row["bond_id"]: row["realized"] for row in found.tables["purchases_what_if"].iter_rows(named=True)}
    assert {row["bond_id"]: row["paid"] for row in bonds.iter_rows(named=True)}.items() <= last.items()


def bonds_in_coin():
    """Bonds bought for stablecoin."""
    import polars as pl

    return pl.col("paid_in_stable_coin")


@pytest.mark.slow
@pytest.mark.parametrize(("when", "world"), [("maturity", "strict"), ("deadline", "grace")])
def test_one_punctual_keeper_is_the_counterfactual_of_the_audit(when, world):
    """Expiring one bond in time gives the price that the audit's rerun gives, for every late bond of the history."""
    for row in audited(CLEAN).tables["late_expiries"].iter_rows(named=True):
        found = outcome(CLEAN, expire=[row["bond_id"]], expire_at=when).tables["purchases_what_if"]
        (price,) = [
            each["realized_what_if"] for each in found.iter_rows(named=True) if each["bond_id"] == row["bond_id"]
        ]
        assert price == row[f"realized_{world}"]


def test_a_delay_costs_more_the_longer_it_is():
    """The price of a bond grows with the keeper's delay, second by second."""
    prices = []
    for delay in (0, 1, 3_600, 86_400):
        found = outcome(CLEAN, expire=[7], expire_at="maturity", delay=delay).tables["purchases_what_if"]
        prices += [each["realized_what_if"] for each in found.iter_rows(named=True) if each["bond_id"] == 7]
    assert prices == sorted(prices)
    assert len(set(prices)) == 4


def test_nobody_expires():
    """Where nobody ever expires a bond, no price is lower than it was."""
    found = outcome(CLEAN, expire="all", expire_at="never").tables["purchases_what_if"]
    differences = [row["difference"] for row in found.iter_rows(named=True) if row["difference"] is not None]
    assert max(differences) <= 0
    assert min(differences) < 0


@pytest.mark.slow
def test_no_fee_leaves_more_to_sellers():
    """Without fees the collector gets nothing, and sellers all of it."""
    found = outcome(MIXED, variable_fee=0, fixed_fee=0)
    assert int(found.summary["supply_what_if"]) > 0
    collectors = {each.collector.address for each in baseline(MIXED).history.start.categories.values()}
    rows = found.tables["accounts_what_if"].iter_rows(named=True)
    assert all(row["balance_what_if"] == 0 for row in rows if row["account"] in collectors)


def test_the_other_versions_rules():
    """Under v1.1's rules v1's self-transfers fail, and nothing is inflated."""
    found = outcome(MIXED, version="1.1")
    reasons = {row["reason_what_if"] for row in found.tables["changed_transactions"].iter_rows(named=True)}
    assert "CANNOT_TRANSFER_TO_SELF" in reasons


def test_other_epochs_and_rates():
    """Another epoch length and another rate path move balances."""
    assert outcome(CLEAN, epoch_length=86_400).summary["excess"] != "0"
    assert outcome(CLEAN, rate_scale=5_000).summary["supply_what_if"] != outcome(CLEAN).summary["supply"]
    assert outcome(MIXED, refresh="rate_changes").summary["supply_what_if"] != outcome(MIXED).summary["supply"]


def test_a_rate_is_changed_where_one_was_transmitted():
    """An answer by block takes the place of the one transmitted there; a block without one is refused by its number."""
    (block, *_) = sorted(
        step.block
        for step in baseline(CLEAN).history.steps
        if step.succeeded and any(call.function == "transmit" for call in step.calls)
    )
    found = outcome(CLEAN, rates={block: 1000000000315522921573372069})
    assert found.summary["supply_what_if"] != outcome(CLEAN).summary["supply"]
    with pytest.raises(UsageError, match=r"rates: no rate was transmitted in block 99999"):
        outcome(CLEAN, rates={99999: 10**27})


@pytest.mark.parametrize(
    "changes",
    [{"expire": "some"}, {"expire_at": "noon"}, {"version": "2"}, {"epoch_length": 0}, {"fee": 1}, {"fixed_fee": -1}],
)
def test_nonsense_is_refused(changes):
    """A change that is none, or has a value that makes none, is refused before anything runs."""
    with pytest.raises(UsageError):
        PROTOCOL.what_ifs.check(changes, Lake.open(imported(CLEAN)))


@pytest.mark.slow
def test_the_cost_curve_meets_the_audit():
    """At the delay that a keeper had, the curve gives the excess of the audit; two hundred delays are one history."""
    from keep3r_replay.protocols.kuma.what_if.lateness import cost_curve, cost_of_all

    late = audited(CLEAN).tables["late_expiries"].drop_nulls("expired_at")
    for row in late.iter_rows(named=True):
        (cost,) = cost_curve(baseline(CLEAN), row["bond_id"], [row["expired_at"] - row["maturity"]])
        assert (cost.realized, cost.excess) == (row["realized"], row["excess_strict"])
    curve = cost_curve(baseline(CLEAN), 7, range(0, 200 * 600, 600))
    assert [cost.excess for cost in curve] == sorted(cost.excess for cost in curve)
    assert cost_of_all(baseline(CLEAN), [0])[0].excess == 0
