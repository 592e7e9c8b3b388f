"""Every event of Keep3r V2 and its companions, as truly emitted: role by role, version by version.

A declaration here says what the log holds, not what the contract's source calls it. Two of the contracts' declarations
lie: `JobAddition` is declared (job, jobOwner), and 2.0 to 2.2 emit (owner, job); `JobOwnershipAssent` is declared
(job, previousOwner, newOwner), and every version emits (newOwner, job, previousOwner). Types, and so topics, stay.
"""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, EventsByRole, parse_event
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES, HelperRules, Rules
from keep3r_replay.sidechain_oracle.events import EVENTS as ORACLE_EVENTS
from keep3r_replay.uniswap_v3.events import POOL_EVENTS

GOVERNANCE = ("GovernanceProposal(address pendingGovernance)", "GovernanceSet(address governance)")
GOVERNOR = (
    "PendingGovernorSet(address governor, address pendingGovernance)",
    "PendingGovernorAccepted(address governance)",
)
"""As GOVERNANCE, of the builds that have a governor."""
_DUST = ("DustSent(address token, uint256 amount, address to)",)

_KEEP3R = (
    "Activation(address indexed keeper, address indexed bond, uint256 amount)",
    "BondTimeChange(uint256 bondTime)",
    "Bonding(address indexed keeper, address indexed bonding, uint256 amount)",
    "Dispute(address indexed jobOrKeeper, address indexed disputer)",
    "DisputerAdded(address disputer)",
    "DisputerRemoved(address disputer)",
    *_DUST,
    "FeeChange(uint256 fee)",
    "InflationPeriodChange(uint256 inflationPeriod)",
    "JobMigrationRequested(address indexed fromJob, address toJob)",
    "JobMigrationSuccessful(address fromJob, address indexed toJob)",
    "JobOwnershipAssent(address indexed newOwner, address indexed job, address indexed previousOwner)",
    "JobOwnershipChange(address indexed job, address indexed owner, address indexed pendingOwner)",
    "JobSlashLiquidity(address indexed job, address liquidity, address indexed slasher, uint256 amount)",
    "JobSlashToken(address indexed job, address token, address indexed slasher, uint256 amount)",
    "Keep3rHelperChange(address keep3rHelper)",
    "Keep3rV1Change(address keep3rV1)",
    "Keep3rV1ProxyChange(address keep3rV1Proxy)",
    "KeeperRevoke(address indexed keeper, address indexed slasher)",
    "KeeperSlash(address indexed keeper, address indexed slasher, uint256 amount)",
    "KeeperValidation(uint256 gasLeft)",
    (
        "KeeperWork(address indexed credit, address indexed job, address indexed keeper, "
        "uint256 payment, uint256 gasLeft)"
    ),
    "LiquidityAddition(address indexed job, address indexed liquidity, address indexed provider, uint256 amount)",
    "LiquidityApproval(address liquidity)",
    "LiquidityCreditsForced(address indexed job, uint256 rewardedAt, uint256 currentCredits)",
    "LiquidityCreditsReward(address indexed job, uint256 rewardedAt, uint256 currentCredits, uint256 periodCredits)",
    "LiquidityMinimumChange(uint256 liquidityMinimum)",
    "LiquidityRevocation(address liquidity)",
    "LiquidityWithdrawal(address indexed job, address indexed liquidity, address indexed receiver, uint256 amount)",
    "Resolve(address indexed jobOrKeeper, address indexed resolver)",
    "RewardPeriodTimeChange(uint256 rewardPeriodTime)",
    "SlasherAdded(address slasher)",
    "SlasherRemoved(address slasher)",
    "TokenCreditAddition(address indexed job, address indexed token, address indexed provider, uint256 amount)",
    "TokenCreditWithdrawal(address indexed job, address indexed token, address indexed receiver, uint256 amount)",
    "UnbondTimeChange(uint256 unbondTime)",
    "Unbonding(address indexed keeperOrJob, address indexed unbonding, uint256 amount)",
    "Withdrawal(address indexed keeper, address indexed bond, uint256 amount)",
)
_OWNER_FIRST = "JobAddition(address indexed jobOwner, address indexed job)"
_JOB_FIRST = "JobAddition(address indexed job, address indexed jobOwner)"
_KP3R_WETH_POOL = ("Kp3rWethPoolChange(address kp3rWethPool)",)

