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
    amounts = keepers.select("keeper", pl.col("reward_eth", "gas_paid").cast(pl.Int128))
    shown = amounts.sort("reward_eth", "keeper", descending=[True, False]).head(KEEPERS_SHOWN).to_dict(as_series=False)
    names = shown["keeper"]
    if not names:
        return None
    return Chart(
        "keepers",
        f"Reward at the contract's own quote and gas paid, in ETH, of the {len(names)} keepers who earned most.",
        draw_pairs(
            [f"{keeper[:8]}…" for keeper in names],
            (("reward", shown["reward_eth"], GREEN), ("gas", shown["gas_paid"], VERMILLION)),
            "ETH",
        ),
    )


def report_charts(results: Results, jobs: Sequence[str]) -> list[Chart]:
    """The charts of these jobs, and that of the keepers."""
    keepers = keeper_chart(results)
    return [*(chart for job in jobs for chart in job_charts(results, job)), *([keepers] if keepers else [])]
