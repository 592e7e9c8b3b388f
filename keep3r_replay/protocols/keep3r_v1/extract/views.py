"""Views of Keep3r V1 and of the contracts around it, for every subject that logs have named: readings at a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import Question, View
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.protocols.keep3r_v1.events import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake

_UINT, _ADDRESS, _BOOL, _LIST = ("uint256",), ("address",), ("bool",), ("address[]",)
_ONE = 10**18
_OF_CONTRACT = {
    **dict.fromkeys(("totalSupply", "totalBonded"), _UINT),
    **dict.fromkeys(("governance", "pendingGovernance", "KPRH"), _ADDRESS),
    **dict.fromkeys(("getJobs", "getKeepers", "pairs"), _LIST),
}
_OF_KEEPER = {
    **dict.fromkeys(("keepers", "blacklist", "disputes"), _BOOL),
    **dict.fromkeys(("firstSeen", "lastJob", "workCompleted", "votes", "getCurrentVotes", "balanceOf"), _UINT),
    "delegates": _ADDRESS,
}
_OF_KEEPER_AND_TOKEN = ("bonds", "pendingbonds", "bondings", "unbondings", "partialUnbonding")
_OF_PROVISION = (
    "liquidityProvided",
    "liquidityUnbonding",
    "liquidityAmountsUnbonding",
    "liquidityApplied",
    "liquidityAmount",
)
_OF_PAIR = {
    "getReserves": ("uint112", "uint112", "uint32"),
    **dict.fromkeys(("price0CumulativeLast", "price1CumulativeLast", "totalSupply"), _UINT),
}


def questions_at(lake: Lake, block: int) -> list[Question]:
    """Return the questions to ask of every contract that there is at a block.

    Limits of helpers are not among them: they depend on who asks.
    """
    there = [each for each in lake.deployment.contracts if int(each.facts.get("from_block", 0)) <= block]
    tokens = lake.deployment.tokens
    questions: list[Question] = []
    for contract in there:
        if contract.role == ROOT:
            questions += _of_root(lake, contract.address, block)
        elif contract.role == "uniswap_v2_pair":
            questions += _plain(contract.address, _OF_PAIR)
            questions.append(Question(contract.address, View("balanceOf", _ADDRESS, _UINT), (tokens["kp3r"],)))
        elif contract.role == "fastgas":
            questions += _plain(contract.address, {"latestAnswer": ("int256",)})
        else:
            questions += _of_oracle(contract, tokens)
    return questions


def _plain(address: str, views: Mapping[str, tuple[str, ...]]) -> list[Question]:
    return [Question(address, View(name, (), returns)) for name, returns in views.items()]


def _of_root(lake: Lake, kp3r: str, block: int) -> list[Question]:
    jobs = _seen(lake, "SubmitJob", "job", block) | _seen(lake, "JobAdded", "job", block)
    keepers = _seen(lake, "KeeperBonding", "keeper", block) | _seen(lake, "KeeperBonded", "keeper", block)
    tokens = sorted({kp3r, *(each.address for each in lake.deployment.contracts if each.role == "token")})
    pair = ("address", "address")
    questions = _plain(kp3r, _OF_CONTRACT)
    questions.append(Question(kp3r, View("balanceOf", _ADDRESS, _UINT), (kp3r,)))
    for job in sorted(jobs):
        questions.append(Question(kp3r, View("jobs", _ADDRESS, _BOOL), (job,)))
        questions.append(Question(kp3r, View("jobProposalDelay", _ADDRESS, _UINT), (job,)))
        questions += [Question(kp3r, View("credits", pair, _UINT), (job, token)) for token in (*tokens, ETH)]
    for keeper in sorted(keepers):
        questions += [Question(kp3r, View(name, _ADDRESS, kind), (keeper,)) for name, kind in _OF_KEEPER.items()]
        for name in _OF_KEEPER_AND_TOKEN:
            questions += [Question(kp3r, View(name, pair, _UINT), (keeper, token)) for token in tokens]
    for subject in _provisions(lake, block):
        questions += [Question(kp3r, View(name, ("address",) * 3, _UINT), subject) for name in _OF_PROVISION]
    return questions


def _of_oracle(contract: Contract, tokens: Mapping[str, str]) -> list[Question]:
    trade = ("address", "uint256", "address")
    bought = (tokens["weth"], _ONE, tokens["kp3r"])
    address, pair = contract.address, tokens["kp3r_weth"]
    if contract.role == "uniswap_v2_oracle":
        return [
            Question(address, View("consult", trade, _UINT), bought),
            Question(address, View("lastUpdated", _ADDRESS, _UINT), (pair,)),
        ]
    if contract.role == "keep3r_v1_oracle":
        return [
            Question(address, View("current", trade, _UINT), bought),
            Question(address, View("observationLength", _ADDRESS, _UINT), (pair,)),
            Question(address, View("minKeep", (), _UINT)),
        ]
    if contract.role == "keep3r_v2_oracle":
        return [
            Question(address, View("quote", (*trade, "uint256"), _UINT * 2), (*bought, 1)),
            Question(address, View("current", trade, _UINT * 2), bought),
            Question(address, View("length", (), ("uint16",))),
        ]
    return []


def _seen(lake: Lake, event: str, column: str, block: int) -> set[str]:
    """Addresses that an event of the contract has named up to a block."""
    table = f"events/{ROOT}.{event}"
    if not lake.has(table):
        return set()
    named: Iterable[str] = lake.scan(table, until_block=block).select(column).unique().collect()[column].to_list()
    return set(named)


def _provisions(lake: Lake, block: int) -> list[tuple[str, str, str]]:
    """Provider, pair and job of every liquidity that was submitted up to a block."""
    table = f"events/{ROOT}.SubmitJob"
    if not lake.has(table):
        return []
    frame = lake.scan(table, until_block=block).select("provider", "liquidity", "job").unique().collect()
    return sorted(frame.iter_rows())
