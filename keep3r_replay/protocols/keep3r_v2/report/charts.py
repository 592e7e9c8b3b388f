"""Which charts a report of Keep3r V2 has: one list for the page and for files alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.report.figures import draw_credits, draw_pairs, draw_waste, draw_waterfall
from keep3r_replay.protocols.keep3r_v2.report.series import job_series
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.drawing import GREEN, VERMILLION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.results import Results

KEEPERS_SHOWN = 12


def job_charts(results: Results, job: str) -> Iterator[Chart]:
    """The charts of one job."""
    periods = results.periods(job)
    yield Chart(
        f"credits-{job}",
        "Total, liquidity and period credits over time, in KP3R; on the axis works, rewards and period starts (UTC).",
        draw_credits(job_series(results.tables_of(job), job)),
    )
    yield Chart(
        f"ledger-{job}",
        "The ledger of the last reward periods: a bar starts where the last one ends; the black line is what is left.",
        draw_waterfall(periods),
    )
    yield Chart(
        f"waste-{job}",
        "Credits used and lost in each period, in KP3R; diamonds: what the documented rule would have let expire.",
        draw_waste(periods, results.expired_by("documented", job)),
    )


def keeper_chart(results: Results) -> Chart | None:
    """What keepers earned beside what gas cost; None where no work can be valued."""
    keepers = results.tables["keeper_accounts"].filter(
        pl.col("reward_eth").is_not_null() & pl.col("gas_paid").is_not_null() & (pl.col("works") > 0)
    )
    rows = list(
        zip(
            keepers["keeper"].to_list(),
            keepers["reward_eth"].cast(pl.Int128).to_list(),
            keepers["gas_paid"].cast(pl.Int128).to_list(),
            strict=True,
        )
    )
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[1], row[0]))
    shown = rows[:KEEPERS_SHOWN]
    return Chart(
        "keepers",
        f"Reward at the contract's own quote and gas paid, in ETH, of the {len(shown)} keepers who earned most.",
        draw_pairs(
            [f"{row[0][:8]}…" for row in shown],
            (("reward", [row[1] for row in shown], GREEN), ("gas", [row[2] for row in shown], VERMILLION)),
            "ETH",
        ),
    )


def report_charts(results: Results, jobs: Sequence[str]) -> list[Chart]:
    """The charts of these jobs, and that of the keepers."""
    keepers = keeper_chart(results)
    return [*(chart for job in jobs for chart in job_charts(results, job)), *([keepers] if keepers else [])]
