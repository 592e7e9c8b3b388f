"""Ledger, periods, expiry and accounts as tables of the results (docs/ledger.md describes them column by column)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.accounts import account_tables
from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar
from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import expiry_findings, last_change
from keep3r_replay.protocols.keep3r_v2.audit.expiry_rules import expiry_rows
from keep3r_replay.protocols.keep3r_v2.audit.ledger import Entry, make_ledger
from keep3r_replay.protocols.keep3r_v2.audit.ledger_grown import begun_periods, with_former
from keep3r_replay.protocols.keep3r_v2.audit.ledger_periods import period_rows
from keep3r_replay.protocols.keep3r_v2.audit.standing import Account, Standing, standing_tables
from keep3r_replay.protocols.keep3r_v2.audit.steps import steps_of
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, amounts_table, rows_table
from keep3r_replay.replay.parts import frame_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.audit.classed import ClassedWorks
    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
    from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import ExpiryFinding
    from keep3r_replay.protocols.keep3r_v2.audit.ledger import Ledger
    from keep3r_replay.replay.parts import Table


class Booked(NamedTuple):
    """The tables of `tables.LEDGER_TABLES`, and what a later run needs to go on from them."""

    tables: dict[str, Table]
    kept: dict[str, pl.DataFrame]


def ledger_tables(
    observer: CreditObserver, lake: Lake, works: ClassedWorks, until_block: int | None, block: int
) -> Booked:
    """Book what an observer has seen up to the end of `block`.

    Raises:
        LedgerError: the ledger does not balance.
    """
    ledger = make_ledger(observer)
    calendar = Calendar(observer.regimes, observer.ended_at)
    first = max(observer.former_periods - 1, 0) if ledger.former is not None else 0
    since = None if ledger.former is None else observer.former
    if since is None:
        # Booked anew, from all there was.
        works = works._replace(new=frame_of(works.table))
    begun = None if since is None else begun_periods(since, calendar.periods[first])
    steps = steps_of(ledger.changes, calendar)
    periods = period_rows(ledger, steps, calendar, begun, first)
    expiries, accounts = expiry_rows(ledger, steps, calendar, periods)
    entries = entries_table(ledger, observer.changes_table(), calendar)
    tables: dict[str, Table] = {
        "ledger": entries,
        "periods": rows_table(periods, TABLES["periods"]),
        "expiries": rows_table(expiries, TABLES["expiries"]),
        "expiry_findings": _with_hashes(lake, expiry_findings(ledger, entries, steps, calendar, first), until_block),
        **curve_tables(observer),
        **account_tables(
            lake,
            works,
            observer.plain_boosts,
            until_block,
            quotes_eth=observer.keep3r.rules.payment is Payment.LIVE_PRICE,
            former=since,
        ),
    }
    if since is not None:
        tables |= with_former(tables, since, observer, calendar.periods[first])
    return Booked(tables, standing_tables(_standing(ledger, accounts), block))


def _standing(ledger: Ledger, accounts: dict[str, dict[str, Account]]) -> Standing:
    """Where the books stand: by the contract, the lots that the ledger ends with, and each job's last change."""
    last = {} if ledger.former is None else dict(ledger.former.last)
    last |= {job: last_change(change) for job, change in dict(ledger.changes).items()}
    return Standing({CONTRACT: {job: Account(lots) for job, lots in ledger.books.items()}, **accounts}, last)


def curve_tables(observer: CreditObserver) -> dict[str, pl.DataFrame]:
    """Those of them that the curve of a job's credits is drawn from."""
    calendar = Calendar(observer.regimes, observer.ended_at)
    return {
        "job_history": rows_table(observer.states, TABLES["job_history"]),
        "period_views": rows_table(observer.views, TABLES["period_views"]),
        "reward_periods": rows_table(calendar.periods, TABLES["reward_periods"]),
    }


def entries_table(ledger: Ledger, changes: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Table `ledger`: each entry with the change that it is a part of, and the reward period that was in force then."""
    schema = TABLES["ledger"]
    own = dict(zip(Entry._fields, list(zip(*ledger.entries, strict=True)) or [()] * len(Entry._fields), strict=True))
    places = [calendar.place(change.regime, change.timestamp) for _, change in ledger.changes]
    periods = {
        "period_start": [period.start for period in calendar.periods],
        "reward_period_time": [period.length for period in calendar.periods],
    }
    dated = pl.DataFrame(periods, schema={name: schema[name] for name in periods})[places]
    numbers = pl.Series(own.pop("number"), dtype=pl.UInt32)
    told = changes.drop("amount").hstack(dated)[numbers]
    entries = amounts_table(own, {name: schema[name] for name in own})
    return told.hstack(entries).select(pl.col(name).cast(kind) for name, kind in schema.items())


def _with_hashes(lake: Lake, found: list[ExpiryFinding], until_block: int | None) -> pl.DataFrame:
    *columns, (_, _) = TABLES["expiry_findings"].items()
    findings = rows_table(found, dict(columns))
    columns_of_logs = ["block_number", "log_index", "transaction_hash"]
    since = min(findings["block_number"].to_list(), default=None)
    hashes = (
        lake.scan("logs", columns_of_logs, until_block, since)
        .join(
            findings.lazy().select("block_number", "log_index").unique(), on=["block_number", "log_index"], how="semi"
        )
        .with_columns((pl.lit("0x") + pl.col("transaction_hash").bin.encode("hex")).alias("transaction_hash"))
        .collect()
    )
    return findings.join(hashes, on=["block_number", "log_index"], how="left", maintain_order="left")
