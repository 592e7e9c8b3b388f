"""Every kind of log that a history holds, changed on purpose or taken away: one root, at the log, whatever follows."""

from __future__ import annotations

from functools import cache

import pytest
from histories import DATA, History, place, set_word, word

from keep3r_replay.errors import InputError
from keep3r_replay.journal import NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from tests.kuma.recorded import PROTOCOL, engine

CLEAN, MIXED = DATA / "open-kuma-clean-1", DATA / "open-kuma-mixed-301"
CLEAN_1_1 = DATA / "open-kuma11-clean-1"
FIRST = 64
"""Before this block contracts are made and told to each other: what no event predicts."""

CHANGES = [
    # event, number of topics; a missing one shows at its "log", in its "transaction", or at the "next" that needs it
    ("BondIssued", 1, "log"),
    ("BondSold", 2, "log"),
    ("BondBought", 2, "log"),
    ("BondExpired", 1, "log"),
    ("BondClaimed", 1, "log"),
    ("FeeCharged", 1, "log"),
    ("CloneBondIssued", 1, "log"),
    ("CloneBondRedeemed", 1, "log"),
    ("MinCouponUpdated", 1, "log"),
    ("PreviousEpochCumulativeYieldUpdated", 1, "log"),
    ("CumulativeYieldUpdated", 1, "log"),
    ("YieldUpdated", 1, "log"),
    ("Transfer", 3, "log"),
    ("Transfer", 4, "log"),
    ("EpochLengthSet", 1, "transaction"),
    ("FeeSet", 1, "transaction"),
    ("Paused", 1, "transaction"),
    ("FeeReleased", 1, "log"),
    ("PayeeAdded", 2, "transaction"),
    ("AnswerTransmitted", 2, "next"),
    ("Approval", 3, "next"),
    ("ApprovalForAll", 3, "transaction"),
]
"""Every kind of the recordings that the replay predicts."""
NOT_IN_CLEAN = {"BondClaimed", "CloneBondRedeemed", "MinCouponUpdated", "FeeSet", "Paused", "FeeReleased", "Approval"}
"""Kinds that the scripted recordings, the only one of v1.1 in the repository among them, do not hold."""
CASES = [
    pytest.param(recording, *change, id=f"{version}-{change[0]}-{change[1]}")
    for version, recording, is_clean in (("v1", CLEAN, True), ("v1.1", CLEAN_1_1, True), ("mixed", MIXED, False))
    for change in CHANGES
    if (change[0] not in NOT_IN_CLEAN) == is_clean
]


@cache
def topics(name: str) -> frozenset[str]:
    """First topics of an event in all roles and versions."""
    return frozenset(
        "0x" + event.topic0.hex()
        for versions in EVENTS.values()
        for events in versions.values()
        for event in events
        if event.name == name
    )


def numbers(recording, name: str, count: int) -> list[int]:
    """Positions of an event's logs after the beginning."""
    logs = History(recording).logs
    return [
        number
        for number, log in enumerate(logs)
        if log["topics"][0] in topics(name) and len(log["topics"]) == count and place(log)[0] >= FIRST
    ]


def roots(history: History, folder) -> list:
    """What the audit of a changed history finds, without what follows from it; None where the import refuses it."""
    try:
        import_recording(history.write(folder / "recording"), folder / "lake", protocol_recorded)
    except InputError:
        return None
    return [each for each in engine.audit(Lake.open(folder / "lake"), PROTOCOL).roots if each.severity != NOTICE]


def in_the_middle(recording, name: str, count: int) -> int:
    """The position of a log of the event."""
    found = numbers(recording, name, count)
    return found[len(found) // 2]


@pytest.mark.slow
@pytest.mark.parametrize(("recording", "name", "count", "shows"), CASES)
def test_a_missing_log_has_one_root(recording, name, count, shows, tmp_path):
    """A log taken away is found where it stood; a rate or allowance that nobody was told of, where it counts next."""
    history = History(recording)
    block, log_index = place(history.logs.pop(in_the_middle(recording, name, count)))
    (root,) = roots(history, tmp_path)
    if shows == "next":
        assert (root.block_number, root.log_index or 0) > (block, log_index)
    else:
        assert root.block_number == block
        assert root.log_index in ({log_index} if shows == "log" else {log_index, None})


@pytest.mark.slow
@pytest.mark.parametrize(("recording", "name", "count", "shows"), CASES)
def test_every_word_of_a_log_one_off_has_one_root(recording, name, count, shows, tmp_path):
    """Each value of a log, one more than it is, is found at the log, or is no encoding and refused by the import."""
    del shows
    number = in_the_middle(recording, name, count)
    for position in range((len(History(recording).logs[number]["data"]) - 2) // 64):
        history = History(recording)
        log = history.logs[number]
        set_word(log, position, word(log, position) + 1)
        told = roots(history, tmp_path / str(position))
        if told is not None:
            assert [(each.block_number, each.log_index) for each in told] == [place(log)], position


def without_its_logs(label: str, number: int) -> tuple[History, dict]:
    """The mixed history without any log of one successful transaction of a kind, and that transaction."""
    history = History(MIXED)
    found = [
        each
        for each in history.transactions
        if each["label"] == label and each["status"] == "0x1" and int(each["blockNumber"], 16) >= FIRST
    ]
    sent = found[number]
    history.logs = [log for log in history.logs if log["transactionHash"] != sent["hash"]]
    return history, sent


@pytest.mark.slow
@pytest.mark.parametrize("label", ["sellBond", "buyBond", "expireBond", "kibt.transfer", "fc.release"])
def test_a_call_whose_logs_are_all_missing_is_named(label, tmp_path):
    """The input tells the call: the logs that it must have left are named at their transaction, and nothing follows."""
    history, sent = without_its_logs(label, 5)
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    found = engine.audit(Lake.open(tmp_path / "lake"), PROTOCOL).findings
    (finding,) = [each for each in found if each.severity != NOTICE]
    assert (finding.kind, finding.transaction_hash) == ("missing_event", sent["hash"])
    assert {"sellBond": "BondSold", "buyBond": "BondBought"}.get(label, "") in finding.expected


@pytest.mark.slow
def test_what_has_nothing_to_do_with_missing_logs_is_a_root_of_its_own(tmp_path):
    """A fee that is wrong long after a sale without logs does not follow from that."""
    history, sent = without_its_logs("sellBond", 30)
    fee = [log for log in history.logs if log["topics"][0] in topics("FeeCharged")][-5]
    assert place(fee)[0] > int(sent["blockNumber"], 16)
    set_word(fee, 0, word(fee, 0) + 1)
    first, second = roots(history, tmp_path)
    assert (first.kind, first.transaction_hash) == ("missing_event", sent["hash"])
    assert (second.block_number, second.log_index) == place(fee)
