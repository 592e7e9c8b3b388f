"""The whole state of a Keep3r V1, its pairs and oracles as plain JSON values, in one canonical form.

Entries that equal what an untouched slot holds are left out: storage does not tell them apart either.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v1.contract.state import Account, Job, Parameters, Provision
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import Observation
from keep3r_replay.uniswap_v2.pair import load_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v1.contract.market import Market
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def dump(kp3r: Keep3rV1) -> dict[str, Any]:
    """State by name; amounts are int, addresses text, lists in the contract's order."""
    return {
        "address": kp3r.address,
        "parameters": asdict(kp3r.parameters),
        "total_supply": kp3r.total_supply,
        "total_bonded": kp3r.total_bonded,
        "job_list": list(kp3r.job_list),
        "keeper_list": list(kp3r.keeper_list),
        "liquidity_pairs": list(kp3r.liquidity_pairs),
        "liquidity_accepted": sorted(pair for pair, accepted in kp3r.liquidity_accepted.items() if accepted),
        "jobs": _touched(kp3r.jobs, Job()),
        "accounts": _touched(kp3r.accounts, Account()),
        "provisions": [
            [*key, *asdict(entry).values()] for key, entry in sorted(kp3r.provisions.items()) if entry != Provision()
        ],
        "holdings": {token: amount for token, amount in sorted(kp3r.holdings.items()) if amount},
        "market": dump_market(kp3r.market),
    }


def dump_market(market: Market) -> dict[str, Any]:
    """Pairs, feed and oracles."""
    first, second, third = market.uniswap_v2_oracle, market.v1_oracle, market.v2_oracle
    return {
        "feed": {"aggregator": market.feed.aggregator, "answers": dict(sorted(market.feed.answers.items()))},
        "pairs": {address: pair.snapshot() for address, pair in sorted(market.pairs.items())},
        "uniswap_v2_oracle": None
        if first is None
        else {
            "pairs": list(first.pairs),
            "slots": {pair: [list(each) for each in slots] for pair, slots in first.slots.items()},
            "last_updated": dict(first.last_updated),
        },
        "v1_oracle": None
        if second is None
        else {
            "min_keep": second.min_keep,
            "pairs": list(second.pairs),
            "observations": {pair: [list(each) for each in all_] for pair, all_ in second.observations.items()},
        },
        "v2_oracle": None if third is None else [list(each) for each in third.observations],
    }


def load(kp3r: Keep3rV1, state: Mapping[str, Any]) -> None:
    """Take over what `dump` gave of the same contract."""
    kp3r.parameters = Parameters(**state["parameters"])
    kp3r.total_supply, kp3r.total_bonded = state["total_supply"], state["total_bonded"]
    kp3r.job_list = list(state["job_list"])
    kp3r.keeper_list = list(state["keeper_list"])
    kp3r.liquidity_pairs = list(state["liquidity_pairs"])
    kp3r.liquidity_accepted = dict.fromkeys(state["liquidity_accepted"], True)
    kp3r.jobs = defaultdict(Job, {name: _loaded(Job(), each) for name, each in state["jobs"].items()})
    kp3r.accounts = defaultdict(Account, {name: _loaded(Account(), each) for name, each in state["accounts"].items()})
    kp3r.provisions = defaultdict(
        Provision,
        {(provider, pair, job): Provision(*rest) for provider, pair, job, *rest in state["provisions"]},
    )
    kp3r.holdings.clear()
    kp3r.holdings.update(state["holdings"])
    load_market(kp3r.market, state["market"])


def load_market(market: Market, state: Mapping[str, Any]) -> None:
    """Take over what `dump_market` gave."""
    market.feed.aggregator = state["feed"]["aggregator"]
    market.feed.answers = dict(state["feed"]["answers"])
    market.pairs = {address: load_pair(address, content) for address, content in state["pairs"].items()}
    if market.uniswap_v2_oracle is not None:
        content = state["uniswap_v2_oracle"]
        market.uniswap_v2_oracle.pairs = list(content["pairs"])
        market.uniswap_v2_oracle.slots = {
            pair: [Observation(*each) for each in slots] for pair, slots in content["slots"].items()
        }
        market.uniswap_v2_oracle.last_updated = dict(content["last_updated"])
    if market.v1_oracle is not None:
        content = state["v1_oracle"]
        market.v1_oracle.min_keep = content["min_keep"]
        market.v1_oracle.pairs = list(content["pairs"])
        market.v1_oracle.observations = {
            pair: [Observation(*each) for each in all_] for pair, all_ in content["observations"].items()
        }
    if market.v2_oracle is not None:
        market.v2_oracle.observations = [Observation(*each) for each in state["v2_oracle"]]


def _touched(entries: Mapping[str, Any], untouched: Any) -> dict[str, Any]:
    """Entries without what is zero; those with nothing left are left out."""
    found = {}
    for name, entry in sorted(entries.items()):
        values = {
            each.name: _present(getattr(entry, each.name))
            for each in fields(entry)
            if _present(getattr(entry, each.name)) != _present(getattr(untouched, each.name))
        }
        if values:
            found[name] = values
    return found


def _present(value: Any) -> Any:
    return {key: each for key, each in sorted(value.items()) if each} if isinstance(value, dict) else value


def _loaded(entry: Any, values: Mapping[str, Any]) -> Any:
    for name, value in values.items():
        if isinstance(value, dict):
            getattr(entry, name).update(value)
        else:
            setattr(entry, name, value)
    return entry
