"""A contract's parameters as its views tell them: what constructors set without an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keep3r_replay.chain.refusals import Refusal, RefusedError
from keep3r_replay.chain.views import Question, View, read_views
from keep3r_replay.dataset.values import answer_text
from keep3r_replay.errors import NodeError
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES, HelperRules, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.lake.deployment import Contract

_UINT, _ADDRESS, _LIST, _POOL = ("uint256",), ("address",), ("address[]",), ("address", "bool")

_KEEP3R = {
    **dict.fromkeys(
        ("bondTime", "unbondTime", "liquidityMinimum", "rewardPeriodTime", "inflationPeriod", "fee"), _UINT
    ),
    **dict.fromkeys(("governance", "pendingGovernance", "keep3rV1", "keep3rV1Proxy", "keep3rHelper"), _ADDRESS),
    **dict.fromkeys(("jobs", "keepers", "approvedLiquidities"), _LIST),
}
_GOVERNED = dict.fromkeys(("governance", "pendingGovernance"), _ADDRESS)
_GOVERNOR = {"governance": "governor", "pendingGovernance": "pendingGovernor"}
"""Names of the views that tell of governance where it is called governor."""
_HELPER = {
    "keep3rV2": _ADDRESS,
    **dict.fromkeys(("minBoost", "maxBoost", "targetBond", "workExtraGas", "quoteTwapTime"), _UINT),
    "kp3rWethPool": _POOL,
    **_GOVERNED,
}

Views = dict[str, tuple[str, ...]]
"""Names of views without arguments, and the types they return."""


def parameters_of(contract: Contract) -> Views:
    """The views that tell what a contract's constructor set; none for other contracts than Keep3r and its helper."""
    if contract.role == "keep3r":
        return _of_keep3r(RULES[contract.version])
    return _of_helper(HELPER_RULES[contract.version]) if contract.role == "keep3r_helper" else {}


def _of_keep3r(rules: Rules) -> Views:
    views: Views = _named(_KEEP3R, governor=rules.has_governor)
    if rules.has_kp3r_weth_pool:
        views["kp3rWethPool"] = _ADDRESS
    if rules.has_total_bonds:
        views["totalBonds"] = _UINT
    if rules.has_virtual_reserves:
        views["virtualReserves"] = ("int256",)
    return views


def _of_helper(rules: HelperRules) -> Views:
    if rules.is_constant:
        return {"keep3rV2": _ADDRESS}
    views: Views = _named(_HELPER, governor=rules.has_governor)
    if rules.has_minimum_base_fee:
        views |= {"minBaseFee": _UINT, "minPriorityFee": _UINT}
    if rules.has_oracles:
        views["wethUSDPool"] = (*_POOL, "uint8") if rules.has_usd_decimals else _POOL
    return views


def _named(views: Mapping[str, tuple[str, ...]], *, governor: bool) -> Views:
    return {_GOVERNOR.get(name, name) if governor else name: returns for name, returns in views.items()}


def read_parameters(client: NodeClient, contract: Contract, block: int) -> dict[str, str]:
    """Return a contract's parameters by the name of their view, as text, at a block.

    Raises:
        NodeError: the node has no state of that block.
    """
    views = parameters_of(contract)
    questions = [Question(contract.address, View(name, (), returns)) for name, returns in views.items()]
    try:
        answers = read_views(client, questions, block)
    except RefusedError as refused:
        if refused.verdict.refusal not in {Refusal.UNSUPPORTED, Refusal.PRUNED}:
            raise
        raise NodeError(
            f"the node has no state of block {block}, where {contract.role} starts; ask an archive node once"
        ) from None
    usual = {name: view for view, name in _GOVERNOR.items()}
    return {
        usual.get(name, name): answer_text(answer.values)
        for name, answer in zip(views, answers, strict=True)
        if answer.values is not None
    }


def pools_in(parameters: Mapping[str, str]) -> list[str]:
    """The pools that parameters of a helper or Keep3r name: text of an address, or of a list that begins with one."""
    texts = (parameters[name] for name in ("kp3rWethPool", "wethUSDPool") if name in parameters)
    return [str(json.loads(text)[0]) if text.startswith("[") else text for text in texts]
