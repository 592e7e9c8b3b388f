"""Scripted histories of Keep3r V1: a replay of one agrees with every log, and finds what the script hides."""

from __future__ import annotations

import polars as pl
import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit

ETHER = 10**18
GAS = 574_413
"""The gas of the article that introduced the seed's helper."""
DAY = 86_400


def played(folder, calls, **script):
    """A script, played, and the audit of its lake."""
    content = {"protocol": "keep3r_v1", "calls": calls, **script}
    simulation = PROTOCOL.scenarios.simulate(content, "script", folder / "lake").record
    found = audit(Lake.open(folder / "lake"), PROTOCOL, ledger=True)
    assert found.summary["events"]["mismatched"] == 0
    assert not [finding for finding in found.findings if finding.severity == "error"]
    return simulation, found


@pytest.mark.parametrize("helper", HELPERS)
def test_the_articles_example_under_each_helper(helper, tmp_path):
    """A work of 574,413 gas is right to the wei under each helper, and its gas comes back."""
    _, found = played(tmp_path, [{"at": 60, "do": "work", "gas": GAS}], helper=helper)
    row = found.tables["works"].row(0, named=True)
    assert (row["class"], int(row["gas"]), row["helper_version"]) == ("work_exact", GAS, helper)


def test_a_sandwiched_credit_is_a_finding(tmp_path):
    """An ApplyCredit between two swaps of one account is found, with the credit that reserves before would give."""
    calls = [
        {"at": 0, "do": "add_liquidity", "amount": 1_000 * ETHER},
        {"at": 4 * DAY, "do": "swap", "kp3r_in": 10_000 * ETHER},
        {"at": 4 * DAY, "do": "apply_credit"},
        {"at": 4 * DAY, "do": "swap", "weth_in": 2_000 * ETHER},
    ]
    _, found = played(tmp_path, calls)
    row = found.tables["credit_applications"].row(0, named=True)
    assert (row["class"], row["swapped_before"], row["swapped_after"]) == ("sandwiched", True, True)
    assert row["credit"] > row["credit_at_previous_block"] > 0
    assert found.summary["findings"]["spot_reserves_moved"] == 1


def test_a_feed_switch_changes_what_gas_is_worth(tmp_path):
    """After another aggregator is in force the same gas is paid by its answer, and a notice tells of it."""
    calls = [
        {"at": 60, "do": "work", "gas": GAS},
        {"at": 120, "do": "switch_feed", "answer": 50 * 10**9},
        {"at": 180, "do": "work", "gas": GAS},
    ]
    _, found = played(tmp_path, calls, helper="launch")
    works = found.tables["works"].with_columns(pl.col("payment").cast(pl.Int128))
    assert works["payment"].to_list() == [GAS * 100 * 10**9, GAS * 50 * 10**9]
    assert (works["class"] == "work_exact").all()
    assert found.summary["findings"]["feed_switched"] == 1


def test_an_oracle_gap_refuses_works(tmp_path):
    """Where nobody updates the oracle no work is paid seven slots later, and the gap is told with its seconds."""
    calls = [{"at": 60, "do": "work", "gas": GAS}, {"at": 6 * 3_600, "do": "work", "gas": GAS}]
    simulation, found = played(tmp_path, calls, keep_oracles=False)
    assert simulation.refused == {"script: calls[1]": "SlidingWindowOracle: MISSING_HISTORICAL_OBSERVATION"}
    gaps = found.tables["oracle_gaps"].filter(pl.col("seconds_in_force") > 0)
    assert gaps.height == 1
    assert found.tables["works"].height == 1


def test_own_amounts_and_receipts_are_told_apart(tmp_path):
    """A job's own amount, a receipt, an amount above the limit, and a payment to a disputed keeper."""
    calls = [
        {"at": 60, "do": "own", "gas": GAS, "amount": ETHER // 100 + 1},
        {"at": 120, "do": "receipt", "amount": 5 * ETHER},
        {"at": 180, "do": "own", "gas": GAS, "amount": 100 * ETHER},
        {"at": 240, "do": "dispute"},
        {"at": 300, "do": "work", "gas": GAS},
    ]
    simulation, found = played(tmp_path, calls)
    assert simulation.refused == {"script: calls[2]": "workReceipt: max limit"}
    assert found.tables["works"]["class"].to_list() == ["work_own", "receipt_own", "work_exact"]
    assert found.summary["findings"]["paid_without_standing"] == 1
    assert found.summary["findings"]["receipt_above_limit"] == 1


def test_mistakes_are_told_by_their_place(tmp_path):
    """Unknown words, helpers and numbers are refused with the place where they stand."""
    for content, place in (
        ({"helper": "best"}, "script: helper"),
        ({"calls": [{"at": 0, "do": "dance"}]}, r"script: calls\[0\]"),
        ({"calls": [{"at": 0, "do": "work", "gas": "much"}]}, r"script: calls\[0\]: gas"),
    ):
        with pytest.raises(UsageError, match=place):
            PROTOCOL.scenarios.simulate(content, "script", tmp_path / "lake")
