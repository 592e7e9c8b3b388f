"""Liquidity: LP tokens staked for a job mint it credits in KP3R, at the pair's reserves of that very instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.token import burn_tokens, mint_tokens

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def approve_liquidity(kp3r: Keep3rV1, sender: str, pair: str) -> None:
    """`approveLiquidity` by governance. A pair that returns stands in the list twice."""
    # CHECKS
    kp3r.require_governance(sender, "approveLiquidity")
    kp3r.require(not kp3r.liquidity_accepted.get(pair), "approveLiquidity: !pair")
    # EFFECTS
    kp3r.liquidity_accepted[pair] = True
    kp3r.liquidity_pairs.append(pair)


def revoke_liquidity(kp3r: Keep3rV1, sender: str, pair: str) -> None:
    """`revokeLiquidity` by governance: no more LP tokens of this pair; what is staked stays."""
    # CHECKS
    kp3r.require_governance(sender, "revokeLiquidity")
    # EFFECTS
    kp3r.liquidity_accepted[pair] = False


def add_liquidity_to_job(
    kp3r: Keep3rV1, sender: str, pair: str, job: str, amount: int, *, proposal_accepted: bool = True
) -> None:
    """`addLiquidityToJob`: `amount` (wei of LP tokens) waits for `applyCreditToJob`, with all that waited before.

    A job that is not listed is proposed to governance; `proposal_accepted` says whether its contract takes that.
    """
    # CHECKS
    kp3r.require(kp3r.liquidity_accepted.get(pair), "addLiquidityToJob: !pair")
    lp_token = kp3r.market.pairs.get(pair)
    if lp_token is not None and kp3r.collected is None:
        kp3r.require(amount <= lp_token.balances[sender], "SafeERC20: low-level call failed")
    # EFFECTS
    provision = kp3r.provisions[sender, pair, job]
    provision.provided = kp3r.add(provision.provided, amount)
    provision.applied = kp3r.now + kp3r.parameters.liquidity_bond_time
    provision.amount = kp3r.add(provision.amount, amount)
    entry = kp3r.jobs[job]
    if not entry.listed and entry.proposal_delay < kp3r.now:
        kp3r.require(proposal_accepted, "empty")
        entry.proposal_delay = kp3r.now + kp3r.parameters.unbond_time
    kp3r.emit("SubmitJob", job, pair, sender, kp3r.block_number, amount)


def worth_of_liquidity(kp3r: Keep3rV1, pair: str, amount: int) -> int:
    """KP3R (wei) behind `amount` of LP tokens, by the pair's reserve of this instant. Raises `Revert`.

    Anyone may name any contract as a pair: of one without known reserves only the worth of nothing is known.
    """
    lp_token = kp3r.market.pairs.get(pair)
    if lp_token is None:
        kp3r.require(amount == 0, "the reserves of the pair are not known")
        return 0
    kp3r.require(lp_token.total_supply, "div: /")
    return lp_token.reserve_of(kp3r.address) * amount // (lp_token.total_supply or 1)


def apply_credit_to_job(kp3r: Keep3rV1, provider: str, pair: str, job: str, credit: int | None = None) -> None:
    """`applyCreditToJob`, by anyone: what waits becomes credits. The time stays: a repetition gives nothing.

    `credit` overrides the worth of the liquidity (wei) in a replay that changes it.
    """
    provision = kp3r.provisions[provider, pair, job]
    # CHECKS
    kp3r.require(kp3r.liquidity_accepted.get(pair), "addLiquidityToJob: !pair")
    kp3r.require(provision.applied != 0, "credit: no bond")
    kp3r.require(provision.applied < kp3r.now, "credit: bonding")
    # EFFECTS
    minted = worth_of_liquidity(kp3r, pair, provision.amount) if credit is None else credit
    mint_tokens(kp3r, kp3r.address, minted)
    owned = kp3r.jobs[job].credits
    owned[kp3r.address] = kp3r.add(owned[kp3r.address], minted)
    provision.amount = 0
    kp3r.emit("ApplyCredit", job, pair, provider, kp3r.block_number, minted)


def unbond_liquidity_from_job(
    kp3r: Keep3rV1, sender: str, pair: str, job: str, amount: int, worth: int | None = None
) -> None:
    """`unbondLiquidityFromJob`: the job loses the worth of `amount` (wei of LP tokens), at most all its credits."""
    provision = kp3r.provisions[sender, pair, job]
    # CHECKS
    kp3r.require(provision.amount == 0, "credit: pending credit")
    # EFFECTS
    provision.unbonding = kp3r.now + kp3r.parameters.unbond_time
    provision.amounts_unbonding = kp3r.add(provision.amounts_unbonding, amount)
    kp3r.require(provision.amounts_unbonding <= provision.provided, "unbondLiquidityFromJob: insufficient funds")
    lost = worth_of_liquidity(kp3r, pair, amount) if worth is None else worth
    owned = kp3r.jobs[job].credits
    burned = min(lost, owned[kp3r.address])
    burn_tokens(kp3r, kp3r.address, burned)
    owned[kp3r.address] -= burned
    kp3r.emit("UnbondJob", job, pair, sender, kp3r.block_number, amount)


def remove_liquidity_from_job(kp3r: Keep3rV1, sender: str, pair: str, job: str) -> None:
    """`removeLiquidityFromJob`: what is unbonding is paid. The time stays: a repetition pays nothing."""
    provision = kp3r.provisions[sender, pair, job]
    # CHECKS
    kp3r.require(provision.unbonding != 0, "removeJob: unbond")
    kp3r.require(provision.unbonding < kp3r.now, "removeJob: unbonding")
    # EFFECTS
    amount = provision.amounts_unbonding
    provision.provided = kp3r.subtract(provision.provided, amount)
    provision.amounts_unbonding = 0
    kp3r.emit("RemoveJob", job, pair, sender, kp3r.block_number, amount)
