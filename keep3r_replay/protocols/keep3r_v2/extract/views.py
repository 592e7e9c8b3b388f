"""The questions whose answers are a deployment's readings: every view, for every subject that events have named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import Question, View
from keep3r_replay.lake.late import begins_late
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of
from keep3r_replay.protocols.keep3r_v2.extract.subjects import subjects
from keep3r_replay.sidechain_oracle.events import ORACLE

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
SLOT0 = View("slot0", (), ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"))
OBSERVE = View("observe", ("uint32[]",), ("int56[]", "uint160[]"), ("OLD",))
OBSERVATIONS = View("observations", ("uint256",), ("uint32", "int56", "uint160", "bool"))
_AGO = (0, 600, 86_400, 432_000)


def questions_at(lake: Lake, block: int) -> list[Question]:
    """Return the questions to ask of every contract that there is at a block."""
    return [question for contract in lake.deployment.contracts for question in _questions(lake, contract, block)]


def rings_to_read(lake: Lake, block: int) -> list[str]:
    """Pools whose rings a replay needs that begins at this block: it is a lake's first, and they are older."""
    coverage = lake.manifest.coverage
    if coverage is None or block != coverage.from_block:
        return []
    pools = [each for each in lake.deployment.contracts if each.role in {"uniswap_v3_pool", ORACLE}]
    return [each.address for each in pools if begins_late(lake, each)]


def _questions(lake: Lake, contract: Contract, block: int) -> list[Question]:
    if int(contract.facts.get("from_block", 0)) > block:
        return []
    questions = [
        Question(contract.address, View(name, (), returns)) for name, returns in parameters_of(contract).items()
    ]
    if contract.role == "keep3r":
        questions += _of_keep3r(lake, contract, block)
    elif contract.role == "keep3r_helper":
        questions += _of_helper(lake, contract, block)
    elif contract.role == ORACLE:
        questions += [Question(contract.address, SLOT0), Question(contract.address, View("poolNonce", (), ("uint24",)))]
        questions += [Question(contract.address, OBSERVE, ((ago,),)) for ago in _AGO]
    elif contract.role == "uniswap_v3_pool":
        questions.append(Question(contract.address, SLOT0))
        questions.append(Question(contract.address, View("liquidity", (), ("uint128",))))
        questions += [Question(contract.address, OBSERVE, ((ago,),)) for ago in _AGO]
    return questions


def _of_keep3r(lake: Lake, contract: Contract, block: int) -> list[Question]:
    keep3r = contract.address
    jobs, keepers, bonded, credited, liquidities = subjects(lake, contract, block)
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
    pools = _pools(lake) if RULES[contract.version].has_kp3r_weth_pool else []
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
    keep3rs = [subjects(lake, each, block) for each in lake.deployment.contracts if each.role == "keep3r"]
    if HELPER_RULES[contract.version].has_oracles:
        oracle = View("oracle", _ADDRESS, _ADDRESS)
        named = sorted({liquidity for each in keep3rs for liquidity in each.liquidities})
        questions += [Question(helper, oracle, (liquidity,)) for liquidity in named]
    keepers = sorted({keeper for each in keep3rs for keeper in each.keepers})
    return questions + [Question(helper, reward, (keeper, 100_000)) for keeper in keepers]


def _pools(lake: Lake) -> list[str]:
    """Return the addresses of all pools."""
    return [contract.address for contract in lake.deployment.contracts if contract.role == "uniswap_v3_pool"]
