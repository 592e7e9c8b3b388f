"""Changes made on purpose: each is found, with one root among what model and chain disagree about."""

from __future__ import annotations

import polars as pl
import pytest
from histories import History, place, set_word, word

from keep3r_replay.journal import ERROR, NOTICE
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract import jobs, keepers
from keep3r_replay.protocols.keep3r_v1.contract.functions import selector
from keep3r_replay.protocols.keep3r_v1.events import EVENTS
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from keep3r_replay.replay.retold import key_of
from tests.keep3r_v1.recorded import BUNDLED, KP3R, audited_copy, recorded, replayed
from tests.keep3r_v1.test_v1_log_only import less

pytestmark = pytest.mark.slow

TOPICS = {
    (role, event.name): "0x" + event.topic0.hex() for role, versions in EVENTS.items() for event in versions.get("", ())
}


@pytest.fixture
def history() -> History:
    """The bundled recording, to be changed; readings of every fifth block are enough."""
    made = History(BUNDLED)
    made.readings = range(0, 2**32, 5)
    return made


def errors(audited):
    """Findings of a disagreement that follow from no other."""
    return [finding for finding in audited.roots if finding.severity == ERROR]


def exact_work(found, *, after: int = 0) -> tuple[int, int]:
    """The place of a work that is right to the wei."""
    works = found.works.filter((pl.col("class") == "work_exact") & (pl.col("block_number") > after))
    return works["block_number"][0], works["log_index"][0]


def test_a_payment_one_wei_off_is_no_image(history, tmp_path):
    """It becomes the job's own amount, or an excess; the log is told to be beside a limit, and readings agree."""
    target = exact_work(recorded(BUNDLED))
    for log in history.logs:
        if place(log) == target:
            set_word(log, 1, word(log, 1) + 1)
        elif place(log) == (target[0], target[1] - 1):
            set_word(log, 0, word(log, 0) + 1)
    audited = audited_copy(history, tmp_path)
    row = audited.tables["works"].filter((pl.col("block_number") == target[0]) & (pl.col("log_index") == target[1]))
    assert row["class"].item() in {"work_own", "work_excess"}
    assert len(errors(audited)) == 1
    assert audited.summary["readings"]["mismatched"] > 0
    beside = {(each.block_number, each.log_index): each for each in audited.findings if each.kind == "beside_limit"}
    assert (beside[target].difference, beside[target].severity) == (1, NOTICE)


def test_a_false_transfer_that_differs_from_its_payment_is_the_root(history, tmp_path):
    """A Transfer of another amount than the KeeperWorked after it is the one event that is wrong."""
    target = exact_work(recorded(BUNDLED))
    log = next(log for log in history.logs if place(log) == (target[0], target[1] - 1))
    set_word(log, 0, word(log, 0) + 1)
    found = errors(audited_copy(history, tmp_path))
    assert [(each.kind, each.block_number, each.log_index) for each in found] == [
        ("event_mismatch", target[0], target[1] - 1)
    ]


@pytest.mark.parametrize("kind", ["work_exact", "receipt_measured"])
def test_a_missing_payment_is_named(history, tmp_path, kind):
    """The Transfer of a payment without its KeeperWorked tells who paid: one finding, and no reading differs."""
    works = recorded(BUNDLED).works.filter((pl.col("class") == kind) & (pl.col("block_number") > 200))
    target = works["block_number"][0], works["log_index"][0]
    history.logs.remove(next(log for log in history.logs if place(log) == target))
    found = [finding for finding in audited_copy(history, tmp_path).findings if finding.severity == ERROR]
    assert [(each.kind, each.block_number, each.field) for each in found] == [
        ("missing_event", target[0], "KeeperWorked")
    ]


@pytest.mark.parametrize("event", [("uniswap_v2_pair", "Sync"), ("chainlink_aggregator", "AnswerUpdated")])
def test_a_missing_price_is_found(history, tmp_path, event):
    """Without a Sync, or an answer of the feed, readings after it differ, from one root."""
    start = len(history.logs) // 2
    history.logs.remove(next(log for log in history.logs[start:] if log["topics"][0] == TOPICS[event]))
    audited = audited_copy(history, tmp_path)
    assert len(errors(audited)) == 1
    assert errors(audited)[0].kind == "reading_mismatch"


