"""Whole recordings of the real Keep3r V1: every log, reading, refusal and payment as the model says."""

from __future__ import annotations

import polars as pl
import pytest
from histories import name_of

from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v1.replay import transactions
from keep3r_replay.replay.audit import audit_once
from keep3r_replay.replay.protocol import Options
from tests.keep3r_v1.expected import CLASSES, COLUMNS, COUNTS, OTHER_RESERVES, REPEATED, WITHOUT_VALIDATION
from tests.keep3r_v1.recorded import KP3R, recorded, recordings

EVERY = pytest.mark.parametrize("folder", recordings(), ids=name_of)
KNOWN = pytest.mark.parametrize("folder", [path for path in recordings() if path.name in CLASSES], ids=name_of)
AGREEMENT = {"reading_mismatch", "event_mismatch", "missing_event", "unexpected_event", "impossible_call"}
"""Kinds of findings that say that model and chain disagree."""


@EVERY
def test_every_log_and_reading_is_as_the_model_says(folder):
    """Nothing that the contract logged or answered differs, but the gas of the last validation, which no log tells."""
    summary = recorded(folder).audit.summary
    assert summary["events"]["matched"] == summary["events"]["predicted"] > 0
    assert summary["events"]["mismatched"] == 0
    assert summary["readings"]["mismatched"] == 0
    assert summary["readings"]["matched"] > 0
    assert {view for view, _ in recorded(folder).audit.undetermined_readings} == {"_gasUsed"}
    assert not AGREEMENT & set(summary["findings"])
    assert not {"unexplained_failure", "broken_invariant", "helper_without_input"} & set(summary["findings"])


@EVERY
def test_every_refusal_of_a_direct_call_has_its_reason(folder):
    """The model gives the reason with which each direct call failed, and no call more or less."""
    found = recorded(folder)
    refused = {
        (int(each["blockNumber"], 16), int(each["transactionIndex"], 16)): _reason(each["revertName"])
        for each in found.transactions
        if each["status"] == "0x0" and each["to"] == KP3R
    }
    failed = found.audit.tables["failed_calls"]
    told = {(block, index): reason for block, index, *_, reason in failed.iter_rows()}
    assert told == refused
    assert refused


def _reason(name: str) -> str:
    return name.removeprefix("Error(").removesuffix(")") if name.startswith("Error(") else name


@EVERY
def test_the_gas_of_every_worked_is_the_gas_that_the_contract_measured(folder):
    """Each payment by `worked` is inverted to the gas in its call trace."""
    found = recorded(folder)
    checked = 0
    for (block, index), rows in _by_transaction(found.works).items():
        calls = found.traces[block, index]
        assert len(calls) == len(rows)
        for row, call in zip(rows, calls, strict=True):
            if call.function == "worked":
                assert (row["gas"], row["limit"]) == (call.gas, call.limit)
                assert row["limit"] == row["payment"]
                checked += 1
    assert checked > 100


def _by_transaction(works: pl.DataFrame) -> dict[tuple[int, int], list[dict]]:
    rows: dict[tuple[int, int], list[dict]] = {}
    for row in works.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).iter_rows(named=True):
        rows.setdefault((row["block_number"], row["transaction_index"]), []).append(row)
    return rows


@EVERY
def test_no_validated_work_is_accused(folder):
    """No work with a validation in its own transaction is stale, excess or impossible."""
    found = recorded(folder)
    for place, rows in _by_transaction(found.works).items():
        for row, call in zip(rows, found.traces[place], strict=True):
            if call.function in {"worked", "workReceipt"} and call.validated:
                assert row["class"] in {"work_exact", "work_deep", "work_own"}


@EVERY
def test_the_helper_by_input_is_the_true_one(folder):
    """Every payment in KP3R is held against the helper that was in force."""
    found = recorded(folder)
    for row in found.works.filter(pl.col("helper").is_not_null()).iter_rows(named=True):
        assert row["helper"] == found.helper_at(row["block_number"], row["transaction_index"])


@KNOWN
def test_payments_fall_into_the_expected_classes(folder):
    """Payments by class are those that were counted beforehand, and none is impossible."""
    works = recorded(folder).audit.summary["works"]
    assert tuple(works[name] for name in COLUMNS) == CLASSES[folder.name]
    assert works["impossible"] == 0


