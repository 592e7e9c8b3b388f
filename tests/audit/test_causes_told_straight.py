"""What several changes cost and come to: a root each, and hardly more replays than roots."""

from __future__ import annotations

import importlib

import polars as pl
import pytest
from audits import audit
from histories import DATA
from told import Told

from keep3r_replay.journal import NOTICE
from keep3r_replay.replay.mended import Mend, MendedLake

WORKS = "events/keep3r.KeeperWork"
audits = importlib.import_module("keep3r_replay.replay.audit")


def _works(clean, *classes):
    """Places of works of some classes, in chain order."""
    works = clean.tables["works"].filter(pl.col("class").is_in(classes))
    return works.select("block_number", "log_index", pl.col("payment").cast(pl.Int128)).rows(named=True)


def _raised(lake, works, raised):
    return MendedLake(
        lake,
        [Mend(WORKS, each["block_number"], each["log_index"], {"payment": raised(each["payment"])}) for each in works],
    )


def _places(found):
    return [(each.block_number, each.log_index) for each in found if each.severity != NOTICE]


@pytest.fixture
def replays(monkeypatch):
    """The replays that audits make: one more for each."""
    made = []
    once = audits.audit_once
    monkeypatch.setattr(audits, "audit_once", lambda *given: made.append(1) or once(*given))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "raised", "most"),
    [
        ("open-v2.2-fuzz-gov-102", lambda payment: payment + 1, 4),
        ("open-v2.0-fuzz-gov-102", lambda payment: payment * 3 // 2, 6),
    ],
    ids=["a wei more where the formula tells the amount", "half as much again where it gives bounds"],
)
def test_three_changes_are_three_roots_and_a_replay_or_two_each(name, raised, most, audited_recordings, replays):
    """Each is found at its log, all else follows; the history is replayed once for each, and hardly ever again."""
    clean = audited_recordings(DATA / name).audit
    works = _works(clean, "exact", "interval")
    chosen = [works[len(works) * fifth // 5] for fifth in (1, 2, 4)]
    replays.clear()
    found = audit(_raised(clean.lake, chosen, raised), snapshot_every=0)
    assert _places(found.roots) == [(each["block_number"], each["log_index"]) for each in chosen]
    assert len(replays) <= most


def _at(row):
    return (pl.col("block_number") == row["block_number"]) & (pl.col("log_index") == row["log_index"])


@pytest.mark.slow
def test_a_forged_payment_does_not_follow_from_a_missing_activation(audited_recordings):
    """No input tells how much was activated; the model does, and with that nothing else is missing: two roots."""
    clean = audited_recordings(DATA / "open-v2.2-fuzz-gov-102").audit
    first = clean.lake.scan("events/keep3r.Activation").sort("block_number", "log_index").collect().row(2, named=True)
    lake = clean.lake
    for name in ("events/keep3r.Activation", "logs"):
        lake = Told(lake, name, lambda frame: frame.filter(~_at(first)))
    lake = Told(lake, "readings", lambda frame: frame.filter(False))
    often = clean.tables["works"].filter(pl.len().over("transaction_to", "selector") > 8)
    behind = often.filter((pl.col("class") == "exact") & (pl.col("block_number") > first["block_number"]))
    work = behind.with_columns(pl.col("payment").cast(pl.Int128)).row(-1, named=True)
    found = audit(_raised(lake, [work], lambda payment: payment + 10**12), snapshot_every=0)
    roots = [(each.kind, each.block_number) for each in found.roots if each.severity != NOTICE]
    assert roots == [("missing_event", first["block_number"]), ("payment_mismatch", work["block_number"])]
