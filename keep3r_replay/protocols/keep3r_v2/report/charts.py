"""Which charts a report of Keep3r V2 has: one list for the page and for files alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.classes import MISMATCH, OWN_PAYMENT, UNDETERMINED
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.report.figures import Payment, credits_chart
from keep3r_replay.protocols.keep3r_v2.report.keeper_figures import pairs_chart
from keep3r_replay.protocols.keep3r_v2.report.ledger_figures import waste_chart, waterfall_chart
from keep3r_replay.protocols.keep3r_v2.report.series import job_series
from keep3r_replay.protocols.keep3r_v2.report.words import (
    BY_FORMULA,
    EARNED,
    GAS,
    KEEPERS,
    OPEN,
    OWN_AMOUNT,
    most_keepers,
)
from keep3r_replay.replay.rooms import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.results import Results

KEEPERS_SHOWN = 12


def job_charts(results: Results, job: str) -> Iterator[Chart]:
    """The charts of one job: no ledger where it has written nothing yet."""
    periods = results.periods(job)
    yield Chart(
        f"credits-{job}",
        "Credits over time: in storage, which only a work, a reward or a change of liquidity writes, and what the "
        "contract's views answer: with what has been mined since, and one period's. Below, on the same axis of time "
        "(UTC), what each work was paid.",
        credits_chart(job_series(results.tables_of(job), job), job_payments(results, job)),
    )
    if not periods:
        return
    yield Chart(
        f"ledger-{job}",
        "The ledger of the last reward periods: a bar starts where the last one ends; the line is what is left.",
        waterfall_chart(periods),
    )
    yield Chart(
        f"waste-{job}",
        "Credits used and lost in each period, in KP3R; diamonds: what the documented rule would have let expire.",
        waste_chart(periods, results.expired_by("documented", job)),
    )


def job_payments(results: Results, job: str) -> list[Payment]:
    """What the job's works paid in KP3R, in the order of the chain."""
    works = results.tables["works"].filter((pl.col("job") == job) & (pl.col("explanation") != TOKEN_PAYMENT))
    kinds = {OWN_PAYMENT: OWN_AMOUNT, MISMATCH: OWN_AMOUNT, UNDETERMINED: OPEN}
    rows = works.select("timestamp", pl.col("payment").cast(pl.Int128), "class", "keeper", "block_number").rows()
    return [Payment(at, wei, kinds.get(kind, BY_FORMULA), keeper, block) for at, wei, kind, keeper, block in rows]


def keeper_chart(results: Results) -> Chart | None:
    """What keepers earned beside what gas cost; None where no work can be valued."""
    keepers = results.tables["keeper_accounts"].filter(
        pl.col("reward_eth").is_not_null() & pl.col("gas_paid").is_not_null() & (pl.col("works") > 0)
    )
    amounts = keepers.select("keeper", pl.col("reward_eth", "gas_paid").cast(pl.Int128))
    shown = amounts.sort("reward_eth", "keeper", descending=[True, False]).head(KEEPERS_SHOWN).to_dict(as_series=False)
    names = shown["keeper"]
    if not names:
        return None
    return Chart(
        "keepers-earned",  # not the name of the section that it stands in
        f"Reward at the contract's own quote and gas paid, in ETH, of {most_keepers(len(names))} earned most.",
        pairs_chart(
            names, {EARNED: (shown["reward_eth"], KEEPERS[EARNED]), GAS: (shown["gas_paid"], KEEPERS[GAS])}, "ETH"
        ),
    )


def report_charts(results: Results, jobs: Sequence[str], alone: bool = False) -> list[Chart]:
    """The charts of these jobs, and that of all keepers unless the page is about one job alone."""
    keepers = None if alone else keeper_chart(results)
    return [*(chart for job in jobs for chart in job_charts(results, job)), *([keepers] if keepers else [])]
