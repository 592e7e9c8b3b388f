"""What every chain guarantees of transactions, and what a called function may emit and who may call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from audits import findings_of
from histories import DATA, SAMPLE, name_of
from told import Told

from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

pytestmark = pytest.mark.slow

RECORDINGS = [SAMPLE / "recording", DATA / "open-v2.3-fuzz-mixed-101"]


@pytest.fixture(params=RECORDINGS, ids=name_of)
def lake(request, audited_recordings) -> Lake:
    """The lake of a recording, which is clean."""
    return audited_recordings(request.param).lake


def _one(lake, table, *tests):
    return lake.scan(table).filter(*tests).sort("block_number").collect().to_dicts()[0]


def _where(row):
    return (pl.col("block_number") == row["block_number"]) & (pl.col("transaction_index") == row["transaction_index"])


def _set(row, column, value):
    return lambda frame: frame.with_columns(
        pl.when(_where(row)).then(pl.lit(value)).otherwise(column).cast(frame.collect_schema()[column]).alias(column)
    )


def _kinds(told):
    return {(finding.kind, finding.block_number) for finding in findings_of(told)}


def test_a_failed_transaction_with_logs_is_found_at_its_first_log(lake):
    """A status of 0 on a transaction that left logs is a finding of its own, at the first of them."""
    work = _one(lake, "events/keep3r.KeeperWork")
    found = findings_of(Told(lake, "transactions", _set(work, "status", 0)))
    wrong = [finding for finding in found if finding.kind == "failed_with_logs"]
    assert [finding.block_number for finding in wrong] == [work["block_number"]]
    assert wrong[0].log_index <= work["log_index"]


def test_gas_used_adds_up_to_the_header(lake):
    """One unit of gas more in a transaction is found at its block."""
    work = _one(lake, "events/keep3r.KeeperWork")
    changed = Told(
        lake,
        "transactions",
        lambda frame: frame.with_columns(pl.when(_where(work)).then(pl.col("gas_used") + 1).otherwise("gas_used")),
    )
    assert ("gas_sum", work["block_number"]) in _kinds(changed)


def test_a_transaction_that_is_not_there_is_missed(lake):
    """A transaction left out is found at its block: by the gap it leaves, or by the gas."""
    transaction = _one(lake, "transactions", pl.col("status") == 0)
    kinds = _kinds(Told(lake, "transactions", lambda frame: frame.filter(~_where(transaction))))
    block = transaction["block_number"]
    assert kinds & {("missing_transaction", block), ("gas_sum", block)}


@pytest.mark.parametrize(
    "table",
    [
        "keep3r.BondTimeChange",
        "keep3r.LiquidityWithdrawal",
        "keep3r.TokenCreditWithdrawal",
        "keep3r.JobMigrationSuccessful",
        "keep3r.LiquidityApproval",
        "keep3r_helper.MaxBoostChange",
    ],
)
def test_a_call_by_a_stranger_is_found_at_its_log(table, lake):
    """Another sender on a direct call of governance or of a job's owner is found at the call's first log."""
    keep3rs = [contract.address for contract in lake.deployment.contracts if contract.role.startswith("keep3r")]
    direct = lake.scan("transactions").filter(pl.col("to").is_in(keep3rs)).select("block_number", "transaction_index")
    event = lake.scan(f"events/{table}").join(direct, on=["block_number", "transaction_index"]).collect().to_dicts()[0]
    found = findings_of(Told(lake, "transactions", _set(event, "from", "0x" + "77" * 20)))
    wrong = [finding for finding in found if finding.kind == "unauthorised_call"]
    first = lake.scan("logs").filter(_where(event)).select(pl.col("log_index").min()).collect().item()
    assert [(finding.block_number, finding.log_index) for finding in wrong] == [(event["block_number"], first)]
    assert wrong[0].observed == "0x" + "77" * 20


def test_an_event_that_the_called_function_does_not_emit_is_found_at_its_log(lake):
    """A transaction whose input names another function leaves events that this function does not emit."""
    keep3r = next(contract.address for contract in lake.deployment.contracts if contract.role == "keep3r")
    direct = lake.scan("transactions").filter(pl.col("to") == keep3r).select("block_number", "transaction_index")
    event = (
        lake.scan("events/keep3r.Bonding").join(direct, on=["block_number", "transaction_index"]).collect().to_dicts()
    )[3]
    called = bytes.fromhex("1c5a9d9c") + bytes(32)
    found = findings_of(Told(lake, "transactions", _set(event, "input", called)))
    wrong = [finding for finding in found if finding.kind == "unexpected_event"]
    assert [(finding.block_number, finding.log_index) for finding in wrong] == [
        (event["block_number"], event["log_index"])
    ]


def test_an_unknown_function_leaves_no_events(lake):
    """Events in a transaction that calls a function which Keep3r does not have are a finding at the first of them."""
    keep3r = next(contract.address for contract in lake.deployment.contracts if contract.role == "keep3r")
    direct = lake.scan("transactions").filter(pl.col("to") == keep3r).select("block_number", "transaction_index")
    event = (
        lake.scan("events/keep3r.Bonding").join(direct, on=["block_number", "transaction_index"]).collect().to_dicts()
    )[3]
    found = findings_of(Told(lake, "transactions", _set(event, "input", b"\x01\x02\x03\x04")))
    wrong = [finding for finding in found if finding.kind == "unknown_call"]
    assert [(finding.block_number, finding.log_index) for finding in wrong] == [
        (event["block_number"], event["log_index"])
    ]


def test_a_bonding_told_twice_is_found_at_the_second(lake):
    """A function emits its event once: another one of the same contract in its transaction is unexpected."""
    keep3r = next(contract.address for contract in lake.deployment.contracts if contract.role == "keep3r")
    direct = lake.scan("transactions").filter(pl.col("to") == keep3r).select("block_number", "transaction_index")
    event = (
        lake.scan("events/keep3r.Unbonding").join(direct, on=["block_number", "transaction_index"]).collect().to_dicts()
    )[0]
    place = event["log_index"] + 1

    def doubled(frame):
        twin = frame.filter(_where(event) & (pl.col("log_index") == event["log_index"]))
        return pl.concat([frame, twin.with_columns(log_index=pl.lit(place, dtype=pl.UInt32))])

    found = findings_of(Told(Told(lake, "logs", doubled), "events/keep3r.Unbonding", doubled))
    wrong = [finding for finding in found if finding.kind == "unexpected_event"]
    assert [(finding.block_number, finding.log_index) for finding in wrong] == [(event["block_number"], place)]


def _called(lake, target):
    """All direct calls of Keep3r, told as calls of `target` instead."""
    keep3r = next(contract.address for contract in lake.deployment.contracts if contract.role == "keep3r")
    told = pl.when(pl.col("to") == keep3r).then(target).otherwise("to").alias("to")
    return Told(lake, "transactions", lambda frame: frame.with_columns(told))


def test_an_account_that_signs_transactions_has_no_code_to_run(lake):
    """Where direct calls are told as calls of their own senders, every event of theirs is found, and classes stay."""
    changed = _called(lake, pl.col("from"))
    found = {finding.log_index for finding in findings_of(changed) if finding.kind == "unreachable_event"}
    assert found
    assert {finding.kind for finding in findings_of(changed)} >= {"unauthorised_call", "unreachable_event"}


def test_an_event_of_governance_comes_from_its_own_transaction(lake):
    """A change of governance that is told in another transaction than governance's own is found at its log."""
    stranger = "0x" + "5e" * 20
    changed = _called(lake, pl.lit(stranger))
    event = _one(lake, "events/keep3r.LiquidityApproval")
    wrong = [finding for finding in findings_of(changed) if finding.kind == "unauthorised_call"]
    assert (event["block_number"], event["log_index"]) in {(each.block_number, each.log_index) for each in wrong}
    assert all(stranger in finding.reason for finding in wrong)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("transactions", "gas", 21_000), ("transactions", "effective_gas_price", 1), ("blocks", "gas_limit", 1)],
)
def test_gas_stays_within_what_is_allowed(table, column, value, lake):
    """More gas than a transaction or its block may use, and a price below the base fee, are found."""
    changed = Told(
        lake, table, lambda frame: frame.with_columns(pl.lit(value).cast(frame.collect_schema()[column]).alias(column))
    )
    assert "impossible_gas" in {kind for kind, _ in _kinds(changed)}


