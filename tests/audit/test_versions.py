"""Versions whose events leave something open: right payments lie within bounds, changed ones are found."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from audits import audit
from histories import DATA, History, beside, bundled, name_of, set_word, word

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

ALL = [*bundled(), *beside()]
BOUNDED = [path for path in ALL if "-v2.0-" in path.name or "-v2.1-" in path.name]
SIDECHAIN = [path for path in ALL if "-v2.3s-" in path.name]


@pytest.mark.parametrize("recording", BOUNDED, ids=name_of)
def test_every_work_of_2_0_and_2_1_lies_within_its_interval(recording, audited_recordings):
    """No work is a mismatch, and each of class interval is paid an amount between its bounds."""
    audited = audited_recordings(recording).audit
    assert audited.summary["verdict"] == "clean"
    works = audited.tables["works"].filter(pl.col("class") == "interval")
    assert (works["payment"] >= works["lowest_payment"]).all()
    assert (works["payment"] <= works["highest_payment"]).all()


@pytest.mark.parametrize("recording", SIDECHAIN, ids=name_of)
def test_the_sidechains_payments_are_multiples_that_one_price_explains(recording, audited_recordings):
    """Every exact work has a price of gas in USD, and the formula with it gives the payment to the wei."""
    audited = audited_recordings(recording).audit
    assert audited.summary["verdict"] == "clean"
    works = audited.tables["works"].filter(pl.col("class") == "exact")
    assert works.height > 100
    for work in works.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).iter_rows(named=True):
        gas = work["initial_gas"] - work["gas_left"] + work["extra_gas"]
        quote = work["one_eth_quote"] * work["usd_per_gas_unit"]
        assert gas * work["boost"] // 10_000 * quote // 10**18 == work["payment"]


@pytest.mark.parametrize("recording", [path for path in BOUNDED if "-v2.1-" in path.name], ids=name_of)
def test_a_billionth_leaves_the_interval_of_2_1(recording, audited_recordings):
    """In at least 95 of 100 random trials an amount changed by one part in a billion lies outside of its interval."""
    works = (
        audited_recordings(recording)
        .audit.tables["works"]
        .filter((pl.col("class") == "interval") & (pl.col("payment") > 0))
        .with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    )
    random = Random(recording.name)
    found = trials = 0
    for payment, lowest, highest in works.select("payment", "lowest_payment", "highest_payment").iter_rows():
        changed = payment + random.choice([-1, 1]) * (payment // 10**9)
        trials += 1
        found += not lowest <= changed <= highest
    assert 100 * found >= 95 * trials


CHANGED = {
    DATA / "open-v2.0-fuzz-gov-102": lambda amount: amount // 2,
    DATA / "open-v2.1-fuzz-dense-104": lambda amount: amount + amount // 10**9,
    DATA / "open-v2.3s-fuzz-mixed-101": lambda amount: amount + 1,
}


@pytest.mark.slow
@pytest.mark.parametrize("recording", CHANGED, ids=name_of)
def test_a_changed_payment_is_found_at_its_log(recording, audited_recordings, tmp_path):
    """A payment that the formula cannot give, at an entry point that pays by it again and again, is the first."""
    works = audited_recordings(recording).audit.tables["works"].filter(pl.col("class").is_in(["exact", "interval"]))
    works = works.filter((pl.col("payment") > 0) & (pl.len().over("transaction_to", "selector") > 8))
    history = History(recording)
    for row in Random(recording.name).sample(works.rows(named=True), 3):
        changed = history.copy()
        log = next(
            log
            for log in changed.logs
            if (int(log["blockNumber"], 16), int(log["logIndex"], 16)) == (row["block_number"], row["log_index"])
        )
        set_word(log, 0, CHANGED[recording](word(log, 0)))
        changed.readings = range(row["block_number"] - 2, row["block_number"] + 5)
        import_recording(changed.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
        first = audit(Lake.open(tmp_path / "lake")).findings[0]
        assert (first.block_number, first.log_index) == (row["block_number"], row["log_index"])
        assert first.kind == "payment_mismatch"
        assert first.reason
