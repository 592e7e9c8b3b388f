"""What a person asks of the state of a Keep3r V1: a job, a keeper, or an overview. Amounts in wei as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.helpers import ETHER
from keep3r_replay.protocols.keep3r_v1.contract.market import UnknownHelperError
from keep3r_replay.replay.names import AT_BLOCK, known_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1

LIMIT_OF = 100_000
"""Gas whose limit an overview tells."""


def describe(kp3r: Keep3rV1, named: Mapping[str, str]) -> dict[str, Any]:
    """One job or one keeper by its address, or an overview if none is named. Raises `UsageError`."""
    if not named:
        return _overview(kp3r)
    described: dict[str, Any] = {}
    for kind, address in named.items():
        if kind == "job":
            described["job"] = _job(kp3r, known_name(kind, address, kp3r.jobs, kind, AT_BLOCK))
        elif kind == "keeper":
            described["keeper"] = _keeper(kp3r, known_name(kind, address, kp3r.accounts, kind, AT_BLOCK))
        else:
            raise UsageError(f"{kind}={address}: Keep3r V1 holds nothing by that name; say job=... or keeper=...")
    return described


def _overview(kp3r: Keep3rV1) -> dict[str, Any]:
    parameters, market = kp3r.parameters, kp3r.market
    return {
        "contract": kp3r.address,
        "total_supply": str(kp3r.total_supply),
        "total_bonded": str(kp3r.total_bonded),
        "governance": parameters.governance,
        "helper": parameters.helper,
        "helper_version": market.helpers.get(parameters.helper),
        "feed": str(market.feed.latest_answer),
        "kp3r_per_weth": {version: _price(kp3r, helper) for helper, version in market.helpers.items()},
        "limit_without_bond": {version: _limit(kp3r, helper) for helper, version in market.helpers.items()},
        "jobs": {address: str(kp3r.jobs[address].credits[kp3r.address]) for address in dict.fromkeys(kp3r.job_list)},
        "keepers": list(kp3r.keeper_list),
        "liquidities": [pair for pair, accepted in kp3r.liquidity_accepted.items() if accepted],
    }


def _price(kp3r: Keep3rV1, helper: str) -> str:
    try:
        return str(kp3r.market.pricing(helper, 0, kp3r.now).rate.of(ETHER))
    except (Revert, UnknownHelperError) as error:
        return f"revert {error}"


def _limit(kp3r: Keep3rV1, helper: str) -> str:
    try:
        return str(kp3r.market.pricing(helper, 0, kp3r.now).limit(LIMIT_OF))
    except (Revert, UnknownHelperError) as error:
        return f"revert {error}"


def _job(kp3r: Keep3rV1, address: str) -> dict[str, Any]:
    job = kp3r.jobs[address]
    return {
        "address": address,
        "listed": job.listed,
        "credits": {token: str(amount) for token, amount in sorted(job.credits.items()) if amount},
        "liquidity": [
            {
                "provider": provider,
                "pair": pair,
                "provided": str(entry.provided),
                "waiting": str(entry.amount),
                "applicable_after": entry.applied,
                "unbonding": str(entry.amounts_unbonding),
                "removable_after": entry.unbonding,
            }
            for (provider, pair, owner), entry in sorted(kp3r.provisions.items())
            if owner == address and (entry.provided or entry.amount)
        ],
    }


def _keeper(kp3r: Keep3rV1, address: str) -> dict[str, Any]:
    account = kp3r.accounts[address]
    tokens = sorted({*account.bonds, *account.pending_bonds, *account.partial_unbonding})
    return {
        "address": address,
        "is_keeper": account.is_keeper,
        "disputed": account.disputed,
        "blacklisted": account.blacklisted,
        "first_seen": account.first_seen,
        "last_job": account.last_job,
        "work_completed": str(account.work_completed),
        "votes": str(account.votes),
        "delegate": account.delegate,
        "balance": str(account.balance),
        "bonds": {
            token: {
                "bonded": str(account.bonds[token]),
                "pending": str(account.pending_bonds[token]),
                "active_after": account.bondings[token],
                "unbonding": str(account.partial_unbonding[token]),
                "withdrawable_after": account.unbondings[token],
            }
            for token in tokens
        },
    }
