"""Views of the contract and of those around it, by name, as readings spell them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import Observation
    from keep3r_replay.uniswap_v2.pair import Pair

_PARAMETERS = {
    "KPRH": lambda kp3r: kp3r.parameters.helper,
    "governance": lambda kp3r: kp3r.parameters.governance,
    "pendingGovernance": lambda kp3r: kp3r.parameters.pending_governance,
    "totalSupply": lambda kp3r: kp3r.total_supply,
    "totalBonded": lambda kp3r: kp3r.total_bonded,
    "getJobs": lambda kp3r: kp3r.job_list,
    "getKeepers": lambda kp3r: kp3r.keeper_list,
    "pairs": lambda kp3r: kp3r.liquidity_pairs,
}
_OF_ACCOUNT = {
    "keepers": "is_keeper",
    "blacklist": "blacklisted",
    "disputes": "disputed",
    "firstSeen": "first_seen",
    "lastJob": "last_job",
    "workCompleted": "work_completed",
    "votes": "votes",
    "getCurrentVotes": "current_votes",
    "delegates": "delegate",
    "balanceOf": "balance",
}
_OF_ACCOUNT_AND_TOKEN = {
    "bonds": "bonds",
    "pendingbonds": "pending_bonds",
    "bondings": "bondings",
    "unbondings": "unbondings",
    "partialUnbonding": "partial_unbonding",
}
_OF_PROVISION = {
    "liquidityProvided": "provided",
    "liquidityUnbonding": "unbonding",
    "liquidityAmountsUnbonding": "amounts_unbonding",
    "liquidityApplied": "applied",
    "liquidityAmount": "amount",
}


def answer(
    kp3r: Keep3rV1, contract: str, name: str, arguments: Sequence[str], source: str
) -> Callable[[], object] | None:
    """What answers a view, as a function of no arguments that may raise `Revert`; None where the model has none."""
    market = kp3r.market
    if source == "storage":
        return None
    if contract == "":
        return {"block.timestamp": lambda: kp3r.now}.get(name)
    if contract == kp3r.address:
        return _of_contract(kp3r, name, arguments)
    if contract in market.pairs:
        return _of_pair(market.pairs[contract], name, arguments)
    if contract in market.helpers and name == "getQuoteLimit":
        gas, origin = int(arguments[0]), arguments[1]
        return lambda: market.pricing(contract, kp3r.worth_of_bonds(origin), kp3r.now).limit(gas)
    if contract == market.feed.address and name == "latestAnswer":
        return lambda: market.feed.latest_answer
    return _of_oracle(kp3r, contract, name, arguments)


def _of_contract(kp3r: Keep3rV1, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    if name in _PARAMETERS:
        return partial(_PARAMETERS[name], kp3r)
    if name == "credits":
        job, token = arguments
        return lambda: kp3r.jobs[job].credits[token]
    if name in {"jobs", "jobProposalDelay", "liquidityAccepted"}:
        subject = arguments[0]
        if name == "liquidityAccepted":
            return lambda: kp3r.liquidity_accepted.get(subject, False)
        return (lambda: kp3r.jobs[subject].listed) if name == "jobs" else lambda: kp3r.jobs[subject].proposal_delay
    if name in _OF_ACCOUNT:
        account, field = arguments[0], _OF_ACCOUNT[name]
        return lambda: getattr(kp3r.accounts[account], field)
    if name in _OF_ACCOUNT_AND_TOKEN:
        account, field, token = arguments[0], _OF_ACCOUNT_AND_TOKEN[name], arguments[1]
        return lambda: getattr(kp3r.accounts[account], field)[token]
    if name in _OF_PROVISION:
        provider, pair, job = arguments
        field = _OF_PROVISION[name]
        return lambda: getattr(kp3r.provisions[provider, pair, job], field)
    return None


def _of_pair(pair: Pair, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    views: dict[str, Callable[[], object]] = {
        "getReserves": lambda: [pair.latest.reserve0, pair.latest.reserve1, pair.latest.time],
        "price0CumulativeLast": lambda: pair.latest.price0,
        "price1CumulativeLast": lambda: pair.latest.price1,
        "totalSupply": lambda: pair.total_supply,
    }
    if name == "balanceOf":
        return lambda: pair.balances[arguments[0]]
    return views.get(name)


def _of_oracle(kp3r: Keep3rV1, contract: str, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    market = kp3r.market
    if market.uniswap_v2_oracle is not None and contract == market.uniswap_v2_oracle.address:
        return _of_uniswap_v2_oracle(kp3r, name, arguments)
    if market.v1_oracle is not None and contract == market.v1_oracle.address:
        return _of_v1_oracle(kp3r, name, arguments)
    if market.v2_oracle is not None and contract == market.v2_oracle.address:
        return _of_v2_oracle(kp3r, name, arguments)
    return None


def _of_uniswap_v2_oracle(kp3r: Keep3rV1, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    oracle = kp3r.market.uniswap_v2_oracle
    assert oracle is not None
    if name == "consult":
        pair, token0_in = _traded(kp3r, arguments)
        return lambda: oracle.rate(pair, kp3r.now, token0_in=token0_in).of(int(arguments[1]))
    if name == "lastUpdated":
        return lambda: oracle.last_updated.get(arguments[0], 0)
    if name == "pairObservations":
        return lambda: list(oracle.observation(arguments[0], int(arguments[1])))
    return None


def _of_v1_oracle(kp3r: Keep3rV1, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    oracle = kp3r.market.v1_oracle
    assert oracle is not None
    if name == "current":
        pair, token0_in = _traded(kp3r, arguments)
        return lambda: oracle.rate(pair, kp3r.now, token0_in=token0_in).of(int(arguments[1]))
    if name == "observationLength":
        return lambda: len(oracle.observations.get(arguments[0], []))
    if name == "lastObservation":
        return lambda: _last(oracle.observations.get(arguments[0], []))
    if name == "minKeep":
        return lambda: oracle.min_keep
    return None


def _of_v2_oracle(kp3r: Keep3rV1, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    market = kp3r.market
    oracle = market.v2_oracle
    assert oracle is not None
    pair = market.pairs[oracle.pair]
    if name == "length":
        return lambda: len(oracle.observations)
    if name not in {"quote", "current"}:
        return None
    amount, token0_in = int(arguments[1]), pair.token0 == arguments[0]
    if name == "quote":
        points = int(arguments[3])
        return lambda: list(oracle.quote(pair, amount, points, token0_in=token0_in))
    return lambda: list(oracle.current(pair, amount, token0_in=token0_in))


def _traded(kp3r: Keep3rV1, arguments: Sequence[str]) -> tuple[Pair, bool]:
    """The pair of a question (token in, amount, token out), and whether its token0 comes in."""
    pair = kp3r.market.pairs_by_tokens[frozenset((arguments[0], arguments[2]))]
    return pair, pair.token0 == arguments[0]


def _last(observations: Sequence[Observation]) -> list[int]:
    if not observations:
        raise Revert("empty")
    return list(observations[-1])