def test_a_missing_update_of_the_oracle_is_found(history, tmp_path):
    """Where an updatePair, which leaves no log, has lost its input, the oracle's observations differ, from one root."""
    sign = "0x" + selector("updatePair(address)")
    start = len(history.transactions) // 2
    logged = {log["transactionHash"] for log in history.logs}
    lost = next(
        each
        for each in history.transactions[start:]
        if each["input"].startswith(sign) and each["status"] == "0x1" and each["hash"] not in logged
    )
    lost["input"] = "0x"
    audited = audited_copy(history, tmp_path)
    assert len(errors(audited)) == 1
    assert errors(audited)[0].kind == "reading_mismatch"


def test_a_missing_change_of_the_helper_is_inferred(history, tmp_path):
    """Where setKeep3rHelper has lost its input, the payments name the helper: none is accused, one finding says so."""
    sign = "0x" + selector("setKeep3rHelper(address)")
    next(each for each in history.transactions if each["input"].startswith(sign))["input"] = "0x"
    audited = audited_copy(history, tmp_path)
    assert audited.summary["findings"]["helper_without_input"] == 1
    assert audited.summary["works"] == recorded(BUNDLED).audit.summary["works"]
    assert [each.field for each in errors(audited)] == ["KPRH()"]


def test_another_bond_is_found(history, tmp_path):
    """A bond of another amount than the transaction asked for is the one event that is wrong."""
    log = next(
        log
        for log in history.logs
        if log["topics"][0] == TOPICS["keep3r_v1", "KeeperBonding"] and log["address"] == KP3R
    )
    set_word(log, 2, word(log, 2) + 10**18)
    found = errors(audited_copy(history, tmp_path))
    assert [(each.kind, each.block_number, each.log_index) for each in found] == [("event_mismatch", *place(log))]


def test_a_false_transfer_taken_for_a_real_one_shows_in_balances(monkeypatch):
    """A model in which a payment's Transfer moves KP3R disagrees with the balances that were read."""

    def moving(kp3r, job, keeper, amount, limit=None, *, true=jobs.work_receipt):
        true(kp3r, job, keeper, amount, limit)
        kp3r.accounts[job].balance -= amount
        kp3r.accounts[keeper].balance += amount

    monkeypatch.setattr(jobs, "work_receipt", moving)
    findings = audit(recorded(BUNDLED).lake, PROTOCOL).findings
    assert any(each.field.startswith("balanceOf") for each in findings if each.kind == "reading_mismatch")


SINGLE = {
    ("KeeperUnbound", 2): 1,
    ("KeeperSlashed", 1): 1,
    ("KeeperBonded", 2): 10**18,
    ("UnbondJob", 1): -1,
    ("ApplyCredit", 1): 1,
    ("SubmitJob", 1): 1,
    ("AddCredit", 1): 1,
    ("DelegateVotesChanged", 1): 1,
}
"""Words of events' data, and by how much each is changed."""


