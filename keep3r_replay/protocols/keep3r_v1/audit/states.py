"""State at the end of a replay as tables: jobs and their credits, keepers and their bonds, liquidity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.schemas import AMOUNT, table
from keep3r_replay.protocols.keep3r_v1.contract.state import Provision

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1

JOBS = pl.Schema({"job": pl.String, "listed": pl.Boolean, "times_listed": pl.Int64, "proposal_delay": pl.Int64})
JOB_CREDITS = pl.Schema({"job": pl.String, "token": pl.String, "credits": AMOUNT})
KEEPERS = pl.Schema(
    {
        "keeper": pl.String,
        "is_keeper": pl.Boolean,
        "blacklisted": pl.Boolean,
        "disputed": pl.Boolean,
        "first_seen": pl.Int64,
        "last_job": pl.Int64,
        "work_completed": AMOUNT,
        "votes": AMOUNT,
        "current_votes": AMOUNT,
        "delegate": pl.String,
        "balance": AMOUNT,
    }
)
KEEPER_BONDS = pl.Schema(
    {
        "keeper": pl.String,
        "token": pl.String,
        "bonds": AMOUNT,
        "pending_bonds": AMOUNT,
        "bondings": pl.Int64,
        "partial_unbonding": AMOUNT,
        "unbondings": pl.Int64,
    }
)
JOB_LIQUIDITIES = pl.Schema(
    {
        "provider": pl.String,
        "liquidity": pl.String,
        "job": pl.String,
        "provided": AMOUNT,
        "applied": pl.Int64,
        "amount": AMOUNT,
        "unbonding": pl.Int64,
        "amounts_unbonding": AMOUNT,
    }
)
SCHEMAS = {
    "jobs": JOBS,
    "job_credits": JOB_CREDITS,
    "keepers": KEEPERS,
    "keeper_bonds": KEEPER_BONDS,
    "job_liquidities": JOB_LIQUIDITIES,
}


def state_tables(kp3r: Keep3rV1) -> dict[str, pl.DataFrame]:
    """Tables by name; what is all zero is left out."""
    jobs: list[tuple[Any, ...]] = []
    job_credits: list[tuple[Any, ...]] = []
    for address, job in sorted(kp3r.jobs.items()):
        held = [(address, token, amount) for token, amount in sorted(job.credits.items()) if amount]
        if held or job.listed or job.proposal_delay or address in kp3r.job_list:
            jobs.append((address, job.listed, kp3r.job_list.count(address), job.proposal_delay))
        job_credits += held
    keepers: list[tuple[Any, ...]] = []
    bonds: list[tuple[Any, ...]] = []
    for address, account in sorted(kp3r.accounts.items()):
        if account.first_seen or account.last_job or account.blacklisted or account.disputed or account.votes:
            keepers.append(
                (
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
            row = (
                account.bonds[token],
                account.pending_bonds[token],
                account.bondings[token],
                account.partial_unbonding[token],
                account.unbondings[token],
            )
            if any(row):
                bonds.append((address, token, *row))
    provisions = [
        (*key, entry.provided, entry.applied, entry.amount, entry.unbonding, entry.amounts_unbonding)
        for key, entry in sorted(kp3r.provisions.items())
        if entry != Provision()
    ]
    rows = {"jobs": jobs, "job_credits": job_credits, "keepers": keepers, "keeper_bonds": bonds}
    return {name: table(SCHEMAS[name], content) for name, content in {**rows, "job_liquidities": provisions}.items()}
