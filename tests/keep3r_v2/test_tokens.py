"""What arrives of a token is held against what was sent."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from audits import audit, findings_of
from edits import topic
from histories import DATA, History, place, set_word, word
from hypothesis import given
from hypothesis import strategies as st
from lakes import imported

from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.replay.calls.tokens import fee_of
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.mended import Mend, MendedLake

BONDING = "events/keep3r.Bonding"

ARRIVALS = {
    "bonding": topic("Bonding(address keeper, address bonding, uint256 amount)"),
    "token credits": topic("TokenCreditAddition(address job, address token, address provider, uint256 amount)"),
}


@given(st.integers(1, 10**30), st.integers(0, 999_999), st.booleans())
def test_a_fee_in_millionths_is_seen(sent, fee, cuts_fee):
    """Whether the token cuts the fee or what is left, the fee that is found leaves the same amount."""
    arrived = sent - sent * fee // 10**6 if cuts_fee else sent * (10**6 - fee) // 10**6
    found = fee_of(sent, arrived)
    assert found is not None
    assert arrived in {sent - sent * found // 10**6, sent * (10**6 - found) // 10**6}


@given(st.integers(10**12, 10**30), st.integers(0, 999_999), st.integers(2, 1_000))
def test_a_few_wei_off_are_no_fee(sent, fee, off):
    """An amount that is some wei from what a fee leaves is what no fee leaves."""
    assert fee_of(sent, sent - sent * fee // 10**6 - off) is None


@pytest.mark.parametrize("more", [1, 2])
@pytest.mark.parametrize("kind", ARRIVALS)
@pytest.mark.slow
def test_more_than_was_sent_cannot_arrive(kind, more, tmp_path):
    """A wei or two more than was sent is found at the event, without any reading."""
    history = History(DATA / "open-v2.3-fuzz-mixed-101")
    sent = {each["hash"]: int(each["input"][-64:], 16) for each in history.transactions if len(each["input"]) > 74}
    arrived = [log for log in history.logs if log["topics"][0] == ARRIVALS[kind]]
    logs = [log for log in arrived if sent.get(log["transactionHash"]) == word(log, 0) > 0]
    where = place(Random(f"{kind} {more}").choice(logs))
    set_word(history.log(*where), 0, word(history.log(*where), 0) + more)
    history.readings = range(0)
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    first = audit(Lake.open(tmp_path / "lake")).findings[0]
    assert (first.block_number, first.log_index, first.field) == (*where, "amount")


@pytest.mark.slow
def test_nothing_sent_is_nothing_that_arrives():
    """A bond of nothing that says a wei is found at its event; as it stands it is not."""
    lake = Lake.open(imported(DATA / "open-v2.2-fuzz-gov-102"))
    nothing = lake.scan("transactions").filter(
        (pl.col("input").bin.size() == 68) & (pl.col("input").bin.slice(36) == bytes(32))
    )
    bonds = lake.scan(BONDING).join(nothing, left_on="transaction_hash", right_on="hash", how="semi").collect()
    first = bonds.sort("block_number").row(0, named=True)
    place = first["block_number"], first["log_index"]
    assert not first["amount"]
    for amount, found in ((1, [place]), (0, [])):
        told = findings_of(MendedLake(lake, [Mend(BONDING, *place, {"amount": amount})]), first["block_number"])
        places = [(each.block_number, each.log_index) for each in told if each.severity != NOTICE]
        assert [each for each in places if each[1] is not None] == found