_HELPER = (
    "Keep3rV2Change(address keep3rV2)",
    "Kp3rWethPoolChange(address kp3rWethPool, bool isKP3RToken0)",
    "MaxBoostChange(uint256 maxBoost)",
    "MinBoostChange(uint256 minBoost)",
    "QuoteTwapTimeChange(uint32 quoteTwapTime)",
    "TargetBondChange(uint256 targetBond)",
    "WorkExtraGasChange(uint256 workExtraGas)",
)
_HELPER_MIN_FEES = ("MinBaseFeeChange(uint256 minBaseFee)", "MinPriorityFeeChange(uint256 minPriorityFee)")
_HELPER_ORACLES = ("OracleSet(address liquidity, address oraclePool)",)
_USD_POOL = "WethUSDPoolChange(address wethUSDPool, bool isWETHToken0)"
_USD_POOL_DECIMALS = "WethUSDPoolChange(address wethUSDPool, bool isWETHToken0, uint8 usdDecimals)"


def _parsed(*declarations: str, wide: frozenset[str] = frozenset()) -> tuple[Event, ...]:
    return tuple(parse_event(declaration, wide=wide) for declaration in declarations)


def _of_keep3r(rules: Rules) -> tuple[Event, ...]:
    addition = _JOB_FIRST if rules.tells_job_first else _OWNER_FIRST
    governance = GOVERNOR if rules.has_governor else GOVERNANCE
    return _parsed(*_KEEP3R, *governance, addition, *(_KP3R_WETH_POOL if rules.has_kp3r_weth_pool else ()))


def _of_helper(rules: HelperRules) -> tuple[Event, ...]:
    if rules.is_constant:
        return ()
    minimum = _HELPER_MIN_FEES if rules.has_minimum_base_fee else ()
    usd_pool = _USD_POOL_DECIMALS if rules.has_usd_decimals else _USD_POOL
    oracles = (*_HELPER_ORACLES, usd_pool) if rules.has_oracles else ()
    return _parsed(*_HELPER, *(GOVERNOR if rules.has_governor else GOVERNANCE), *minimum, *oracles)


KEEP3R_EVENTS = {version: _of_keep3r(rules) for version, rules in RULES.items()}
"""Role `keep3r`, by version."""

HELPER_EVENTS = {version: _of_helper(rules) for version, rules in HELPER_RULES.items()}
"""Role `keep3r_helper`, by version."""

PAIR_MANAGER_EVENTS: tuple[Event, ...] = _parsed(
    # An allowance is often the largest uint256 there is: it keeps its word.
    "Approval(address indexed owner, address indexed spender, uint256 value)",
    wide=frozenset({"value"}),
) + _parsed(*GOVERNANCE, "Transfer(address indexed from, address indexed to, uint256 value)")
"""Role `pair_manager`: the kLP token of one pool."""

PAIR_MANAGER_FACTORY_EVENTS: tuple[Event, ...] = _parsed(*GOVERNANCE, "PairCreated(address pool, address pairManager)")
"""Role `pair_manager_factory`."""

ESCROW_EVENTS: tuple[Event, ...] = _parsed(
    *_DUST,
    *GOVERNANCE,
    "MinterSet(address minter)",
    "wKP3RDeposited(address wKP3R, address sender, uint256 amount)",
    "wKP3RMinted(address wKP3R, address recipient, uint256 amount)",
    "wKP3RSet(address newWKP3R)",
)
"""Role `escrow`, of the sidechain."""

EVENTS: EventsByRole = {
    "keep3r": KEEP3R_EVENTS,
    "keep3r_helper": HELPER_EVENTS,
    **ORACLE_EVENTS,
    "uniswap_v3_pool": {"": POOL_EVENTS},
    "pair_manager": {"": PAIR_MANAGER_EVENTS},
    "pair_manager_factory": {"": PAIR_MANAGER_FACTORY_EVENTS},
    "escrow": {"": ESCROW_EVENTS},
}
"""What every contract of the protocol can emit."""
