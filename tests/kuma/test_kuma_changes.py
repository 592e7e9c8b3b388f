"""Changes on purpose: each is found at its log, and once."""

from __future__ import annotations

import pytest
from histories import DATA, History, place, set_word, word

from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from tests.kuma.recorded import PROTOCOL, engine

pytestmark = pytest.mark.slow

CLEAN = DATA / "open-kuma-clean-1"
CLEAN_1_1 = DATA / "open-kuma11-clean-1"
MIXED = DATA / "open-kuma-mixed-301"


def topics(name: str) -> set[str]:
    """First topics of an event in all roles and versions."""
    return {
        "0x" + event.topic0.hex()
        for versions in EVENTS.values()
        for events in versions.values()
        for event in events
        if event.name == name
    }


def nth(history: History, name: str, number: int) -> dict:
    """The n-th log of an event."""
    return [log for log in history.logs if log["topics"][0] in topics(name)][number]


def disagreements(history: History, folder) -> list:
    """Findings of a history's audit that are no notices."""
    import_recording(history.write(folder / "recording"), folder / "lake", protocol_recorded)
    found = engine.audit(Lake.open(folder / "lake"), PROTOCOL).findings
    return [each for each in found if each.severity != NOTICE]


@pytest.mark.parametrize("recording", [CLEAN, CLEAN_1_1], ids=["v1", "v1.1"])
@pytest.mark.parametrize(
    ("event", "number", "position", "field"),
    [
        ("BondBought", 5, 1, "paid"),
        ("BondSold", 7, 1, "kib_token_minted"),
        ("FeeCharged", 7, 0, "fee"),
        ("CumulativeYieldUpdated", 20, 1, "new_cumulative_yield"),
        ("PreviousEpochCumulativeYieldUpdated", 20, 1, "new_cumulative_yield"),
        ("CloneBondIssued", 1, 4, "principal"),
        ("YieldUpdated", 5, 1, "new_yield"),
    ],
)
def test_one_wei_is_found_at_its_log(recording, event, number, position, field, tmp_path):
    """A log that is one wei off gives one finding, at its place, of one."""
    history = History(recording)
    log = nth(history, event, number)
    set_word(log, position, word(log, position) + 1)
    (finding,) = disagreements(history, tmp_path)
    assert (finding.block_number, finding.log_index) == place(log)
    assert (finding.kind, finding.field, finding.difference) == ("event_mismatch", field, 1)


@pytest.mark.parametrize(
    ("event", "number"),
    [
        ("CumulativeYieldUpdated", 20),
        ("PreviousEpochCumulativeYieldUpdated", 20),
        ("BondExpired", 3),
        ("BondBought", 5),
    ],
)
def test_a_missing_log_is_found_at_its_place(event, number, tmp_path):
    """A log that is not there is found where it should stand."""
    history = History(CLEAN)
    log = nth(history, event, number)
    history.logs.remove(log)
    (finding,) = disagreements(history, tmp_path)
    assert (finding.block_number, finding.log_index) == place(log)
    assert (finding.kind, finding.field) == ("missing_event", event)


def test_a_missing_answer_is_found_at_the_next_refresh(tmp_path):
    """A rate that nobody was told of shows in the next yield, and the transaction that changed it is named there."""
    history = History(MIXED)
    log = nth(history, "AnswerTransmitted", 15)
    history.logs.remove(log)
    (finding,) = disagreements(history, tmp_path)
    later = [each for each in history.logs if each["topics"][0] in topics("YieldUpdated") and place(each) > place(log)]
    assert (finding.block_number, finding.log_index) == place(later[0])
    assert log["transactionHash"] in finding.reason


def test_an_expiry_moved_across_its_deadline_is_found(tmp_path):
    """An expiry that is told to have come later than it did disagrees with the yield from its own block on."""
    history = History(CLEAN)
    moved = nth(history, "BondExpired", 1)
    transaction, before = moved["transactionHash"], int(moved["blockNumber"], 16)
    target = next(block for block in history.blocks if int(block["number"], 16) > before)
    taken = [log for log in history.logs if log["blockNumber"] == target["number"]]
    source = next(block for block in history.blocks if block["number"] == moved["blockNumber"])
    index = hex(sum(each["blockNumber"] == target["number"] for each in history.transactions))
    sent = next(each for each in history.transactions if each["hash"] == transaction)
    # The teller of this is careful: gas adds up in both blocks, and no index is missing.
    for block, sign in ((source, -1), (target, 1)):
        block["gasUsed"] = hex(int(block["gasUsed"], 16) + sign * int(sent["gasUsed"], 16))
    for record in (*history.transactions, *history.logs):
        later = int(record["transactionIndex"], 16) > int(sent["transactionIndex"], 16)
        if record["blockNumber"] == source["number"] and later:
            record["transactionIndex"] = hex(int(record["transactionIndex"], 16) - 1)
    for offset, log in enumerate(log for log in history.logs if log["transactionHash"] == transaction):
        log |= {"blockNumber": target["number"], "blockHash": target["hash"]}
        log |= {"transactionIndex": index, "logIndex": hex(len(taken) + offset)}
    sent |= {"blockNumber": target["number"], "transactionIndex": index}
    history.logs.sort(key=place)
    history.transactions.sort(key=lambda each: (int(each["blockNumber"], 16), int(each["transactionIndex"], 16)))
    found = disagreements(history, tmp_path)
    assert found
    assert min(finding.block_number for finding in found) >= before
