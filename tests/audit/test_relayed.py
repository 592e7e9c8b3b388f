"""Works that keepers did through a relay: the entry point is what the relay calls, and the classes are the same."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit
from histories import DATA
from test_transactions import Told

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.report.entries import entry_points
from keep3r_replay.replay.entries import entry_of
from keep3r_replay.replay.protocol import Transaction
from keep3r_replay.replay.results import write_results
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.query import bundled, query
from tests.evm.test_relays import RELAY, aggregate3, automation, stealth

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"
PLACE = ["block_number", "transaction_index"]
ENTRY = ["block_number", "log_index", "transaction_to", "selector", "class"]


@pytest.fixture(scope="module")
def relayed(audited_recordings):
    """The audit of a history whose works all come through a relay: a multicall of a stealth relayer, or a vault's."""
    lake = audited_recordings(RECORDING).lake
    works = lake.scan("events/keep3r.KeeperWork", columns=PLACE).unique().with_columns(works=True)

    def change(frame: pl.LazyFrame) -> pl.LazyFrame:
        rows = frame.join(works, on=PLACE, how="left", maintain_order="left").collect()
        goes_through = rows.select("works").to_series().fill_null(value=False) & rows["to"].is_not_null()
        inner = [
            data
            if not goes
            else aggregate3((RELAY, stealth(to, data)))
            if number % 2
            else automation("0x" + "1b" * 20, (to, data))
            for number, (to, data, goes) in enumerate(zip(rows["to"], rows["input"], goes_through, strict=True))
        ]
        return (
            rows.with_columns(
                pl.when(goes_through).then(pl.lit(RELAY)).otherwise("to").alias("to"),
                pl.Series("input", inner, pl.Binary),
            )
            .drop("works")
            .lazy()
        )

    return audit(Told(lake, "transactions", change), ledger=True)


@pytest.mark.slow
def test_the_entry_point_is_what_the_relay_calls(relayed, audited_recordings):
    """Every work sent through a relay: entry points and classes stay as they were, relay and sender stand beside."""
    plain = audited_recordings(RECORDING).audit.tables["works"]
    found = relayed.tables["works"]
    assert found.select(ENTRY).equals(plain.select(ENTRY))
    assert plain["transaction_to"].n_unique() > 1
    assert found["relay"].unique().to_list() == [RELAY]
    assert plain["relay"].null_count() == plain.height
    assert found["sender"].equals(plain["sender"])
    assert relayed.summary["verdict"] == "clean"


@pytest.mark.slow
def test_questions_and_report_group_by_what_the_relay_calls(relayed, tmp_path):
    """The bundled question and the page tell the works of each entry point and relay, and all of them together."""
    write_results(relayed, tmp_path / "results", {})
    build(relayed.lake, tmp_path / "results", tmp_path / "relayed.duckdb", PROTOCOL)
    answer = query(tmp_path / "relayed.duckdb", bundled(PROTOCOL.sql, "queries")["entry_points"])
    works = relayed.tables["works"]
    found = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert sum(row["works"] for row in found) == works.height
    assert len(found) == works.select("transaction_to", "selector").n_unique()
    page = entry_points(works)
    assert all(row["transaction_to"] in page for row in found[:20])
    for row in found:
        mine = works.filter(
            (pl.col("transaction_to") == row["transaction_to"]) & (pl.col("selector") == row["selector"])
        )
        assert (row["works"], row["senders"]) == (mine.height, mine["sender"].n_unique())
        assert row["relay"] == RELAY


def test_an_entry_is_told_of_one_transaction():
    """A relay's inner call with the relay beside it; a call that is none, and a creation, as they are."""
    job, work = "0x" + "2c" * 20, bytes.fromhex("322e9f04")

    def entry(to, data):
        return entry_of(Transaction((1, 0), "0x", "0x" + "aa" * 20, to, data, 1, 1, 1, 1), job)

    assert entry(RELAY, stealth(job, work)) == (job, "322e9f04", RELAY)
    assert entry(job, work) == (job, "322e9f04", "")
    assert entry(None, work) == ("", "322e9f04", "")
