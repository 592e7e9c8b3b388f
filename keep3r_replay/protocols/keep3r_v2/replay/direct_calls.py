"""Functions that transactions call on Keep3r and its helpers directly: their input, and the event they must leave.

Selectors are the first four bytes of the signature's Keccak-256 (a test computes them). Functions of 2.2 and 2.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.replay.direct_call import ALONE, SELECTOR, DirectCall

__all__ = ["HELPER_CALLS", "KEEP3R_CALLS", "SELECTOR", "VALIDATIONS", "direct_arguments", "direct_function"]

if TYPE_CHECKING:
    from collections.abc import Mapping


def _set(signature: str, event: str, column: str) -> DirectCall:
    return DirectCall(signature, event, {column: 0}, elsewhere=ALONE)


_REWARDS = frozenset({"LiquidityCreditsReward"})

KEEP3R_CALLS = {
    "6ba42aaa": DirectCall("isKeeper(address)", "", {}, "", frozenset({"KeeperValidation"})),
    "f9d46cf2": DirectCall(
        "isBondedKeeper(address,address,uint256,uint256,uint256)", "", {}, "", frozenset({"KeeperValidation"})
    ),
    "5feeb794": DirectCall("worked(address)", "KeeperWork", {"keeper": 0}, "job", _REWARDS),
    "b70362b9": DirectCall("worked(address,uint256)", "KeeperWork", {"keeper": 0}, "job", _REWARDS),
    "11466d72": DirectCall(
        "bondedPayment(address,uint256)", "KeeperWork", {"keeper": 0, "payment": 1}, "job", _REWARDS
    ),
    "dd2080d6": DirectCall(
        "directTokenPayment(address,address,uint256)", "KeeperWork", {"credit": 0, "keeper": 1, "payment": 2}, "job"
    ),
    "52a4de29": DirectCall(
        "addLiquidityToJob(address,address,uint256)",
        "LiquidityAddition",
        {"job": 0, "liquidity": 1, "amount": 2},
        "provider",
        _REWARDS,
    ),
    "1101eb41": DirectCall(
        "unbondLiquidityFromJob(address,address,uint256)",
        "Unbonding",
        {"keeper_or_job": 0, "unbonding": 1, "amount": 2},
    ),
    "a2145809": DirectCall(
        "withdrawLiquidityFromJob(address,address,address)",
        "LiquidityWithdrawal",
        {"job": 0, "liquidity": 1, "receiver": 2},
    ),
    "6e2a9ca6": DirectCall(
        "slashLiquidityFromJob(address,address,uint256)",
        "JobSlashLiquidity",
        {"job": 0, "liquidity": 1, "amount": 2},
        "slasher",
    ),
    "fe75bc46": DirectCall("forceLiquidityCreditsToJob(address,uint256)", "LiquidityCreditsForced", {"job": 0}),
    "b600702a": _set("approveLiquidity(address)", "LiquidityApproval", "liquidity"),
    "64bb43ee": _set("revokeLiquidity(address)", "LiquidityRevocation", "liquidity"),
    "c5198abc": DirectCall("addJob(address)", "JobAddition", {"job": 0}, "job_owner"),
    "594a3a93": DirectCall(
        "changeJobOwnership(address,address)", "JobOwnershipChange", {"job": 0, "pending_owner": 1}, "owner"
    ),
    "59a2255e": DirectCall("acceptJobOwnership(address)", "JobOwnershipAssent", {"job": 0}, "new_owner"),
    "90a4684e": DirectCall("migrateJob(address,address)", "JobMigrationRequested", {"from_job": 0, "to_job": 1}),
    "af320e81": DirectCall(
        "acceptJobMigration(address,address)", "JobMigrationSuccessful", {"from_job": 0, "to_job": 1}
    ),
    "575288bf": DirectCall(
        "addTokenCreditsToJob(address,address,uint256)", "TokenCreditAddition", {"job": 0, "token": 1}, "provider"
    ),
    "d55995fe": DirectCall(
        "withdrawTokenCreditsFromJob(address,address,uint256,address)",
        "TokenCreditWithdrawal",
        {"job": 0, "token": 1, "amount": 2, "receiver": 3},
    ),
    "f25e311b": DirectCall(
        "slashTokenFromJob(address,address,uint256)", "JobSlashToken", {"job": 0, "token": 1, "amount": 2}, "slasher"
    ),
    "f75f9f7b": DirectCall("dispute(address)", "Dispute", {"job_or_keeper": 0}, "disputer"),
    "55ea6c47": DirectCall("resolve(address)", "Resolve", {"job_or_keeper": 0}, "resolver"),
    "a515366a": DirectCall("bond(address,uint256)", "Bonding", {"bonding": 0}, "keeper"),
    "1c5a9d9c": DirectCall("activate(address)", "Activation", {"bond": 0}, "keeper"),
    "a5d059ca": DirectCall("unbond(address,uint256)", "Unbonding", {"unbonding": 0, "amount": 1}, "keeper_or_job"),
    "51cff8d9": DirectCall("withdraw(address)", "Withdrawal", {"bond": 0}, "keeper"),
    "c20297f0": DirectCall("slash(address,address,uint256,uint256)", "KeeperSlash", {"keeper": 0}, "slasher"),
    "e74f8239": DirectCall("slash(address,address,uint256)", "KeeperSlash", {"keeper": 0, "amount": 2}, "slasher"),
    "74a8f103": DirectCall("revoke(address)", "KeeperRevoke", {"keeper": 0}, "slasher"),
    "9d5c33d8": _set("addDisputer(address)", "DisputerAdded", "disputer"),
    "f0f346b9": _set("removeDisputer(address)", "DisputerRemoved", "disputer"),
    "68a9f19c": _set("addSlasher(address)", "SlasherAdded", "slasher"),
    "aac6aa9c": _set("removeSlasher(address)", "SlasherRemoved", "slasher"),
    "b7e77340": _set("setBondTime(uint256)", "BondTimeChange", "bond_time"),
    "8fe204dd": _set("setUnbondTime(uint256)", "UnbondTimeChange", "unbond_time"),
    "ebbb6194": _set("setLiquidityMinimum(uint256)", "LiquidityMinimumChange", "liquidity_minimum"),
    "cb54694d": _set("setRewardPeriodTime(uint256)", "RewardPeriodTimeChange", "reward_period_time"),
    "b2392233": _set("setInflationPeriod(uint256)", "InflationPeriodChange", "inflation_period"),
    "69fe0e2d": _set("setFee(uint256)", "FeeChange", "fee"),
    "72da828a": _set("setKeep3rHelper(address)", "Keep3rHelperChange", "keep3r_helper"),
    "ec00cdfc": DirectCall(
        "setKeep3rV1(address)",
        "Keep3rV1Change",
        {"keep3r_v1": 0},
        elsewhere=frozenset({"escrow.wKP3RMinted"}),
    ),
    "cb4be2bb": _set("setKeep3rV1Proxy(address)", "Keep3rV1ProxyChange", "keep3r_v1_proxy"),
    "160e1e31": _set("setKp3rWethPool(address)", "Kp3rWethPoolChange", "kp3r_weth_pool"),
    "ab033ea9": _set("setGovernance(address)", "GovernanceProposal", "pending_governance"),
    "238efcbc": DirectCall("acceptGovernance()", "GovernanceSet", {}, "governance"),
    "f235757f": _set("setPendingGovernor(address)", "PendingGovernorSet", "pending_governance"),
    "13f6986d": DirectCall("acceptPendingGovernor()", "PendingGovernorAccepted", {}, "governance"),
    "966abd00": DirectCall("sendDust(address,uint256,address)", "DustSent", {"token": 0, "amount": 1, "to": 2}),
}
"""Functions of Keep3r by selector."""

HELPER_CALLS = {
    "b2e0df96": _set("setMaxBoost(uint256)", "MaxBoostChange", "max_boost"),
    "0c525835": _set("setMinBoost(uint256)", "MinBoostChange", "min_boost"),
    "ab5dce00": _set("setTargetBond(uint256)", "TargetBondChange", "target_bond"),
    "289adb44": _set("setWorkExtraGas(uint256)", "WorkExtraGasChange", "work_extra_gas"),
    "b93f5af0": _set("setQuoteTwapTime(uint32)", "QuoteTwapTimeChange", "quote_twap_time"),
    "607e48d4": _set("setMinBaseFee(uint256)", "MinBaseFeeChange", "min_base_fee"),
    "e244208b": _set("setMinPriorityFee(uint256)", "MinPriorityFeeChange", "min_priority_fee"),
    "3cc7ab30": _set("setKeep3rV2(address)", "Keep3rV2Change", "keep3r_v2"),
    "160e1e31": _set("setKp3rWethPool(address)", "Kp3rWethPoolChange", "kp3r_weth_pool"),
    "5c38eb3a": DirectCall("setOracle(address,address)", "OracleSet", {"liquidity": 0, "oracle_pool": 1}),
    "11a6e1c7": DirectCall(
        "setWethUsdPool(address,uint8)", "WethUSDPoolChange", {"weth_usd_pool": 0, "usd_decimals": 1}
    ),
    "fae63d61": _set("setWethUsdPool(address)", "WethUSDPoolChange", "weth_usd_pool"),
    "ab033ea9": _set("setGovernance(address)", "GovernanceProposal", "pending_governance"),
    "238efcbc": DirectCall("acceptGovernance()", "GovernanceSet", {}, "governance"),
    "f235757f": _set("setPendingGovernor(address)", "PendingGovernorSet", "pending_governance"),
    "13f6986d": DirectCall("acceptPendingGovernor()", "PendingGovernorAccepted", {}, "governance"),
}
"""Functions of the helpers by selector."""


VALIDATIONS = ("6ba42aaa", "f9d46cf2")
"""Selectors of `isKeeper` and `isBondedKeeper`, which set the gas meter and may leave no event."""


def direct_function(inputs: Mapping[tuple[int, int], bytes], transaction: tuple[int, int]) -> str:
    """Name of the function that a transaction calls on Keep3r itself; empty if it does not, or calls an unknown one."""
    data = inputs.get(transaction)
    call = None if data is None else KEEP3R_CALLS.get(data[:SELECTOR].hex())
    return "" if call is None else call.signature.partition("(")[0]


def direct_arguments(
    inputs: Mapping[tuple[int, int], bytes], transaction: tuple[int, int], signature: str
) -> tuple[str | int, ...] | None:
    """Arguments of `signature` in a transaction that calls it on Keep3r itself; None for any other."""
    data = inputs.get(transaction)
    if data is None:
        return None
    call = KEEP3R_CALLS.get(data[:SELECTOR].hex())
    return call.decode(data) if call is not None and call.signature == signature else None
