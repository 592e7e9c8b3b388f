"""What to do about a call that reverts, by the contract's error: most often the script forgot the call before it."""

from __future__ import annotations

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, DIVISION_PANIC

REMEDIES = {
    "AlreadyAJob": "a job can not bond; name another keeper",
    "AlreadyAKeeper": "who ever bonded can not be a job; name another job",
    "BondsLocked": "wait longer than bondTime after the bond",
    "BondsUnexistent": "bond first",
    "Disputed": "resolve the dispute first",
    "InsufficientFunds": "the job never had credits: add_liquidity, force_credits or add_token_credits first",
    "JobDisputed": "resolve the dispute first",
    "JobLiquidityInsufficient": "the job holds less of that liquidity",
    "JobLiquidityLessThanMin": "less KP3R than liquidityMinimum would lie under it; take another amount",
    "JobLiquidityUnexistent": "the job has no such liquidity; name another job or pair",
    "JobMigrationLocked": "wait a minute after migrate_job",
    "JobMigrationUnavailable": "migrate_job to that job first",
    "JobTokenCreditsLocked": "wait more than a minute after the last addition",
    "JobUnapproved": "add_job first",
    "JobUnavailable": "add_job first",
    "KeeperInvalid": "bond and activate the keeper first",
    "LiquidityPairInvalid": "the pool does not hold KP3R; on the sidechain, set_oracle first",
    "LiquidityPairUnapproved": "approve_liquidity first",
    "MinRewardPeriod": "a period is a day at least",
    "NotDisputed": "dispute first",
    "OnlyDisputer": "add_disputer first",
    "OnlyPendingGovernance": "propose_governance first",
    "OnlyPendingJobOwner": "change_ownership to that owner first",
    "OnlySlasher": "add_slasher first",
    "TokenUnallowed": "KP3R can not be token credits; name another token",
    "UnbondsLocked": "wait longer than unbondTime after the unbonding",
    "UnbondsUnexistent": "unbond first",
    "Error(AI)": "the pool exists already",
    "Error(AS)": "swap more than nothing",
    "Error(LO)": "that is more liquidity than a pool takes; lay it on other ticks",
    "Error(LOK)": "create_pool first",
    "Error(LS)": "there is less liquidity in that position",
    "Error(OLD)": "the pool remembers too little; grow_observations, and wait, before it is asked",
    "unknown helper": "Keep3r's helper is none of these contracts; set keep3rHelper to one",
    ARITHMETIC_PANIC: "more is taken than there is",
    DIVISION_PANIC: "a divisor is zero: no period credits, or a parameter of 0",
}
"""By the error; what is not here is left to the reader."""
