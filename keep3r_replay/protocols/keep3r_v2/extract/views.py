"""The questions whose answers are a deployment's readings: every view, for every subject that events have named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import Question, View
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake

_ONE = 10**18
_UINT, _ADDRESS, _BOOL = ("uint256",), ("address",), ("bool",)
_OF_JOB = {
    **dict.fromkeys(("jobLiquidityCredits", "jobPeriodCredits", "totalJobCredits", "rewardedAt", "workedAt"), _UINT),
    **dict.fromkeys(("jobOwner", "jobPendingOwner", "pendingJobMigrations"), _ADDRESS),
    "disputes": _BOOL,
    "workCompleted": _UINT,
}
_OF_KEEPER = {"workCompleted": _UINT, "firstSeen": _UINT, "disputes": _BOOL, "hasBonded": _BOOL}
_OF_KEEPER_AND_TOKEN = ("bonds", "pendingBonds", "canActivateAfter", "canWithdrawAfter", "pendingUnbonds")
_OF_JOB_AND_LIQUIDITY = ("liquidityAmount", "pendingUnbonds", "canWithdrawAfter")
_OF_JOB_AND_TOKEN = ("jobTokenCredits", "jobTokenCreditsAddedAt")
_SLOT0 = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
_AGO = (0, 600, 86_400, 432_000)


def questions_at(lake: Lake, block: int) -> list[Question]:
    """Return the questions to ask of every contract that there is at a block."""
    return [question for contract in lake.deployment.contracts for question in _questions(lake, contract, block)]


def _questions(lake: Lake, contract: Contract, block: int) -> list[Question]:
    if int(contract.facts.get("from_block", 0)) > block:
        return []
    questions = [
        Question(contract.address, View(name, (), returns)) for name, returns in parameters_of(contract).items()
    ]
    if contract.role == "keep3r":
        questions += _of_keep3r(lake, contract.address, contract.version, block)
    elif contract.role == "keep3r_helper":
        questions += _of_helper(lake, contract, block)
    elif contract.role == "uniswap_v3_pool":
        questions.append(Question(contract.address, View("slot0", (), _SLOT0)))
        questions.append(Question(contract.address, View("liquidity", (), ("uint128",))))
        observe = View("observe", ("uint32[]",), ("int56[]", "uint160[]"))
        questions += [Question(contract.address, observe, ((ago,),)) for ago in _AGO]
    return questions


def _of_keep3r(lake: Lake, keep3r: str, version: str, block: int) -> list[Question]:
    jobs = _seen(lake, "events/keep3r.JobAddition", "job", block, keep3r)
    keepers = _seen(lake, "events/keep3r.Bonding", "keeper", block, keep3r)
    bonded = _seen(lake, "events/keep3r.Bonding", "bonding", block, keep3r)
    credited = _seen(lake, "events/keep3r.TokenCreditAddition", "token", block, keep3r)
    liquidities = _seen(lake, "events/keep3r.LiquidityApproval", "liquidity", block, keep3r)
    tokens = sorted({lake.deployment.tokens["kp3r"], *bonded})
    pair = ("address", "address")
    questions: list[Question] = []
    for job in jobs:
        questions += [Question(keep3r, View(name, _ADDRESS, kind), (job,)) for name, kind in _OF_JOB.items()]
        for names, others in ((_OF_JOB_AND_LIQUIDITY, liquidities), (_OF_JOB_AND_TOKEN, credited)):
            questions += [Question(keep3r, View(view, pair, _UINT), (job, each)) for view in names for each in others]
    for keeper in keepers:
        questions += [Question(keep3r, View(name, _ADDRESS, kind), (keeper,)) for name, kind in _OF_KEEPER.items()]
        for name in _OF_KEEPER_AND_TOKEN:
            questions += [Question(keep3r, View(name, pair, _UINT), (keeper, token)) for token in tokens]
    pools = _pools(lake) if RULES[version].has_kp3r_weth_pool else []
    for liquidity in [*liquidities, *pools]:
        observed = View("observeLiquidity", _ADDRESS, ("int56", "int56", "uint256"))
        questions.append(Question(keep3r, observed, (liquidity,)))
        questions.append(Question(keep3r, View("quoteLiquidity", ("address", "uint256"), _UINT), (liquidity, _ONE)))
    return questions


def _of_helper(lake: Lake, contract: Contract, block: int) -> list[Question]:
    helper = contract.address
    questions = [Question(helper, View("quote", _UINT, _UINT), (_ONE,))]
    questions += [Question(helper, View("getRewardBoostFor", _UINT, _UINT), (bonds,)) for bonds in (0, 100 * _ONE)]
    if not HELPER_RULES[contract.version].is_constant:
        questions.append(Question(helper, View("getPaymentParams", _UINT, _UINT * 3), (50 * _ONE,)))
    reward = View("getRewardAmountFor", ("address", "uint256"), _UINT)
    keepers = _seen(lake, "events/keep3r.Bonding", "keeper", block)
    return questions + [Question(helper, reward, (keeper, 100_000)) for keeper in keepers]


def _pools(lake: Lake) -> list[str]:
    """Return the addresses of all pools."""
    return [contract.address for contract in lake.deployment.contracts if contract.role == "uniswap_v3_pool"]


def _seen(lake: Lake, table: str, column: str, block: int, emitter: str | None = None) -> list[str]:
    """Return the addresses that an event (of one contract, if one is given) has named up to a block, sorted."""
    if not lake.has(table):
        return []
    frame = lake.scan(table, until_block=block).select("address", column).unique().collect()
    rows = zip(frame["address"].to_list(), frame[column].to_list(), strict=True)
    return sorted({named for address, named in rows if emitter in {None, address}})
