"""Which call of the scenario language an event of a recorded history tells of, and where its arguments stand."""

from __future__ import annotations

from typing import Any

Item = dict[str, Any]
"""An item of a script."""

TOLD_BY_EVENT = {
    "keep3r.JobAddition": ("add_job", {"job": "job", "owner": "job_owner"}),
    "keep3r.JobOwnershipChange": ("change_ownership", {"job": "job", "to": "pending_owner"}),
    "keep3r.JobOwnershipAssent": ("accept_ownership", {"job": "job", "owner": "new_owner"}),
    "keep3r.JobMigrationRequested": ("migrate_job", {"job": "from_job", "to": "to_job"}),
    "keep3r.JobMigrationSuccessful": ("accept_migration", {"job": "from_job", "to": "to_job"}),
    "keep3r.LiquidityApproval": ("approve_liquidity", {"pair": "liquidity"}),
    "keep3r.LiquidityRevocation": ("revoke_liquidity", {"pair": "liquidity"}),
    "keep3r.LiquidityAddition": (
        "add_liquidity",
        {"job": "job", "pair": "liquidity", "provider": "provider", "amount": "amount"},
    ),
    "keep3r.LiquidityWithdrawal": (
        "withdraw_liquidity",
        {"job": "job", "pair": "liquidity", "receiver": "receiver"},
    ),
    "keep3r.JobSlashLiquidity": (
        "slash_liquidity",
        {"job": "job", "pair": "liquidity", "slasher": "slasher", "amount": "amount"},
    ),
    "keep3r.TokenCreditWithdrawal": (
        "withdraw_token_credits",
        {"job": "job", "token": "token", "receiver": "receiver", "amount": "amount"},
    ),
    "keep3r.JobSlashToken": (
        "slash_tokens",
        {"job": "job", "token": "token", "slasher": "slasher", "amount": "amount"},
    ),
    "keep3r.Dispute": ("dispute", {"subject": "job_or_keeper", "disputer": "disputer"}),
    "keep3r.Resolve": ("resolve", {"subject": "job_or_keeper", "disputer": "resolver"}),
    "keep3r.Activation": ("activate", {"keeper": "keeper", "token": "bond"}),
    "keep3r.Withdrawal": ("withdraw", {"keeper": "keeper", "token": "bond"}),
    "keep3r.KeeperRevoke": ("revoke", {"keeper": "keeper", "slasher": "slasher"}),
    "keep3r.DisputerAdded": ("add_disputer", {"disputer": "disputer"}),
    "keep3r.DisputerRemoved": ("remove_disputer", {"disputer": "disputer"}),
    "keep3r.SlasherAdded": ("add_slasher", {"slasher": "slasher"}),
    "keep3r.SlasherRemoved": ("remove_slasher", {"slasher": "slasher"}),
    "keep3r.GovernanceProposal": ("propose_governance", {"of": "address", "to": "pending_governance"}),
    "keep3r.GovernanceSet": ("accept_governance", {"of": "address"}),
    "keep3r_helper.GovernanceProposal": ("propose_governance", {"of": "address", "to": "pending_governance"}),
    "keep3r_helper.GovernanceSet": ("accept_governance", {"of": "address"}),
    "keep3r_helper.OracleSet": ("set_oracle", {"helper": "address", "pair": "liquidity", "pool": "oracle_pool"}),
    "uniswap_v3_pool.IncreaseObservationCardinalityNext": (
        "grow_observations",
        {"pool": "address", "to": "observation_cardinality_next_new"},
    ),
}
"""Calls whose event tells all their arguments: the column of each."""


def _slash(row: dict[str, Any], _signature: str, arguments: Any) -> Item:
    keeper, token, amount, *unbonding = arguments
    item = {"do": "slash", "keeper": keeper, "token": token, "amount": amount, "slasher": row["slasher"]}
    return item | ({"unbonding": unbonding[0]} if unbonding else {})


def _unbond(row: dict[str, Any], signature: str, _arguments: Any) -> Item:
    who, token, amount = row["keeper_or_job"], row["unbonding"], row["amount"]
    if signature.startswith("unbond("):
        return {"do": "unbond", "keeper": who, "token": token, "amount": amount}
    return {"do": "unbond_liquidity", "job": who, "pair": token, "amount": amount}


def _bond(row: dict[str, Any], _signature: str, arguments: Any) -> Item:
    return {"do": "bond", "keeper": row["keeper"], "token": row["bonding"], "amount": arguments[1]}


def _add_tokens(row: dict[str, Any], _signature: str, arguments: Any) -> Item:
    told = {key: row[key] for key in ("job", "token", "provider")}
    return {"do": "add_token_credits", **told, "amount": arguments[2]}


def _force(row: dict[str, Any], _signature: str, arguments: Any) -> Item:
    return {"do": "force_credits", "job": row["job"], "amount": arguments[1]}


TOLD_BY_INPUT = {
    "KeeperSlash": _slash,
    "Unbonding": _unbond,
    "Bonding": _bond,
    "TokenCreditAddition": _add_tokens,
    "LiquidityCreditsForced": _force,
}
"""Calls whose event does not tell all: token and split of a slash, what was sent of a token, what was forced."""
