"""Disputes, which freeze jobs and keepers alike, and what slashers may do to whoever is disputed.

A job's liquidity is slashed in `job_liquidity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.jobs import remove_token_credits

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r


def dispute(keep3r: Keep3r, job_or_keeper: str, disputer: str) -> None:
    """`dispute` by a disputer. Emits Dispute."""
    # CHECKS
    keep3r.require_role(keep3r.disputers, disputer, "OnlyDisputer")
    keep3r.require(job_or_keeper not in keep3r.disputes, "AlreadyDisputed")
    # EFFECTS
    keep3r.disputes[job_or_keeper] = None


def resolve(keep3r: Keep3r, job_or_keeper: str, disputer: str) -> None:
    """`resolve` by a disputer. Emits Resolve."""
    # CHECKS
    keep3r.require_role(keep3r.disputers, disputer, "OnlyDisputer")
    keep3r.require(job_or_keeper in keep3r.disputes, "NotDisputed")
    # EFFECTS
    keep3r.disputes.pop(job_or_keeper, None)


def slash(keep3r: Keep3r, address: str, token: str, slasher: str, bond_amount: int, unbond_amount: int) -> None:
    """`slash` by a slasher: `bond_amount` from the bonds and `unbond_amount` from what is unbonding, of one token.

    Until 2.1 the function names one amount, which comes from the bonds. Emits KeeperSlash of both together.
    """
    # CHECKS
    keep3r.require_role(keep3r.slashers, slasher, "OnlySlasher")
    keep3r.require(address in keep3r.disputes, "NotDisputed")
    # EFFECTS
    keeper = keep3r.keepers[address]
    pending = keep3r.unbonds[address, token]
    keeper.bonds[token] = keep3r.subtract(keeper.bonds[token], bond_amount)
    pending.pending = keep3r.subtract(pending.pending, unbond_amount)


def revoke(keep3r: Keep3r, address: str, slasher: str) -> None:
    """`revoke` by a slasher: bonded and unbonding KP3R are lost; other tokens, pending bonds and the dispute stay.

    Emits KeeperRevoke.
    """
    # CHECKS
    keep3r.require_role(keep3r.slashers, slasher, "OnlySlasher")
    keep3r.require(address in keep3r.disputes, "NotDisputed")
    # EFFECTS
    token = keep3r.parameters.keep3r_v1
    keep3r.keeper_list.remove(address)
    keep3r.keepers[address].bonds[token] = 0
    if keep3r.rules.slashes_unbonding:
        keep3r.unbonds[address, token].pending = 0


def slash_token_from_job(keep3r: Keep3r, address: str, token: str, slasher: str, amount: int) -> None:
    """`slashTokenFromJob` by a slasher, while the job is disputed. Emits JobSlashToken."""
    # CHECKS
    keep3r.require_role(keep3r.slashers, slasher, "OnlySlasher")
    keep3r.require(address in keep3r.disputes, "NotDisputed")
    keep3r.require(token in keep3r.jobs[address].tokens, "JobTokenUnexistent")
    keep3r.require(keep3r.jobs[address].token_credits[token] >= amount, "JobTokenInsufficient")
    # EFFECTS
    remove_token_credits(keep3r, address, token, amount)
