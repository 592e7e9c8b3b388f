"""State at the end of a replay as tables: jobs, their liquidity and tokens, keepers and their bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.audit.rows import (
    JobLiquidityRow,
    JobRow,
    JobTokenRow,
    KeeperBondRow,
    KeeperRow,
)
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump_job, dump_keeper
from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Unbond
from keep3r_replay.protocols.keep3r_v2.contract.views import total_job_credits
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, rows_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


def state_tables(keep3r: Keep3r, now: int) -> dict[str, pl.DataFrame]:
    """Tables by name, in wei and seconds; `total_credits` is the view's answer at `now`, null if it reverts."""
    jobs: list[JobRow] = []
    job_liquidities: list[JobLiquidityRow] = []
    job_tokens: list[JobTokenRow] = []
    keepers: list[KeeperRow] = []
    keeper_bonds: list[KeeperBondRow] = []
    for address, job in sorted(keep3r.jobs.items()):
        pending = {
            token: unbond
            for (owner, token), unbond in keep3r.unbonds.items()
            if owner == address and unbond != Unbond()
        }
        if not dump_job(job) and address not in keep3r.job_list and not pending:
            continue
        try:
            total = total_job_credits(keep3r, job, now)
        except Revert:
            total = None
        jobs.append(
            JobRow(
                address,
                address in keep3r.job_list,
                address in keep3r.disputes,
                job.owner,
                job.pending_owner,
                job.pending_migration,
                job.credits,
                job.period_credits,
                job.rewarded_at,
                job.worked_at,
                total,
            )
        )
        for liquidity in sorted({*job.liquidity_amounts, *pending}):
            unbond = pending.get(liquidity, Unbond())
            job_liquidities.append(
                JobLiquidityRow(
                    address,
                    liquidity,
                    job.liquidity_amounts.get(liquidity, 0),
                    unbond.pending,
                    unbond.can_withdraw_after,
                )
            )
        job_tokens += [
            JobTokenRow(address, token, job.token_credits.get(token, 0), job.token_credits_added_at.get(token, 0))
            for token in sorted({*job.token_credits, *job.token_credits_added_at})
        ]
    for address, keeper in sorted(keep3r.keepers.items()):
        if not dump_keeper(keeper) and address not in keep3r.keeper_list:
            continue
        keepers.append(
            KeeperRow(
                address,
                address in keep3r.keeper_list,
                address in keep3r.disputes,
                keeper.first_seen,
                keeper.work_completed,
            )
        )
        unbonding = [token for (owner, token) in keep3r.unbonds if owner == address]
        for token in sorted({*keeper.bonds, *keeper.pending_bonds, *keeper.can_activate_after, *unbonding}):
            unbond = keep3r.unbonds.get((address, token), Unbond())
            keeper_bonds.append(
                KeeperBondRow(
                    address,
                    token,
                    keeper.bonds.get(token, 0),
                    keeper.pending_bonds.get(token, 0),
                    keeper.can_activate_after.get(token, 0),
                    unbond.pending,
                    unbond.can_withdraw_after,
                )
            )
    rows: dict[str, Sequence[tuple[Any, ...]]] = {
        "job_states": jobs,
        "job_liquidities": job_liquidities,
        "job_tokens": job_tokens,
        "keeper_states": keepers,
        "keeper_bonds": keeper_bonds,
    }
    return {name: rows_table(each, TABLES[name]) for name, each in rows.items()}
