"""Results of a what-if as tables: its works, rewards, states and reverted calls, and the ledger if it was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.classed import ClassedWorks
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import ledger_tables
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, WHAT_IF_TABLES, rows_table
from keep3r_replay.protocols.keep3r_v2.what_if.works import ADDED, PAID, AddedWork, WorkDone
from keep3r_replay.replay.coverage import covered_blocks
from keep3r_replay.replay.findings import findings_table
from keep3r_replay.replay.parts import frame_of

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.what_if.run import WhatIf

_WORKS = WHAT_IF_TABLES["works"]
_DONE = {name: _WORKS[name] for name in WorkDone._fields}
_PLACE = {name: _WORKS[name] for name in AddedWork._fields if name in _WORKS}


def result_tables(run: WhatIf) -> dict[str, pl.DataFrame]:
    """Tables by name: those of the audit with the changed history's values, and `reverted_calls`.

    Raises:
        LedgerError: the ledger does not balance.
    """
    works = works_table(run)
    tables = {
        "works": works,
        "rewards": rows_table(run.works.rewards, TABLES["rewards"]).sort("block_number", "log_index"),
        **run.states(),
        "reverted_calls": reverted_table(run),
        "findings": findings_table(run.baseline.lake, []),
    }
    if run.observer is not None:
        happened = works["status"].is_in([PAID, ADDED])
        boosts = zip(run.observer.plain_boosts, happened.to_list(), strict=True)
        run.observer.plain_boosts = [boost for boost, is_paid in boosts if is_paid]
        paid = works.filter(happened).with_columns(explanation=pl.coalesce("explanation", "class"))
        as_classed = ClassedWorks(paid, paid, 0, paid["class"].clear(), paid)
        lake, until = run.baseline.lake, run.baseline.until_block
        booked = ledger_tables(run.observer, lake, as_classed, until, covered_blocks(lake, until)[1])
        tables |= {name: frame_of(table) for name, table in booked.tables.items()}
    return tables


def works_table(run: WhatIf) -> pl.DataFrame:
    """Every work of the history and every added one, in order: what became of it, and what it was paid."""
    done = rows_table(run.works.done, _DONE)
    former = run.baseline.works
    same = (former["payment"] == done["payment"]) & (done["status"] == PAID)
    for name in ("boost", "one_eth_quote", "extra_gas"):
        same &= former[name].eq_missing(done[name])
    kept = former.drop(set(done.columns) & set(former.columns)).with_columns(
        pl.when(former["class"].is_in(["exact", "stale_gas"]))
        .then(done["payment"])
        .otherwise(pl.when(same).then("computed_payment"))
        .alias("computed_payment"),
        *(pl.when(same).then(name).alias(name) for name in ("lowest_payment", "highest_payment")),
    )
    observed = kept.hstack(done)
    if not run.works.added:
        return observed
    rows = [(*work[: len(_PLACE)], *work.done) for work in run.works.added]
    added = rows_table(rows, {**_PLACE, **_DONE})
    # Added works of a block stand after its own, in the order that they were called in.
    return pl.concat([observed, added], how="diagonal").sort("block_number", maintain_order=True)


def reverted_table(run: WhatIf) -> pl.DataFrame:
    """Calls of the history, works apart, that would have reverted: place, event, subject, the contract's error."""
    return rows_table(run.reverted, WHAT_IF_TABLES["reverted_calls"])