@pytest.mark.slow
@pytest.mark.parametrize(("event", "position"), SINGLE, ids=str)
def test_a_single_changed_word_is_found_at_its_log(history, tmp_path, event, position):
    """An event that says something else than the call made of it is the one root, at its own place."""
    mine = [log for log in history.logs if log["topics"][0] == TOPICS["keep3r_v1", event] and log["address"] == KP3R]
    log = next(log for log in mine[len(mine) // 2 :] if word(log, position) > 1)
    set_word(log, position, word(log, position) + SINGLE[event, position])
    found = errors(audited_copy(history, tmp_path))
    assert [(each.block_number, each.log_index) for each in found] == [place(log)]


def test_a_model_that_breaks_a_sum_is_told_at_the_event(monkeypatch):
    """A model that forgets to count a bond among all bonds breaks an invariant at each activation that it makes."""
    true = keepers.bond_in

    def forgetful(kp3r, token, account, amount):
        former = kp3r.total_bonded
        true(kp3r, token, account, amount)
        kp3r.total_bonded = former

    monkeypatch.setattr(keepers, "bond_in", forgetful)
    replay, journal = replayed(recorded(BUNDLED).lake)
    broken = [each for each in journal.findings if each.kind == "broken_invariant"]
    assert broken
    assert {each.field for each in broken} == {"totalBonded"}
    assert all(each.log_index is not None for each in broken)
    assert replay.context.payments


def test_a_token_that_takes_some_back_is_told(history, tmp_path):
    """A transfer of a token out of the contract that no call made leaves less than jobs have credits of."""
    token = recorded(BUNDLED).meta["tokens"]["plain"].lower()
    moved = [log for log in history.logs if log["address"] == token and log["topics"][0] == TOPICS["token", "Transfer"]]
    log = next(log for log in moved if KP3R[2:] not in str(log["topics"]))
    log["topics"][1] = "0x" + KP3R[2:].rjust(64, "0")
    set_word(log, 0, 10**24)
    audited = audited_copy(history, tmp_path)
    (found,) = [each for each in audited.findings if each.kind == "token_shortfall"]
    assert (found.subject, found.severity) == (token, "warning")
    assert int(found.observed) < int(found.expected)
    assert "token_shortfall" not in recorded(BUNDLED).audit.summary["findings"]


@pytest.mark.parametrize("what", ["all", "logs"])
@pytest.mark.parametrize(("back", "position"), [(0, 1), (1, 0)], ids=["KeeperWorked", "Transfer"])
@pytest.mark.parametrize("more", [1, 10**15])
def test_the_log_that_was_changed_is_the_root_of_a_work(history, tmp_path, what, back, position, more):
    """Of a payment's two logs the one that was changed is accused, and no notice stands as a root that was none."""
    block, index = exact_work(recorded(BUNDLED), after=500)
    log = next(log for log in history.logs if place(log) == (block, index - back))
    set_word(log, position, word(log, position) + more)
    if what == "all":
        audited, right = audited_copy(history, tmp_path), recorded(BUNDLED).audit
        assert not [each for each in audited.findings if each.cause is not None]
    else:
        audited_copy(history, tmp_path)
        audited = audit(less(Lake.open(tmp_path / "lake"), what), PROTOCOL)
        right = audit(less(recorded(BUNDLED).lake, what), PROTOCOL)
    (found,) = errors(audited)
    assert (found.block_number, found.log_index, found.difference) == (block, index - back, more)
    beside = [each for each in audited.roots if each.severity != ERROR]
    assert {(*key_of(each), each.observed) for each in beside} <= {
        (*key_of(each), each.observed) for each in right.findings
    }


def test_readings_tell_which_log_of_an_own_amount_was_changed(history, tmp_path):
    """Where no limit tells which of a payment's logs is right, the state that was read after it does."""
    works = recorded(BUNDLED).works.filter((pl.col("class") == "work_own") & (pl.col("block_number") > 300))
    target = works["block_number"][0], works["log_index"][0]
    log = next(log for log in history.logs if place(log) == target)
    set_word(log, 1, word(log, 1) + 10**14)
    (found,) = errors(audited_copy(history, tmp_path))
    assert (found.block_number, found.log_index, found.difference) == (*target, 10**14)


def test_by_logs_alone_the_log_of_a_credit_that_was_changed_is_the_root(history, tmp_path):
    """An AddCredit whose Transfers, two logs before it, say another amount is accused, and they are not."""
    (log, *_) = [
        each
        for each in history.logs
        if each["topics"][0] == TOPICS["keep3r_v1", "AddCredit"] and each["topics"][1][-40:] == KP3R[2:]
    ][3:]
    set_word(log, 1, word(log, 1) + 1)
    audited_copy(history, tmp_path)
    (found,) = errors(audit(less(Lake.open(tmp_path / "lake"), "logs"), PROTOCOL))
    assert ((found.block_number, found.log_index), found.difference) == (place(log), 1)