def test_a_block_is_later_than_the_one_before(lake):
    """A block that is a second earlier than the one before it is found there."""
    number = lake.scan("blocks").select("number").sort("number").collect()["number"][5]
    before = lake.scan("blocks").filter(pl.col("number") == number - 1).collect()["timestamp"].item()
    told = (
        pl.when(pl.col("number") == number).then(before - 1).otherwise("timestamp").cast(pl.UInt64).alias("timestamp")
    )
    assert ("block_time", number) in _kinds(Told(lake, "blocks", lambda frame: frame.with_columns(told)))


def test_a_burn_of_a_pair_managers_token_is_its_owners(lake):
    """Another sender on a direct burn of liquidity is found at the transfer that it logged."""
    managers = [contract.address for contract in lake.deployment.contracts if contract.role == "pair_manager"]
    burned = keccak256(b"burn(uint128,uint256,uint256,address)")[:4]
    burn = _one(
        lake,
        "transactions",
        pl.col("to").is_in(managers) & (pl.col("status") == 1) & pl.col("input").bin.starts_with(burned),
    )
    found = findings_of(Told(lake, "transactions", _set(burn, "from", "0x" + "77" * 20)))
    assert ("input_mismatch", burn["block_number"]) in {(each.kind, each.block_number) for each in found}
