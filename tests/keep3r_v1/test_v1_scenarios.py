"""Scripted histories of Keep3r V1: a replay of one agrees with every log, and finds what the script hides."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v1.scenario.script import address_of
from keep3r_replay.replay.audit import audit
from pipelines.cli import main

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


def test_a_helper_that_nobody_named_accuses_nobody(tmp_path):
    """Its payment is undetermined, the address told there and among the helpers in force; a named one counts again."""
    calls = [{"at": at, "do": "work", "gas": GAS} for at in (60, 180)]
    calls.insert(1, {"at": 120, "do": "helper", "version": "launch"})
    PROTOCOL.scenarios.simulate(
        {"protocol": "keep3r_v1", "calls": calls, "helper": "bonus"}, "script", tmp_path / "lake"
    )
    lake = Lake.open(tmp_path / "lake")
    (address,) = [each.address for each in lake.deployment.contracts if each.version == "bonus"]
    named = tuple(each for each in lake.deployment.contracts if each.address != address)
    lake.deployment = replace(lake.deployment, contracts=named)
    found = audit(lake, PROTOCOL)
    first, second = found.tables["works"].to_dicts()
    assert (first["class"], address in first["reason"], second["class"]) == ("undetermined", True, "work_exact")
    assert found.tables["helpers_in_force"]["helper"][0] == address
    assert found.findings == []


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


@pytest.mark.slow
def test_bonds_and_votes_of_a_script_are_replayed(tmp_path):
    """KP3R is bonded, activated, unbonded and withdrawn, votes come and go, and each refusal has its reason."""
    calls = [
        {"at": 10, "do": "transfer", "to": "alice", "amount": 500 * ETHER},
        {"at": 20, "do": "delegate", "keeper": "alice", "to": "bob"},
        {"at": 30, "do": "bond", "keeper": "alice", "amount": 300 * ETHER},
        {"at": 2 * DAY, "do": "activate", "keeper": "alice"},
        {"at": 4 * DAY, "do": "activate", "keeper": "alice"},
        {"at": 4 * DAY + 60, "do": "work", "gas": GAS, "keeper": "alice"},
        {"at": 5 * DAY, "do": "add_votes", "keeper": "alice", "amount": 40 * ETHER},
        {"at": 6 * DAY, "do": "unbond", "keeper": "alice", "amount": 100 * ETHER},
        {"at": 7 * DAY, "do": "withdraw", "keeper": "alice"},
        {"at": 8 * DAY, "do": "remove_votes", "keeper": "alice", "amount": 40 * ETHER},
        {"at": 9 * DAY, "do": "slash", "keeper": "alice", "amount": 50 * ETHER},
        {"at": 21 * DAY, "do": "withdraw", "keeper": "alice"},
        {"at": 22 * DAY, "do": "revoke", "keeper": "alice"},
        {"at": 23 * DAY, "do": "bond", "keeper": "alice", "amount": ETHER},
    ]
    simulation, found = played(tmp_path, calls, helper="h24e1")
    assert list(simulation.refused.values()) == found.tables["failed_calls"]["reason"].to_list()
    assert set(simulation.refused) == {"script: calls[3]", "script: calls[8]", "script: calls[13]"}
    kp3r, alice = simulation.world.kp3r, address_of("alice")
    payment = int(found.tables["works"]["payment"][0])
    # Of 500 she bonded 300, and 100 came back; what is left of the bond, and the payment, is governance's.
    assert kp3r.accounts[alice].balance == 300 * ETHER
    assert (kp3r.worth_of_bonds(alice), payment > 0) == (0, True)
    assert (
        kp3r.accounts[kp3r.parameters.governance].balance - simulation.script.kp3r_reserve * 5 == 200 * ETHER + payment
    )


def test_mistakes_are_told_by_their_place(tmp_path):
    """Unknown words, helpers and numbers are refused with the place where they stand."""
    for content, place in (
        ({"helper": "best"}, "script: helper"),
        ({"calls": [{"at": 0, "do": "dance"}]}, r"script: calls\[0\]"),
        ({"calls": [{"at": 0, "do": "work", "gas": "much"}]}, r"script: calls\[0\]: gas"),
    ):
        with pytest.raises(UsageError, match=place):
            PROTOCOL.scenarios.simulate(content, "script", tmp_path / "lake")


@pytest.mark.slow
def test_a_replay_by_logs_alone_is_a_setting(tmp_path, capsys):
    """`inputs=false` leaves transactions aside: what an image proves stays, nothing is convicted, no what-if is run."""
    content = {"protocol": "keep3r_v1", "helper": "launch", "calls": [{"at": 60, "do": "work", "gas": GAS}]}
    PROTOCOL.scenarios.simulate(content, "script", tmp_path / "lake")
    lake, results = f"lake={tmp_path / 'lake'}", f"results={tmp_path / 'results'}"
    assert main(["replay", lake, results, "inputs=false"]) == 0
    row = pl.read_parquet(tmp_path / "results" / "works.parquet").row(0, named=True)
    assert (row["class"], int(row["gas"]), row["bound"]) == ("work_exact", GAS, None)
    assert main(["replay", lake, results]) == 0
    assert pl.read_parquet(tmp_path / "results" / "works.parquet")["bound"][0] is not None
    assert main(["replay", lake, results, "inputs=false", "mode=what_if", "overlay.fee=0"]) == 2
    assert "inputs=false" in capsys.readouterr().err
