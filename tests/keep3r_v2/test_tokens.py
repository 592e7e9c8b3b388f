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
from told import Told

from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.audit.arrivals import arrival_findings, fee_of
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Arrival
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.mended import Mend, MendedLake
from keep3r_replay.replay.timeline import WHOLE, Span

BONDING, CREDITS = "events/keep3r.Bonding", "events/keep3r.TokenCreditAddition"

TOKEN = "0x" + "5a" * 20
SENT = 10**18

ARRIVALS = {
    "bonding": topic("Bonding(address keeper, address bonding, uint256 amount)"),
    "token credits": topic("TokenCreditAddition(address job, address token, address provider, uint256 amount)"),
}


def _arrival(sent, arrived, block=7, token=TOKEN):
    return Arrival(block, 0, "sender", token, str(sent), arrived)


@given(st.integers(1, 10**30), st.integers(0, 999_999), st.booleans())
def test_a_fee_in_millionths_is_seen(sent, fee, cuts_fee):
    """Whether the token cuts the fee or what is left, the fee that is found leaves the same amount."""
    arrived = sent - sent * fee // 10**6 if cuts_fee else sent * (10**6 - fee) // 10**6
    found = fee_of(_arrival(sent, arrived))
    assert found is not None
    assert arrived in {sent - sent * found // 10**6, sent * (10**6 - found) // 10**6}


@given(st.integers(10**12, 10**30), st.integers(0, 999_999), st.integers(2, 1_000))
def test_a_few_wei_off_are_no_fee(sent, fee, off):
    """An amount that is some wei from what a fee leaves is what no fee leaves."""
    assert fee_of(_arrival(sent, sent - sent * fee // 10**6 - off)) is None


def _told(arrived, span=WHOLE, whole=None):
    """Blocks of findings where these wei arrive of SENT, in blocks 0, 1, 2..., in a span of a history of `whole`."""
    tables = [
        pl.DataFrame([_arrival(SENT, each, block) for block, each in enumerate(wei)], infer_schema_length=None)
        for wei in (arrived, whole or arrived)
    ]
    found = arrival_findings(tables[0], span, None if whole is None else lambda: tables[1])
    return [(each.block_number, each.expected, each.difference) for each in found]


def test_a_wei_less_is_found_whichever_arrival_it_is():
    """The first one too: what came later shows how the token arrives, whole or less a fee."""
    for fee in (0, SENT // 100):
        for odd in range(4):
            arrived = [SENT - fee] * 4
            arrived[odd] -= 1
            assert _told(arrived) == [(odd, str(SENT - fee), -1)]


def test_a_token_that_arrived_too_seldom_or_too_oddly_accuses_nobody():
    """Three regular arrivals are asked for each that is odd: a token may round as it likes."""
    assert _told([SENT - 1, SENT, SENT]) == []
    assert _told([SENT - 1, SENT, SENT - 1, SENT, SENT, SENT]) == []
    assert len(_told([SENT - 1, SENT, SENT - 1, *[SENT] * 5])) == 2
    assert _told([SENT - 1] * 9) == []


def test_what_lies_beyond_the_span_is_evidence_and_no_finding():
    """A replay up to a block finds what a replay of all finds up to it."""
    whole = [SENT - 1, *[SENT] * 6, SENT - 2]
    assert _told(whole) == [(0, str(SENT), -1), (7, str(SENT), -2)]
    assert _told(whole[:2], Span(None, 1), whole) == [(0, str(SENT), -1)]
    assert _told(whole, Span(3, None), whole) == [(7, str(SENT), -2)]


@pytest.mark.slow
def test_a_wei_less_of_a_tokens_first_arrival_is_found_without_a_reading():
    """At its event, as the only root; and so by a replay that ends right behind it."""
    lake = Lake.open(imported(DATA / "open-v2.3-fuzz-mixed-101"))
    bare = Told(lake, "readings", lambda frame: frame.filter(False))
    added = bare.scan(CREDITS).filter(~pl.col("token").is_in(list(lake.deployment.tokens.values())))
    direct = bare.scan("transactions").filter(pl.col("to") == _keep3r(lake)).select("hash")
    sent = added.join(direct, left_on="transaction_hash", right_on="hash", how="semi").sort("block_number")
    first = sent.with_columns(pl.col("amount").cast(pl.Int128)).collect().row(0, named=True)
    place = first["block_number"], first["log_index"]
    changed = MendedLake(bare, [Mend(CREDITS, *place, {"amount": first["amount"] - 1})])
    for until in (None, place[0]):
        roots = [each for each in audit(changed, until_block=until).roots if each.severity != NOTICE]
        assert [(each.block_number, each.log_index) for each in roots] == [place]
        assert [each.expected for each in roots] == [str(first["amount"])]


def _keep3r(lake):
    return next(each.address for each in lake.deployment.contracts if each.role == "keep3r")


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