@KNOWN
def test_works_without_a_validation_are_caught_as_far_as_logs_tell(folder):
    """As many works without a validation of their own are deep, stale or excess as were counted beforehand."""
    found = recorded(folder)
    classes = [
        row["class"]
        for place, rows in _by_transaction(found.works).items()
        for row, call in zip(rows, found.traces[place], strict=True)
        if call.function in {"worked", "workReceipt"} and not call.validated
    ]
    caught = [name for name in classes if name in {"work_deep", "work_stale", "work_excess"}]
    assert (len(classes), len(caught)) == WITHOUT_VALIDATION[folder.name]


@KNOWN
def test_credits_by_moved_reserves_are_found(folder):
    """Credits and unbondings by other reserves than the previous block's are the known ones, each after a swap."""
    tables = recorded(folder).audit.tables
    for name, expected in zip(
        ("credit_applications", "liquidity_unbondings"), OTHER_RESERVES[folder.name], strict=True
    ):
        moved = tables[name].filter(pl.col("deviation") != 0)
        assert [
            (row["block_number"], str(row["deviation_per_mille"])) for row in moved.iter_rows(named=True)
        ] == expected
        assert moved["swapped_before"].all()
        assert not moved["swapped_after"].any()
        assert (moved["class"] == "moved").all()


@KNOWN
def test_counts_are_those_of_the_recording(folder):
    """Payments without standing, other origins, credits, unbondings, stale readings and helper switches are counted."""
    found = recorded(folder)
    in_kp3r = found.works.filter(pl.col("credit") == KP3R)
    stale = found.lake.scan("readings").filter(
        (pl.col("view") == "consult") & pl.col("arguments").str.ends_with(KP3R) & pl.col("revert").is_not_null()
    )
    applied = found.audit.tables["credit_applications"]
    counts = (
        in_kp3r.filter(pl.col("keeper_state").str.contains("disputed")).height,
        in_kp3r.filter(
            pl.col("keeper_state").str.contains("unknown|revoked") & (pl.col("keeper") != pl.col("job"))
        ).height,
        in_kp3r.filter(pl.col("origin") != pl.col("keeper")).height,
        applied.height,
        applied.filter(pl.col("credit") == 0).height,
        found.audit.tables["liquidity_unbondings"].height,
        stale.collect().height,
        found.audit.tables["helpers_in_force"].height - 1,
    )
    assert counts == COUNTS[folder.name]


@EVERY
def test_works_told_at_a_glance_are_those_told_log_by_log(folder, monkeypatch):
    """Without the short way for transactions of one work every table and the state are the same."""
    found = recorded(folder)
    monkeypatch.setattr(transactions, "is_plain_work", lambda *_: False)
    slow = audit_once(found.lake, PROTOCOL, None, None, Options(readings=True))
    assert slow.summary["state_hash"] == found.audit.summary["state_hash"]
    for name in PROTOCOL.tables:
        if name in slow.tables:
            assert slow.tables[name].equals(found.audit.tables[name]), name


@KNOWN
def test_repetitions_are_told_apart(folder):
    """Withdrawals of liquidity and of bonds, slashes, and repetitions that paid nothing are counted."""
    found = recorded(folder)
    names = ("RemoveJob", "KeeperUnbound", "KeeperSlashed")
    removed, unbound, slashed = (found.lake.scan(f"events/keep3r_v1.{name}").collect() for name in names)
    empty = (removed.filter(pl.col("credit") == 0).height, unbound.filter(pl.col("bond") == 0).height)
    counts = (removed.height, empty[0], unbound.height, empty[1], slashed.height)
    assert counts == REPEATED[folder.name]
    told = [each.field for each in found.audit.findings if each.kind == "zero_repeat"]
    assert (told.count("RemoveJob.credit"), told.count("KeeperUnbound.bond")) == empty
    assert told.count("ApplyCredit.worth") == COUNTS[folder.name][4]


@pytest.mark.slow
def test_the_largest_deviations_from_the_average_price_are_the_known_ones():
    """Against the price of half an hour 64.89 per mille (a credit) and 58.96 (an unbonding) are the largest."""
    largest = {
        name: max(
            (recorded(folder).audit.tables[name]["deviation_time_weighted_per_mille"].abs().max() or 0)
            for folder in recordings()
            if folder.name in CLASSES
        )
        for name in ("credit_applications", "liquidity_unbondings")
    }
    if len([folder for folder in recordings() if folder.name in CLASSES]) == len(CLASSES):
        assert {name: str(value) for name, value in largest.items()} == {
            "credit_applications": "64.89",
            "liquidity_unbondings": "58.96",
        }
    else:
        assert str(largest["liquidity_unbondings"]) == "0.01"
