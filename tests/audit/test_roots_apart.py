"""Two changes are two roots, also where the first is an event that is missing."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from histories import DATA
from told import Told

from keep3r_replay.journal import NOTICE
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.absent import absent_event
from keep3r_replay.replay.direct_calls import check_direct_inputs
from keep3r_replay.replay.mended import PLACES, MendedLake
from keep3r_replay.replay.timeline import WHOLE

RECORDING = DATA / "open-v2.2-fuzz-gov-102"


@pytest.fixture
def clean(audited_recordings):
    """The audit of a recording, which is clean."""
    return audited_recordings(RECORDING).audit


def _direct(lake, table):
    """An event that a direct call of its contract left: the one in the middle."""
    roots = [contract.address for contract in lake.deployment.contracts if contract.role.startswith("keep3r")]
    calls = lake.scan("transactions").filter(pl.col("to").is_in(roots))
    events = lake.scan(f"events/{table}").join(calls, left_on="transaction_hash", right_on="hash", how="semi")
    found = events.sort("block_number", "log_index").collect().to_dicts()
    return found[len(found) // 2]


def _at(row):
    return (pl.col("block_number") == row["block_number"]) & (pl.col("log_index") == row["log_index"])


def _without(lake, table, row):
    for name in (f"events/{table}", "logs"):
        lake = Told(lake, name, lambda frame: frame.filter(~_at(row)))
    return Told(lake, "readings", lambda frame: frame.filter(False))


def _roots(lake, until_block=None):
    found = audit(lake, until_block, snapshot_every=0).roots
    return [(each.kind, each.block_number) for each in found if each.severity != NOTICE]


@pytest.mark.slow
def test_a_forged_payment_does_not_follow_from_a_missing_event(clean):
    """A bond that left no event is one root, a payment that is forged behind it another."""
    bonding = _direct(clean.lake, "keep3r.Bonding")
    often = clean.tables["works"].filter(pl.len().over("transaction_to", "selector") > 8)
    work = often.filter((pl.col("class") == "exact") & (pl.col("block_number") > bonding["block_number"])).row(
        -1, named=True
    )
    more = (pl.col("payment").cast(pl.Int128) + 10**12).cast(pl.Decimal(38, 0))
    forged = Told(
        _without(clean.lake, "keep3r.Bonding", bonding),
        "events/keep3r.KeeperWork",
        lambda frame: frame.with_columns(pl.when(_at(work)).then(more).otherwise("payment").alias("payment")),
    )
    assert _roots(forged) == [
        ("missing_event", bonding["block_number"]),
        ("payment_mismatch", work["block_number"]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "table", ["keep3r.Bonding", "keep3r.BondTimeChange", "keep3r.LiquidityAddition", "keep3r_helper.MaxBoostChange"]
)
def test_a_missing_event_is_put_in_as_it_was_asked_for(table, clean):
    """What the transaction tells of the event is what was there; with it nothing is missing."""
    row = _direct(clean.lake, table)
    missing = _without(clean.lake, table, row)
    (finding,) = check_direct_inputs(missing, PROTOCOL, WHOLE).findings
    (mend,) = absent_event(missing, PROTOCOL, finding)
    assert {name: mend.values[name] for name in row if name not in PLACES} == {
        name: value if isinstance(value, str) else int(value) for name, value in row.items() if name not in PLACES
    }
    assert check_direct_inputs(MendedLake(missing, [mend]), PROTOCOL, WHOLE).findings == []


@pytest.mark.slow
def test_calls_that_lie_are_roots_each(clean):
    """Two bonds whose transactions a stranger signed are two roots, with the readings and without."""
    bonds = clean.lake.scan("events/keep3r.Bonding").sort("block_number", "log_index").collect()
    hashes, keepers = bonds["transaction_hash"], bonds["keeper"]
    own = clean.lake.scan("transactions").filter(pl.col("hash").is_in(hashes) & pl.col("from").is_in(keepers))
    calls = own.sort("block_number").unique("block_number", maintain_order=True).head(2).collect()
    stranger = pl.when(pl.col("hash").is_in(calls["hash"])).then(pl.lit("0x" + "5a" * 20)).otherwise("from")
    lake = Told(clean.lake, "transactions", lambda frame: frame.with_columns(stranger.alias("from")))
    blocks = calls["block_number"].to_list()
    for each in (lake, Told(lake, "readings", lambda frame: frame.filter(False))):
        assert _roots(each, blocks[-1] + 2) == [("input_mismatch", block) for block in blocks]
