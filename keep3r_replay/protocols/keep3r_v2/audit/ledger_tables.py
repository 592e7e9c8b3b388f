"""Ledger, periods, expiry and accounts as tables of the results (docs/ledger.md describes them column by column)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.accounts import account_tables, rows_table
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import JobState, PeriodView
from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import ExpiryFinding, expiry_findings
from keep3r_replay.protocols.keep3r_v2.audit.expiry_rules import EXPIRY_COLUMNS, expiry_rows
from keep3r_replay.protocols.keep3r_v2.audit.ledger import Entry, make_ledger
from keep3r_replay.protocols.keep3r_v2.audit.ledger_periods import PERIOD_COLUMNS, Calendar, Period, period_rows
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver

LEDGER_TABLES = (
    "accounts",
    "expiries",
    "expiry_findings",
    "job_history",
    "keeper_accounts",
    "ledger",
    "period_views",
    "periods",
    "reward_periods",
    "work_accounts",
)
"""Tables that a replay with a ledger adds to the results."""

_TIMES = frozenset(
    {
        "timestamp",
        "minted_at",
        "rewarded_before",
        "rewarded_at",
        "worked_at",
        "period_start",
        "begins_at",
        "ends_at",
        "reward_period_time",
        "start",
        "length",
        "lot",
        "entries",
        "wasted_share",
    }
)
_TEXTS = frozenset({"operation", "job", "kind", "origin", "counterpart", "rule", "severity", "sources", "reason"})
_INTERNAL = frozenset({"moves"})
_REGIME = Entry._fields.index("regime")
_LEDGER_COLUMNS = (*Entry._fields[:_REGIME], "period_start", "reward_period_time", *Entry._fields[_REGIME + 1 :])


def ledger_tables(
    observer: CreditObserver, lake: Lake, works: pl.DataFrame, until_block: int | None
) -> dict[str, pl.DataFrame]:
    """The tables of `LEDGER_TABLES`.

    Raises:
        LedgerError: the ledger does not balance.
    """
    ledger = make_ledger(observer)
    calendar = Calendar(observer.regimes, observer.ended_at)
    periods = period_rows(ledger, calendar)
    return {
        "ledger": _table(_dated(ledger.entries, calendar), _LEDGER_COLUMNS),
        "periods": _table(periods, PERIOD_COLUMNS),
        "expiries": _table(expiry_rows(ledger, calendar, periods), EXPIRY_COLUMNS),
        "expiry_findings": _with_hashes(
            lake, _table(expiry_findings(ledger, calendar), ExpiryFinding._fields), until_block
        ),
        **curve_tables(observer),
        **account_tables(
            lake,
            works,
            observer.plain_boosts,
            until_block,
            quotes_eth=observer.keep3r.rules.payment is Payment.LIVE_PRICE,
        ),
    }


def curve_tables(observer: CreditObserver) -> dict[str, pl.DataFrame]:
    """Those of them that the curve of a job's credits is drawn from."""
    calendar = Calendar(observer.regimes, observer.ended_at)
    return {
        "job_history": _table(observer.states, JobState._fields),
        "period_views": _table(observer.views, PeriodView._fields),
        "reward_periods": _table(calendar.periods, Period._fields),
    }


def _dated(entries: list[Entry], calendar: Calendar) -> list[tuple[Any, ...]]:
    """Entries with start and length of the reward period that was in force, instead of its place."""
    rows = []
    for entry in entries:
        period = calendar.periods[calendar.place(entry.regime, entry.timestamp)]
        rows.append((*entry[:_REGIME], period.start, period.length, *entry[_REGIME + 1 :]))
    return rows


def _table(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> pl.DataFrame:
    schema = {name: _kind(name) for name in names}
    return rows_table(rows, schema).drop(_INTERNAL & set(names))


def _kind(name: str) -> Any:
    if name in {"block_number", "log_index"}:
        return pl.UInt32
    if name in _TEXTS:
        return pl.String
    return pl.Int64 if name in _TIMES or name in _INTERNAL else pl.Decimal(38, 0)


def _with_hashes(lake: Lake, findings: pl.DataFrame, until_block: int | None) -> pl.DataFrame:
    hashes = (
        lake.scan("logs", columns=["block_number", "log_index", "transaction_hash"], until_block=until_block)
        .join(
            findings.lazy().select("block_number", "log_index").unique(), on=["block_number", "log_index"], how="semi"
        )
        .with_columns((pl.lit("0x") + pl.col("transaction_hash").bin.encode("hex")).alias("transaction_hash"))
        .collect()
    )
    return findings.join(hashes, on=["block_number", "log_index"], how="left", maintain_order="left")
