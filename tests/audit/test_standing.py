"""What nothing mends swallows no later change, where readings in between say that the state is right."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest
from audits import audit
from histories import DATA
from lakes import imported
from told import Told

from keep3r_replay.journal import ERROR, NOTICE, Finding
from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.mended import Mend, MendedLake
from keep3r_replay.replay.standing import stands_alone

RECORDING = DATA / "open-v2.2-fuzz-gov-102"
WORKS, REWARDS = "events/keep3r.KeeperWork", "events/keep3r.LiquidityCreditsReward"
STRANGER = "0x" + "5a" * 20


@pytest.fixture
def lake():
    """The lake of a recording, which is clean."""
    return Lake.open(imported(RECORDING))


@pytest.fixture
def root(lake):
    """A finding at an event, two blocks before one whose end was read."""
    read = lake.scan("readings", columns=["block_number"]).unique().sort("block_number").collect()["block_number"]
    block = next(now for before, now in pairwise(read) if now > before + 3) - 2
    return Finding("impossible_call", ERROR, block, 3, "", "", "revert", "none", "Reverted", None, "")


def _later(root, blocks, **fields):
    return replace(root, block_number=root.block_number + blocks, **fields)


def test_what_is_found_after_an_agreeing_reading_does_not_follow(lake, root):
    """Readings between the two say that the first left the state right."""
    assert stands_alone(lake, root, [root, _later(root, 3)])


def test_what_is_found_before_the_next_reading_may_follow(lake, root):
    """Nothing tells the state between the two."""
    assert not stands_alone(lake, root, [root, _later(root, 1)])
    assert not stands_alone(lake, root, [root, _later(root, 2)])


def test_what_is_found_after_a_reading_that_differs_follows(lake, root):
    """The first left the state wrong."""
    reading = _later(root, 2, kind="reading_mismatch", log_index=None)
    assert not stands_alone(lake, root, [root, reading, _later(root, 3)])
    assert not stands_alone(lake, replace(root, kind="input_mismatch"), [root, reading, _later(root, 3)])


def test_what_is_found_without_readings_follows_but_from_a_call(lake, root):
    """State goes by events: what a transaction called is another matter, what its block's header says a third."""
    bare = Told(lake, "readings", lambda frame: frame.filter(False))
    assert not stands_alone(bare, root, [root, _later(root, 3)])
    assert stands_alone(bare, replace(root, kind="unauthorised_call"), [root, _later(root, 3)])
    assert stands_alone(bare, replace(root, kind="gas_sum"), [root, _later(root, 3)])


def test_another_state_of_a_subject_is_a_guess_from_there_on(lake, root):
    """The model took over the nearest state that fits, which no reading proves."""
    assert not stands_alone(lake, replace(root, kind="state_mismatch"), [root, _later(root, 3)])


@pytest.mark.slow
def test_a_forged_payment_does_not_follow_from_another_token_behind_a_reward(audited_recordings):
    """The reward is what seems wrong; the work behind it, paid in its own token again, explains it: two roots."""
    clean = audited_recordings(RECORDING).audit
    lake = clean.lake
    rewards = lake.scan(REWARDS, columns=["block_number", "log_index"]).with_columns(pl.col("log_index") + 1)
    behind = lake.scan(WORKS).join(rewards, on=["block_number", "log_index"]).sort("block_number").collect()
    paid = behind.row(behind.height // 4, named=True)
    works = clean.tables["works"].filter((pl.col("class") == "exact") & (pl.len().over("transaction_to") > 8))
    forged = works.with_columns(pl.col("payment").cast(pl.Int128)).row(-20, named=True)
    assert forged["block_number"] > paid["block_number"] + 20
    mends = [
        Mend(WORKS, paid["block_number"], paid["log_index"], {"credit": STRANGER}),
        Mend(WORKS, forged["block_number"], forged["log_index"], {"payment": forged["payment"] + 10**12}),
    ]
    found = [each for each in audit(MendedLake(lake, mends), snapshot_every=0).roots if each.severity != NOTICE]
    assert [(each.kind, each.block_number) for each in found] == [
        ("unexpected_reward", paid["block_number"]),
        ("payment_mismatch", forged["block_number"]),
    ]
