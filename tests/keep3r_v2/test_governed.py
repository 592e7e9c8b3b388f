"""Who governs the escrow, the factory and the pair managers: whoever calls what only governance may call."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA
from lakes import imported
from told import Told

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.audit.governed import governed_findings
from keep3r_replay.replay.timeline import WHOLE, Span

STRANGER = "0x" + "5a" * 20


@pytest.fixture
def lake():
    """The lake of a sidechain, whose escrow's minter is set several times."""
    return Lake.open(imported(DATA / "open-v2.3s-fuzz-mixed-101"))


@pytest.fixture
def settings(lake):
    """Events of new minters, each of a transaction that calls the escrow."""
    found = lake.scan("events/escrow.MinterSet").sort("block_number").collect().to_dicts()
    assert len(found) > 2
    return found


def _asked_by_a_stranger(lake, *events):
    hashes = [each["transaction_hash"] for each in events]
    sender = pl.when(pl.col("hash").is_in(hashes)).then(pl.lit(STRANGER)).otherwise("from").alias("from")
    return Told(lake, "transactions", lambda frame: frame.with_columns(sender))


def _places(lake, span=WHOLE):
    return [(each.block_number, each.log_index) for each in governed_findings(lake, span)]


def test_one_account_governs_each_as_recorded(lake):
    """Nothing contradicts itself in the history as it is."""
    assert _places(lake) == []


def test_a_stranger_among_the_callers_is_told_once(lake, settings):
    """It is found at its own log, and the calls of governance after it are not."""
    _, second, *_ = settings
    lie = _asked_by_a_stranger(lake, second)
    assert _places(lie) == [(second["block_number"], second["log_index"])]
    assert _places(lie, Span(second["block_number"], None)) == []


def test_a_stranger_that_comes_first_is_told_at_the_next(lake, settings):
    """Nothing tells which of two is governance: the one that comes later contradicts the other."""
    first, second, *_ = settings
    assert _places(_asked_by_a_stranger(lake, first)) == [(second["block_number"], second["log_index"])]


def test_after_a_change_only_the_new_governance_may_call(lake, settings):
    """Each call of another account is told, the former governance's too."""
    first, *later = settings
    change = pl.LazyFrame([{**first, "log_index": 99, "governance": STRANGER}], infer_schema_length=None)
    change = change.with_columns(pl.col("block_number", "transaction_index").cast(pl.UInt32))

    class Changed(Told):
        def has(self, table):
            return table == "events/escrow.GovernanceSet" or super().has(table)

        def scan(self, table, columns=None, until_block=None, from_block=None):
            if table == "events/escrow.GovernanceSet":
                return change.select(columns)
            return super().scan(table, columns, until_block, from_block)

    told = _places(Changed(lake, "", None))
    assert told == [(each["block_number"], each["log_index"]) for each in later]
