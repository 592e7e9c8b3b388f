"""Pair managers and their pools: what the one does in the other, and what a transaction can reach."""

from __future__ import annotations

import polars as pl
import pytest
from audits import findings_of
from histories import DATA
from told import Told

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.creation import created_address
from keep3r_replay.protocols.keep3r_v2.audit.pair_managers import pair_manager_findings
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay.reached import check_reached
from keep3r_replay.replay.timeline import WHOLE

pytestmark = pytest.mark.slow

RECORDING = DATA / "open-v2.2-fuzz-gov-102"
STRANGER = "0x" + "5a" * 20
MINT, BURN, COLLECT = (f"events/uniswap_v3_pool.{name}" for name in ("Mint", "Burn", "Collect"))


@pytest.fixture
def lake(audited_recordings):
    """The lake of a recording in which governance collects fees of pair managers."""
    return audited_recordings(RECORDING).lake


def _managers(lake):
    return [contract.address for contract in lake.deployment.contracts if contract.role == "pair_manager"]


def _calls(lake, signature):
    selector = keccak256(signature.encode())[:4]
    wanted = pl.col("to").is_in(_managers(lake)) & pl.col("input").bin.starts_with(selector) & (pl.col("status") == 1)
    return lake.scan("transactions").filter(wanted).sort("block_number").collect().to_dicts()


def _event(lake, table, transaction):
    own = lake.scan(table).filter(pl.col("transaction_hash") == transaction["hash"])
    return own.collect().to_dicts()[0]


def _at(row):
    return (pl.col("block_number") == row["block_number"]) & (pl.col("log_index") == row["log_index"])


def _changed(lake, table, row, column, value):
    def change(frame):
        new = pl.lit(value).cast(pl.Int128).cast(pl.Decimal(38, 0)) if column.startswith("amount") else pl.lit(value)
        told = pl.when(_at(row)).then(new).otherwise(column)
        return frame.with_columns(told.cast(frame.collect_schema()[column]).alias(column))

    return Told(lake, table, change)


def _without(lake, table, row):
    """The lake without an event, and without its raw log."""
    return Told(Told(lake, table, lambda frame: frame.filter(~_at(row))), "logs", lambda frame: frame.filter(~_at(row)))


def _findings(told):
    return [*pair_manager_findings(told, WHOLE, WHOLE), *check_reached(told, PROTOCOL, WHOLE)]


def _found(told):
    return [(each.kind, each.block_number, each.log_index, each.field) for each in _findings(told)]


def test_both_are_part_of_the_audit(lake):
    """What is found here stands among an audit's findings, and nothing is found in what was recorded."""
    row = _event(lake, COLLECT, _calls(lake, "collect()")[0])
    told = _changed(lake, COLLECT, row, "recipient", STRANGER)
    reached = Told(told, "transactions", lambda frame: frame.with_columns(to=pl.lit(lake.deployment.tokens["kp3r"])))
    assert _findings(lake) == []
    assert _findings(reached)
    assert {each.reason for each in _findings(reached)} <= {each.reason for each in findings_of(reached)}


@pytest.mark.parametrize(("column", "value"), [("recipient", STRANGER), ("tick_lower", -200), ("tick_upper", 200)])
def test_what_governance_collects_is_the_managers_position_and_goes_to_governance(column, value, lake):
    """Another recipient or another position of a `collect()` is found at the pool's log."""
    row = _event(lake, COLLECT, _calls(lake, "collect()")[0])
    told = _changed(lake, COLLECT, row, column, value)
    assert ("event_mismatch", row["block_number"], row["log_index"], column) in _found(told)


def test_only_governance_collects(lake):
    """A `collect()` whose sender is a stranger is found: the pool has paid somebody else, who is governance."""
    call = _calls(lake, "collect()")[0]
    row = _event(lake, COLLECT, call)
    told = Told(
        lake,
        "transactions",
        lambda frame: frame.with_columns(
            pl.when(pl.col("hash") == call["hash"]).then(pl.lit(STRANGER)).otherwise("from").alias("from")
        ),
    )
    assert ("event_mismatch", row["block_number"], row["log_index"], "recipient") in _found(told)


def test_a_collection_that_was_asked_for_is_logged(lake):
    """A `collect()` that succeeded and left no Collect is found in its block."""
    call = _calls(lake, "collect()")[0]
    told = _without(lake, COLLECT, _event(lake, COLLECT, call))
    assert ("missing_event", call["block_number"], None, "event") in _found(told)


