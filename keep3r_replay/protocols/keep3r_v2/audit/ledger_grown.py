"""The ledger's tables of a run that went on: those of the former run, and what came since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.rows import PeriodRow
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT, DOCUMENTED, NONE
from keep3r_replay.replay.parts import frame_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.audit.calendar import Period
    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import KeptTables

_CHAIN_ORDER = ("timestamp", "block_number", "log_index", "kind", "job")
_RULES = (CONTRACT, DOCUMENTED, NONE)


def begun_periods(former: KeptTables, last: Period) -> dict[str, PeriodRow]:
    """The rows of jobs in the last period of a former run, which goes on."""
    rows = former("periods").filter(~_is_over(last)).collect().with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    return {row.job: row for row in map(PeriodRow._make, rows.select(PeriodRow._fields).iter_rows())}


def with_former(
    new: Mapping[str, Table], former: KeptTables, observer: CreditObserver, last: Period
) -> dict[str, Table]:
    """The tables whose rows since are `new`, with those of the former run, whose last period was `last`."""
    rows = {name: frame_of(table) for name, table in new.items() if name in _WITH_FORMER}
    over = {name: former(name).filter(_is_over(last)).collect() for name in ("periods", "expiries")}
    both = {name: pl.concat([each.select(rows[name].columns), rows[name]]) for name, each in over.items()}
    by_time = ("begins_at", "ends_at")
    place = pl.col("rule").replace_strict({rule: number for number, rule in enumerate(_RULES)}, return_dtype=pl.Int8)
    # Rows of the contract's own rule stand as those of periods do, the others by the period's start.
    start = pl.when(pl.col("rule") == CONTRACT).then(None).otherwise("period_start")
    return {
        "ledger": former.first("ledger").grown(rows["ledger"]),
        "periods": both["periods"].sort("job", *by_time, maintain_order=True),
        "expiries": both["expiries"].sort(place, "job", start, *by_time, maintain_order=True),
        "expiry_findings": _found(former, rows["expiry_findings"]),
        "job_history": former.first("job_history", observer.seen.states).grown(rows["job_history"]),
        "period_views": former.first("period_views", observer.seen.views).grown(rows["period_views"]),
    }


_WITH_FORMER = frozenset({"ledger", "periods", "expiries", "expiry_findings", "job_history", "period_views"})


def _found(former: KeptTables, new: pl.DataFrame) -> Table:
    """Facts in chain order: what a period's end shows bears the place of an earlier event."""
    kept = former.first("expiry_findings")
    if new.is_empty():
        return kept.grown(new)
    same = kept.lazy().filter(pl.col("timestamp") < new["timestamp"].min()).select(pl.len()).collect().item()
    late = kept.lazy().slice(same).collect().select(new.columns)
    return kept.grown(pl.concat([late, new]).sort(_CHAIN_ORDER, maintain_order=True), same)


def _is_over(last: Period) -> pl.Expr:
    """Rows of periods before a run's last one; one without length may begin with it."""
    return (pl.col("begins_at") < last.begins_at) | (pl.col("ends_at") <= last.begins_at)
