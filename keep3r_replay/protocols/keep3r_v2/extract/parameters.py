"""A contract's parameters as its views tell them: what constructors set without an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.client import NodeClient, RefusedError
from keep3r_replay.chain.refusals import Refusal
from keep3r_replay.chain.views import Question, View, read_views
from keep3r_replay.dataset.values import value_text
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
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
_HELPER_2_2_FIRST = {
    "keep3rV2": _ADDRESS,
    **dict.fromkeys(("minBoost", "maxBoost", "targetBond", "workExtraGas", "quoteTwapTime"), _UINT),
    "kp3rWethPool": _POOL,
    **_GOVERNED,
}
_HELPER_2_2 = {**_HELPER_2_2_FIRST, "minBaseFee": _UINT, "minPriorityFee": _UINT}

PARAMETERS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    **{("keep3r", version): {**_KEEP3R, "kp3rWethPool": _ADDRESS} for version in ("2.0", "2.1", "2.2")},
    ("keep3r", "2.3"): {**_KEEP3R, "totalBonds": _UINT},
    ("keep3r", "2.3s"): {**_KEEP3R, "totalBonds": _UINT, "virtualReserves": ("int256",)},
    **{("keep3r_helper", version): {"keep3rV2": _ADDRESS} for version in ("2.0", "2.1")},
    ("keep3r_helper", "2.2_first"): _HELPER_2_2_FIRST,
    **{("keep3r_helper", version): _HELPER_2_2 for version in ("2.2", "2.3")},
    ("keep3r_helper", "2.3s"): {**_HELPER_2_2, "wethUSDPool": _POOL},
}
"""The parameter views of a role and version, with what they return."""


def read_parameters(client: NodeClient, contract: Contract, block: int) -> dict[str, str]:
    """Return a contract's parameters by the name of their view, as text, at a block.

    Raises:
        NodeError: the node has no state of that block.
    """
    views = PARAMETERS.get((contract.role, contract.version), {})
    questions = [Question(contract.address, View(name, (), returns)) for name, returns in views.items()]
    try:
        answers = read_views(client, questions, block)
    except RefusedError as refused:
        if refused.verdict.refusal is not Refusal.UNSUPPORTED:
            raise
        raise NodeError(
            f"the node has no state of block {block}, where {contract.role} starts; ask an archive node once"
        ) from None
    return {
        name: answer_text(answer.values)
        for name, answer in zip(views, answers, strict=True)
        if answer.values is not None
    }


def answer_text(values: tuple[Any, ...]) -> str:
    """Write what a view answered as readings hold it: one value plain, several as a list."""
    return value_text(_plain(values[0] if len(values) == 1 else values))


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value