@pytest.mark.parametrize("column", ["amount0", "amount1"])
def test_a_burn_pays_out_what_it_frees(column, lake):
    """One wei more collected than a pair manager's burn has freed is found at the Collect."""
    row = _event(lake, COLLECT, _calls(lake, "burn(uint128,uint256,uint256,address)")[0])
    told = _changed(lake, COLLECT, row, column, int(row[column]) + 1)
    assert ("event_mismatch", row["block_number"], row["log_index"], column) in _found(told)


def test_a_burn_without_its_collection_is_found_at_the_burn(lake):
    """A pair manager that burns collects in the same call: without a Collect the burn is a finding."""
    call = _calls(lake, "burn(uint128,uint256,uint256,address)")[0]
    burn, collect = (_event(lake, table, call) for table in (BURN, COLLECT))
    assert ("missing_event", burn["block_number"], burn["log_index"], "event") in _found(
        _without(lake, COLLECT, collect)
    )


def test_a_pair_manager_mints_its_position_itself(lake):
    """Another sender of a Mint for a pair manager is found at its log."""
    row = _event(lake, MINT, _calls(lake, "mint(uint256,uint256,uint256,uint256,address)")[0])
    told = _changed(lake, MINT, row, "sender", STRANGER)
    assert ("event_mismatch", row["block_number"], row["log_index"], "sender") in _found(told)


@pytest.mark.parametrize(("column", "value"), [("owner", STRANGER), ("tick_lower", -400)])
def test_nothing_is_owed_to_a_position_that_nobody_minted(column, value, lake):
    """A collection of tokens for an owner, or between ticks, that never had liquidity is found at its log."""
    paid = ~pl.col("owner").is_in(_managers(lake)) & (pl.col("amount0").cast(pl.Int128) > 0)
    row = lake.scan(COLLECT).filter(paid).sort("block_number").collect().to_dicts()[0]
    told = _changed(lake, COLLECT, row, column, value)
    assert ("event_mismatch", row["block_number"], row["log_index"], "amount0, amount1") in _found(told)


def test_a_pair_manager_stands_where_its_factory_creates(lake):
    """Another address in a PairCreated is found at its log, at the first of a factory too."""
    table = "events/pair_manager_factory.PairCreated"
    for row in lake.scan(table).sort("block_number").collect().to_dicts()[:2]:
        told = _changed(lake, table, row, "pair_manager", STRANGER)
        assert _found(told) == [("event_mismatch", row["block_number"], row["log_index"], "pair_manager")]


def test_addresses_of_creations_are_those_of_the_chain():
    """The first three addresses of a creator whose addresses are widely published."""
    creator = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    assert created_address(creator, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(creator, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    assert created_address(creator, 2) == "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91"


@pytest.mark.parametrize("signature", ["approve(address,uint256)", "mint(uint256,uint256,uint256,uint256,address)"])
def test_a_function_of_a_pair_manager_makes_no_other_pool_log(signature, lake):
    """A Swap told in a transaction that calls a function which swaps nothing is found at its log."""
    call = _calls(lake, signature)[-1]
    swap = lake.scan("events/uniswap_v3_pool.Swap").sort("block_number").collect().to_dicts()[-1]
    own = lake.scan("logs").filter(_at(swap)).collect()
    moved = own.with_columns(
        block_number=pl.lit(call["block_number"], dtype=pl.UInt32),
        transaction_index=pl.lit(call["transaction_index"], dtype=own.schema["transaction_index"]),
        log_index=pl.lit(999, dtype=pl.UInt32),
    )
    told = Told(lake, "logs", lambda frame: pl.concat([frame, moved.lazy().select(frame.collect_schema().names())]))
    assert ("unreachable_event", call["block_number"], 999, "event") in _found(told)


@pytest.mark.parametrize(("selector", "severity"), [("a9059cbb", "error"), ("12345678", "warning")])
def test_a_token_calls_nobody(selector, severity, lake):
    """Events of a transaction that calls a token are found: for certain where the function only moves balances."""
    keep3r = next(contract.address for contract in lake.deployment.contracts if contract.role == "keep3r")
    is_direct = (pl.col("to") == keep3r) & (pl.col("status") == 1)
    told = Told(
        lake,
        "transactions",
        lambda frame: frame.with_columns(
            pl.when(is_direct).then(pl.lit(lake.deployment.tokens["kp3r"])).otherwise("to").alias("to"),
            pl.when(is_direct).then(pl.lit(bytes.fromhex(selector) + bytes(64))).otherwise("input").alias("input"),
        ),
    )
    found = [each for each in _findings(told) if each.kind == "unreachable_event" and "a token" in each.reason]
    assert found
    assert {each.severity for each in found} == {severity}
