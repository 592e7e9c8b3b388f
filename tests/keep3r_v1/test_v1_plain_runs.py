"""Payments from columns and one by one: the same results, whatever the history holds and wherever it is cut."""

from __future__ import annotations

import re
from contextlib import suppress
from random import Random

import polars as pl
import pytest
from histories import History

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_NAME, selector
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v1.replay import plain_runs
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay import timeline
from keep3r_replay.replay.audit import audit_once
from keep3r_replay.replay.protocol import Options
from tests.keep3r_v1.recorded import BUNDLED, KP3R, recorded, recordings

EVERY = 100
"""Events between two snapshots."""
CHANGES = 12
"""Changes of one history at a time."""


def left_by(lake, *, columns, reading_blocks=frozenset(), until=None):
    """What an audit leaves: summary, findings, tables, and what a later run goes on from."""
    options = Options(reading_blocks=reading_blocks, snapshot_every=EVERY, keeps=True, columns=columns)
    found = audit_once(lake, PROTOCOL, until, None, options)
    tables = {name: (table.schema, table.rows()) for name, table in {**found.tables, **found.kept}.items()}
    return found.summary, found.findings, found.undetermined_readings, tables


@pytest.mark.slow
@pytest.mark.parametrize("recording", recordings(), ids=lambda path: path.name)
def test_columns_change_no_result(recording):
    """An audit has the same tables, findings and snapshots with columns and without; with them, a part uses them."""
    lake = recorded(recording).lake
    assert left_by(lake, columns=True, reading_blocks=None) == left_by(lake, columns=False, reading_blocks=None)


def test_most_payments_are_taken_from_columns_and_not_all(monkeypatch):
    """Both ways are gone in the bundled recording."""
    taken = []
    take = plain_runs.PlainRuns.take
    monkeypatch.setattr(
        plain_runs.PlainRuns, "take", lambda self, context, run: taken.append(run.rows // 3) or take(self, context, run)
    )
    summary, *_ = left_by(recorded(BUNDLED).lake, columns=True)
    assert summary["events"]["mismatched"] == 0
    assert 0 < sum(taken) < sum(summary["works"].values())


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64])
def test_a_slice_may_end_anywhere(rows, monkeypatch):
    """A slice that ends between a transaction and its logs, or before another log of it, changes nothing."""
    lake = recorded(BUNDLED).lake
    last = lake.manifest.coverage.from_block + 150
    expected = left_by(lake, columns=False, until=last)
    monkeypatch.setattr(timeline, "SLICE", rows)
    assert left_by(lake, columns=True, until=last) == expected


@pytest.mark.slow
def test_a_payment_whose_input_governs_is_no_plain_one(tmp_path):
    """A payment's transaction that also sets another helper, through a contract that governs, changes what follows."""
    history = History(BUNDLED)
    history.readings = range(0)
    setter = selector(BY_NAME["setKeep3rHelper"].signature)
    contracts = recorded(BUNDLED).lake.deployment.contracts
    helper = next(each for each in reversed(contracts) if each.role.endswith("helper"))
    works = recorded(BUNDLED).works.filter(pl.col("class") == "work_exact")
    place = works.select("block_number", "transaction_index").row(works.height // 2)
    for transaction in history.transactions:
        if (int(transaction["blockNumber"], 16), int(transaction["transactionIndex"], 16)) == place:
            transaction["input"] += KP3R[2:] + setter + 24 * "0" + helper.address[2:]
    import_recording(history.write(tmp_path / "recording"), tmp_path / "lake", protocol_recorded)
    lake = Lake.open(tmp_path / "lake")
    outcome = left_by(lake, columns=True)
    assert outcome == left_by(lake, columns=False)
    assert outcome[0] != left_by(recorded(BUNDLED).lake, columns=True)[0]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 16))])
def test_columns_change_no_result_of_a_changed_history(seed, tmp_path):
    """Logs and transactions changed, left out, doubled or out of order: the same results, findings included."""
    lake = changed_lake(Random(seed), tmp_path)
    assert left_by(lake, columns=True) == left_by(lake, columns=False)


def changed_lake(random, folder):
    """The bundled recording with several changes, as a lake: the first such history that can be imported."""
    history = History(BUNDLED)
    for attempt in range(20):
        copy = history.copy()
        copy.readings = range(0)
        for _ in range(CHANGES):
            with suppress(IndexError, ValueError):
                random.choice((change_log, change_log, change_transaction))(copy, random)
        lake = imported_copy(copy, folder / str(attempt))
        if lake is not None:
            return lake
    raise AssertionError("no changed history can be imported")


def imported_copy(history, folder):
    """The lake of a changed history; None where the import refuses it."""
    try:
        import_recording(history.write(folder / "recording"), folder / "lake", protocol_recorded)
    except Keep3rReplayError:
        return None
    return Lake.open(folder / "lake")


def change_log(history, random):
    """Change a word of a log's data or topics, leave it out, repeat it, or exchange it with the next one."""
    number = random.randrange(len(history.logs) - 1)
    log, following = history.logs[number : number + 2]
    kind = random.choice(("data", "topic", "drop", "swap", "amounts"))
    if kind == "data":
        log["data"] = other_digit(log["data"], random)
    elif kind == "topic":
        place = random.randrange(1, len(log["topics"]))
        log["topics"][place] = random.choice(history.logs)["topics"][-1]
    elif kind == "drop":
        history.logs.remove(log)
    elif kind == "amounts" and log["data"] == following["data"][: len(log["data"])]:
        log["data"] = other_digit(log["data"], random)
    else:
        for name in ("topics", "data", "address"):
            log[name], following[name] = following[name], log[name]


def other_digit(text, random):
    """A hexadecimal text with one of its last digits changed."""
    place = len(text) - random.randrange(1, 20)
    return text[:place] + random.choice("0123456789abcdef") + text[place + 1 :]


def change_transaction(history, random):
    """Give a transaction another's sender, target, input, gas or status, or leave it out."""
    one, other = random.sample(history.transactions, 2)
    if random.random() < 0.2:
        history.transactions.remove(one)
        return
    name = random.choice([each for each in one if re.fullmatch("from|to|input|gas|gasUsed|status", each)])
    one[name] = other[name]
