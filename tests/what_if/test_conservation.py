"""Whatever is changed, credits balance to the wei."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA, SAMPLE, name_of, one_a_version

from keep3r_replay.protocols.keep3r_v2.audit.ledger import LedgerError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.recorder import check_balance
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import result_tables

DAY = 86_400
OVERLAYS = {
    "starved": {"liquidity_factor": "1/4"},
    "rich": {"liquidity_factor": "7/3"},
    "nothing_expires": {"expiry": "none"},
    "as_documented": {"expiry": "documented", "liquidity_factor": "0.7"},
    "short_periods": {"reward_period_time": 3 * DAY},
    "longer_from_a_block": {"reward_period_time": 9 * DAY, "from_block": 250, "pinned": False},
    "dear_gas": {"base_fee_factor": "5", "drop_share": "1/3"},
    "other_market": {"tick_scale": "1.3", "tick_shift": -200, "market_from_block": 200},
    "less_from_a_block": {"liquidity_factor": "1/3", "liquidity_from_block": 250},
    "more_from_a_block": {"liquidity_factor": "5/2", "liquidity_from_block": 250, "expiry": "documented"},
    "dear_gas_from_a_block": {"base_fee_factor": "4", "base_fee_from_block": 250},
    "other_pool": {"market_pool": "0xf4aaee4e6ffc79252f131635a0dbd6d630c69c12", "market_from_block": 150},
    "documented_and_short": {"expiry": "documented", "reward_period_time": 2 * DAY, "base_fee_factor": "3"},
}


def _within(changes, last):
    """The changes with no block after the last, for the shortest recordings."""
    return {name: min(value, last) if name.endswith("from_block") else value for name, value in changes.items()}


@pytest.mark.slow
@pytest.mark.parametrize("changes", OVERLAYS.values(), ids=OVERLAYS)
@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_the_ledger_balances(recording, changes, baseline_of):
    """Lots make up a job's credits after every event, and the entries sum to what the jobs hold at the end."""
    baseline = baseline_of(recording)
    run = what_if(baseline, overlay_from(_within(changes, baseline.lake.manifest.coverage.to_block)), ledger=True)
    tables = result_tables(run)
    entries = tables["ledger"].group_by("job").agg(pl.col("amount").cast(pl.Int128).sum())
    held = {job: amount for job, amount in entries.iter_rows() if amount}
    assert held == {address: job.credits for address, job in run.protocol.keep3r.jobs.items() if job.credits}
    spent = -tables["ledger"].filter(pl.col("kind") == "spent")["amount"].cast(pl.Int128).sum()
    works = tables["works"].filter((pl.col("class") != "token_payment").fill_null(value=True))
    assert spent == works["payment"].cast(pl.Int128).sum()


def test_nothing_expires_where_nothing_may(baseline_of):
    """By the rule `none` the ledger has no expiry, and keeps more than the contract's."""
    baseline = baseline_of(SAMPLE / "recording")
    run = what_if(baseline, overlay_from({"expiry": "none"}), ledger=True)
    assert "expired" not in set(result_tables(run)["ledger"]["kind"])
    assert sum(run.sums.values()) > sum(baseline.sums.values())


def test_by_the_documented_rule_no_lot_outlives_the_next_period(baseline_of):
    """At the end no job holds what was mined by the start of the period before the present one."""
    baseline = baseline_of(DATA / "open-v2.3-fuzz-mixed-101")
    run = what_if(baseline, overlay_from({"expiry": "documented"}), ledger=True)
    length = run.protocol.keep3r.parameters.reward_period_time
    now = run.protocol.context.now
    ledger = result_tables(run)["ledger"]
    lots = ledger.group_by("job", "lot").agg(pl.col("minted_at").first(), pl.col("amount").cast(pl.Int128).sum())
    left = lots.filter(pl.col("amount") != 0)
    assert left.height
    assert left["minted_at"].min() > now - now % length - length


def test_a_wei_too_much_is_noticed(baseline_of):
    """A job whose credits are not the sum of its changes raises."""
    run = what_if(baseline_of(SAMPLE / "recording"), overlay_from({}))
    keep3r = run.protocol.keep3r
    job = next(job for job in keep3r.jobs.values() if job.credits)
    job.credits += 1
    with pytest.raises(LedgerError, match="the model holds"):
        check_balance(keep3r, keep3r.ledger)
