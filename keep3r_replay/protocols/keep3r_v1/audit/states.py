"""State at the end of a replay as tables: jobs and their credits, keepers and their bonds, liquidity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.audit.rows import (
    JobCreditRow,
    JobLiquidityRow,
    JobRow,
    KeeperBondRow,
    KeeperRow,
)
from keep3r_replay.protocols.keep3r_v1.contract.state import Provision
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def state_tables(kp3r: Keep3rV1) -> dict[str, pl.DataFrame]:
    """Tables by name; what is all zero is left out."""
    jobs: list[JobRow] = []
    job_credits: list[JobCreditRow] = []
    for address, job in sorted(kp3r.jobs.items()):
        held = [JobCreditRow(address, token, amount) for token, amount in sorted(job.credits.items()) if amount]
        if held or job.listed or job.proposal_delay or address in kp3r.job_list:
            jobs.append(JobRow(address, job.listed, kp3r.job_list.count(address), job.proposal_delay))
        job_credits += held
    keepers: list[KeeperRow] = []
    bonds: list[KeeperBondRow] = []
    for address, account in sorted(kp3r.accounts.items()):
        if account.first_seen or account.last_job or account.blacklisted or account.disputed or account.votes:
            keepers.append(
                KeeperRow(
                    address,
                    account.is_keeper,
                    account.blacklisted,
                    account.disputed,
                    account.first_seen,
                    account.last_job,
                    account.work_completed,
                    account.votes,
                    account.current_votes,
                    account.delegate,
                    account.balance,
                )
            )
        for token in sorted({*account.bonds, *account.pending_bonds, *account.bondings, *account.unbondings}):
            row = KeeperBondRow(
                address,
                token,
                account.bonds[token],
                account.pending_bonds[token],
                account.bondings[token],
                account.partial_unbonding[token],
                account.unbondings[token],
            )
            if row != KeeperBondRow(address, token, 0, 0, 0, 0, 0):
                bonds.append(row)
    provisions = [
        JobLiquidityRow(*key, entry.provided, entry.applied, entry.amount, entry.unbonding, entry.amounts_unbonding)
        for key, entry in sorted(kp3r.provisions.items())
        if entry != Provision()
    ]
    return {
        "jobs": frame(JobRow, jobs),
        "job_credits": frame(JobCreditRow, job_credits),
        "keepers": frame(KeeperRow, keepers),
        "keeper_bonds": frame(KeeperBondRow, bonds),
        "job_liquidities": frame(JobLiquidityRow, provisions),
    }
