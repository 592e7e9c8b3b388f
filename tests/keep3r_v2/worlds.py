"""Small Keep3r contracts for the tests of single rules: one pool whose price a test sets, one or more liquidities."""

from __future__ import annotations

from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper, HelperParameters
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import add_liquidity_to_job, approve_liquidity
from keep3r_replay.protocols.keep3r_v2.contract.jobs import add_job
from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Parameters
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES
from keep3r_replay.uniswap_v3.oracle import Pool

DAY = 86_400
PERIOD = 5 * DAY
START = 4_000 * PERIOD
"""Start of a reward period."""
KP3R, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
POOL, LIQUIDITY = "0x" + "a" * 40, "0x" + "b" * 40
SECOND_POOL, SECOND_LIQUIDITY = "0x" + "c" * 40, "0x" + "d" * 40
JOB, TARGET, KEEPER, OWNER = ("0x" + digit * 40 for digit in "3456")
ETHER = 10**18


def keep3r(version: str = "2.3", tick: int = 0) -> Keep3r:
    """A contract with mainnet's parameters and two approved liquidities whose pools stand at `tick` since long ago.

    At tick 0 a liquidity of 34 ether is worth 34 ether of KP3R, and mines 5 ether a period.
    """
    parameters = Parameters(
        bond_time=3 * DAY,
        unbond_time=14 * DAY,
        liquidity_minimum=3 * ETHER,
        reward_period_time=PERIOD,
        inflation_period=34 * DAY,
        fee=30,
        governance=OWNER,
        pending_governance=OWNER,
        keep3r_v1=KP3R,
        keep3r_v1_proxy=OWNER,
        keep3r_helper=OWNER,
        kp3r_weth_pool=POOL,
    )
    made = Keep3r("0x" + "e" * 40, version, RULES[version], parameters, KP3R)
    constants = HelperParameters(11_000, 12_000, 200 * ETHER, 0, 600, POOL, is_kp3r_token0=True, keep3r_v2=made.address)
    made.helpers[OWNER] = Helper(OWNER, HELPER_RULES[version], constants, made.pools)
    made.helpers[OWNER].oracles = {LIQUIDITY: POOL, SECOND_LIQUIDITY: SECOND_POOL}
    for pool, liquidity in ((POOL, LIQUIDITY), (SECOND_POOL, SECOND_LIQUIDITY)):
        made.pools[pool] = Pool(pool, KP3R, OTHER, 200)
        made.pools[pool].initialize(START - 100 * PERIOD, 2**96, tick)
        made.pools[pool].grow(1_000)
        made.pair_pools[liquidity] = pool
        approve_liquidity(made, liquidity, START - 50 * PERIOD)
    made.approvals[POOL].pool = POOL
    made.approvals[POOL].is_kp3r_token0 = True
    return made


def with_job(made: Keep3r, now: int, amount: int = 34 * ETHER, address: str = JOB, liquidity: str = LIQUIDITY) -> None:
    """Add a job, if it is none, and liquidity to it."""
    if address not in made.job_list:
        add_job(made, address, OWNER)
    add_liquidity_to_job(made, address, liquidity, amount, now)
