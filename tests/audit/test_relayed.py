"""Works that keepers did through a relay: the entry point is what the relay calls, and the classes are the same."""

from __future__ import annotations

import polars as pl
from audits import audit
from histories import DATA
from test_transactions import Told

from tests.evm.test_relays import RELAY, aggregate3, stealth

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"


def test_the_entry_point_is_what_the_relay_calls(audited_recordings):
    """Every transaction sent through a stealth relayer and a multicall: entry points and classes stay as they were."""
    lake = audited_recordings(RECORDING).lake

    def relayed(frame: pl.LazyFrame) -> pl.LazyFrame:
        rows = frame.collect()
        inner = [
            data if to is None else aggregate3((RELAY, stealth(to, data)))
            for to, data in rows.select("to", "input").iter_rows()
        ]
        return rows.with_columns(
            pl.when(pl.col("to").is_null()).then("to").otherwise(pl.lit(RELAY)).alias("to"),
            pl.Series("input", inner, pl.Binary),
        ).lazy()

    found = audit(Told(lake, "transactions", relayed)).tables["works"]
    plain = audit(lake).tables["works"]
    columns = ["block_number", "log_index", "transaction_to", "selector", "class"]
    assert found.select(columns).equals(plain.select(columns))
    assert plain["transaction_to"].n_unique() > 1
