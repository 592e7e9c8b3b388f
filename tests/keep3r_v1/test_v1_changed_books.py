"""A book of credits adds up whatever the history says: a change of it is a finding, and no failure of the ledger."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from histories import History, set_word, word

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, ROOT
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit_once
from keep3r_replay.replay.protocol import Options
from tests.keep3r_v1.recorded import BUNDLED, KP3R
from tests.keep3r_v1.test_v1_log_only import less
from tests.keep3r_v1.test_v1_plain_runs import changed_lake, imported_copy

TOPICS = {event.name: "0x" + event.topic0.hex() for event in EVENTS[ROOT][""]}


def logs_of(history, event):
    """The contract's logs of an event."""
    return [log for log in history.logs if log["topics"][0] == TOPICS[event] and log["address"].lower() == KP3R]


def other_order(history, event):
    """The log changes its place with the one before it."""
    log = logs_of(history, event)[len(logs_of(history, event)) // 2]
    before = history.logs[history.logs.index(log) - 1]
    for name in ("topics", "data", "address"):
        log[name], before[name] = before[name], log[name]


def absent(history, event):
    """The log is left out."""
    history.logs.remove(logs_of(history, event)[-1])


def other_word(place, topic=None):
    """A word of the log is one more; or a topic is that of another account."""

    def change(history, event):
        log = logs_of(history, event)[0]
        if topic is None:
            set_word(log, place, word(log, place) + 1)
        else:
            log["topics"][topic] = "0x" + 24 * "0" + 40 * "5"

    return change


def twice(history, event):
    """The log of another one of its kind stands in its place, with its own amounts."""
    first, *_, last = logs_of(history, event)
    last["topics"], last["data"] = [*first["topics"]], first["data"]


CHANGES = {
    "order": other_order,
    "absent": absent,
    "twice": twice,
    "first topic": other_word(0, topic=1),
    "second topic": other_word(0, topic=2),
    "first word": other_word(0),
    "second word": other_word(1),
}


def adds_up(lake):
    """The audit with its book: what is left of each job's credits is the sum of its changes."""
    found = audit_once(lake, PROTOCOL, None, None, Options(reading_blocks=frozenset(), ledger=True))
    sums = found.tables["ledger"].group_by("job", "token").agg(pl.col("amount").cast(pl.Int128).sum().alias("sum"))
    totals = found.tables["ledger_totals"].join(sums, on=["job", "token"], how="full")
    assert totals.filter(pl.col("sum").ne_missing(pl.col("credits").cast(pl.Int128))).is_empty()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("event", ["AddCredit", "ApplyCredit", "UnbondJob", "KeeperWorked"])
def test_a_book_adds_up_where_a_log_of_credits_was_changed(event, change, tmp_path):
    """With inputs and by logs alone: a log of credits that differs, is missing, or tells of another job or token."""
    history = History(BUNDLED)
    CHANGES[change](history, event)
    lake = imported_copy(history, tmp_path)
    assert lake is not None
    assert adds_up(lake).findings
    adds_up(less(lake, "logs"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_book_adds_up_whatever_was_changed(seed, tmp_path):
    """Logs and transactions changed, left out, doubled or out of order."""
    lake = changed_lake(Random(100 + seed), tmp_path)
    adds_up(lake)
    adds_up(less(Lake.open(lake.path), "logs"))
