"""Who governs the escrow, the factory and the pair managers: whoever calls what only governance may call."""

from __future__ import annotations

from dataclasses import replace

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


class _GovernedApart(Told):
    """A lake that does not tell who governs Keep3r."""

    def __init__(self, lake) -> None:
        super().__init__(lake, "", None)
        self.deployment = replace(lake.deployment, initial_state={})

    def has(self, table):
        return not table.startswith(("events/keep3r.", "events/keep3r_helper.")) and super().has(table)


def _places(lake, span=WHOLE):
    return [(each.block_number, each.log_index) for each in governed_findings(lake, span, span)]


def test_one_account_governs_each_as_recorded(lake):
    """Nothing contradicts itself in the history as it is."""
    assert _places(lake) == []


def test_a_stranger_among_the_callers_is_told_once(lake, settings):
    """It is found at its own log, and the calls of governance after it are not."""
    _, second, *_ = settings
    lie = _asked_by_a_stranger(lake, second)
    assert _places(lie) == [(second["block_number"], second["log_index"])]
    assert _places(lie, Span(second["block_number"], None)) == []


def test_a_stranger_that_comes_first_is_told_at_its_own_log(lake, settings):
    """Governance of the escrow governs Keep3r too: the first caller lies, and the right ones after it are not told."""
    first, *_ = settings
    found = list(governed_findings(_asked_by_a_stranger(lake, first), WHOLE, WHOLE))
    (told,) = found
    assert (told.block_number, told.log_index) == (first["block_number"], first["log_index"])
    assert told.observed == STRANGER
    assert told.expected in {state["governance"] for state in lake.deployment.initial_state.values()}


def test_of_accounts_that_govern_nothing_else_the_one_that_calls_more_often_is_right(lake, settings):
    """Neither governs Keep3r: the stranger that comes first calls once, the other all other times."""
    first, *_ = settings
    assert _places(_GovernedApart(_asked_by_a_stranger(lake, first))) == [(first["block_number"], first["log_index"])]


def test_where_nothing_tells_which_of_two_is_governance_each_call_is_named(lake, settings):
    """As many calls of one as of the other: neither is accused alone."""
    half = settings[: len(settings) // 2]
    assert len(settings) == 2 * len(half)
    found = list(governed_findings(_GovernedApart(_asked_by_a_stranger(lake, *half)), WHOLE, WHOLE))
    assert [each.block_number for each in found] == [each["block_number"] for each in settings]
    assert {each.observed for each in found} == {each.expected for each in found}
    assert all("nothing tells which" in each.reason for each in found)


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
