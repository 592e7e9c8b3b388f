"""What no state has a part in follows from nothing before it, and a pool's contradictions from its own events alone."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from histories import DATA
from lakes import imported
from told import Told

from keep3r_replay.journal import ERROR, NOTICE, Finding
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.kuma.protocol import PROTOCOL as KUMA
from keep3r_replay.replay.apart import Apart
from keep3r_replay.replay.mended import Mend, MendedLake

RECORDING = DATA / "open-v2.2-fuzz-gov-102"
INITIALIZE, MINT = "events/uniswap_v3_pool.Initialize", "events/uniswap_v3_pool.Mint"
WORKS = "events/keep3r.KeeperWork"
ASSENT = "events/keep3r.JobOwnershipAssent"


@pytest.fixture
def lake():
    """The lake of a recording, which is clean."""
    return Lake.open(imported(RECORDING))


@pytest.fixture
def bare(lake):
    """The same without readings."""
    return Told(lake, "readings", lambda frame: frame.filter(False))


def _finding(kind, block, subject, transaction=None):
    return Finding(kind, ERROR, block, 3, subject, "", "", "", None, "", transaction)


def test_what_a_transaction_contradicts_by_itself_follows_from_no_other(lake):
    """Its input and its logs are all that it takes; of its own transaction's findings it may be one."""
    apart, root = Apart(lake, PROTOCOL), _finding("event_mismatch", 7, "job", "0xa")
    for kind in ("missing_event", "input_mismatch", "unexpected_event", "unknown_call", "failed_with_logs"):
        assert apart(root, _finding(kind, 9, "job", "0xb"))
        assert apart(root, _finding(kind, 7, "job", "0xb"))
        assert not apart(root, _finding(kind, 7, "job", "0xa"))
        assert not apart(root, _finding(kind, 7, "job"))
    for kind in ("impossible_gas", "gas_sum", "missing_transaction", "block_time"):
        assert apart(root, _finding(kind, 9, "job", "0xb"))
        assert not apart(root, _finding(kind, 7, "job", "0xb")), "one header may contradict all of its block"
    assert not apart(root, _finding("event_mismatch", 9, "job", "0xb"))
    assert not apart(root, _finding("payment_mismatch", 9, "other job", "0xb"))


def test_where_inputs_are_replayed_state_has_a_part_in_what_they_leave(lake):
    """What a call should have left depends there on what came before; its status does not."""
    apart, root = Apart(lake, KUMA), _finding("event_mismatch", 7, "bond", "0xa")
    assert not apart(root, _finding("missing_event", 9, "bond", "0xb"))
    assert apart(root, _finding("failed_with_logs", 9, "bond", "0xb"))


def test_what_a_pool_says_follows_from_the_same_pool_alone(lake):
    """Room that is missing may follow from the pool's own events; from another pool's nothing does."""
    one, other, *_ = (each.address for each in lake.deployment.contracts if each.role == "uniswap_v3_pool")
    apart = Apart(lake, PROTOCOL)
    for kind in ("event_mismatch", "missing_event", "reading_mismatch"):
        assert apart(_finding("event_mismatch", 7, one), _finding(kind, 9, other))
        assert apart(_finding("payment_mismatch", 7, "job"), _finding(kind, 9, other))
        assert not apart(_finding("event_mismatch", 7, one), _finding(kind, 9, one))


def _roots(lake, mends):
    found = audit(MendedLake(lake, mends), snapshot_every=0)
    return [(each.kind, each.block_number) for each in found.roots if each.severity != NOTICE]


@pytest.mark.slow
def test_a_missing_initialize_is_put_in_and_swallows_nothing_behind_it(bare):
    """Its price is the call's, its tick that of the price; a forged mint of the same pool is a root of its own."""
    founded = bare.scan(INITIALIZE).collect().row(0, named=True)
    mints = bare.scan(MINT).filter(pl.col("address") == founded["address"]).sort("block_number").collect()
    mint = mints.with_columns(pl.col("amount0").cast(pl.Int128)).row(-1, named=True)
    mends = [
        Mend(INITIALIZE, founded["block_number"], founded["log_index"], None),
        Mend(MINT, mint["block_number"], mint["log_index"], {"amount0": mint["amount0"] + 1}),
    ]
    assert _roots(bare, mends) == [
        ("missing_event", founded["block_number"]),
        ("event_mismatch", mint["block_number"]),
    ]


@pytest.mark.slow
def test_a_missing_assent_is_put_in_with_the_owner_before_it(bare, audited_recordings):
    """What the call does not tell the model does; a forged payment behind it does not follow."""
    assent = bare.scan(ASSENT).sort("block_number").collect().row(0, named=True)
    works = audited_recordings(RECORDING).audit.tables["works"]
    sure = works.filter((pl.col("class") == "exact") & (pl.len().over("transaction_to") > 8))
    forged = sure.with_columns(pl.col("payment").cast(pl.Int128)).row(-20, named=True)
    mends = [
        Mend(ASSENT, assent["block_number"], assent["log_index"], None),
        Mend(WORKS, forged["block_number"], forged["log_index"], {"payment": forged["payment"] + 10**12}),
    ]
    assert forged["block_number"] > assent["block_number"]
    assert _roots(bare, mends) == [
        ("missing_event", assent["block_number"]),
        ("payment_mismatch", forged["block_number"]),
    ]
