"""A pair and three oracles with three Syncs, whose every number is known."""

from __future__ import annotations

from keep3r_replay.chainlink.feed import Feed
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v1_oracle import Keep3rV1Oracle
from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v2_oracle import Keep3rV2Oracle
from keep3r_replay.protocols.keep3r_v1.contract.market import Market
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import UniswapV2Oracle
from keep3r_replay.uniswap_v2.pair import Pair

START = 1_609_459_200
"""Second 0 of slot 0."""
NOW = START + 12_700
GWEI = 10**9
ETHER = 10**18
FEED = 100 * GWEI
GAS = 574_413
KP3R, WETH = "0x" + "01" * 20, "0x" + "02" * 20


def market() -> Market:
    """The market at `NOW`, every helper at its version's name."""
    pair = Pair("0x" + "03" * 20, KP3R, WETH)
    made = Market(KP3R, WETH, pair.address, Feed("0x" + "04" * 20))
    made.pairs[pair.address] = pair
    made.helpers = {version: version for version in HELPERS}
    made.feed.update("0x" + "05" * 20, FEED)
    made.uniswap_v2_oracle = UniswapV2Oracle("0x" + "06" * 20)
    made.v1_oracle = Keep3rV1Oracle("0x" + "07" * 20)
    made.v2_oracle = Keep3rV2Oracle("0x" + "08" * 20, pair.address, "0x" + "09" * 20)
    pair.sync(30_000 * ETHER, 10_000 * ETHER, START)
    made.uniswap_v2_oracle.update(pair, START)
    made.v1_oracle.add(pair, START)
    made.v2_oracle.deploy(pair)
    for seconds, reserve0, reserve1 in (
        (5_000, 30_500 * ETHER, 9_836_557_377_049_180_327_868),
        (10_000, 30_400 * ETHER, 9_868_914_473_684_210_526_316),
    ):
        pair.sync(reserve0, reserve1, START + seconds)
        made.v1_oracle.update(pair, START + seconds)
        made.v2_oracle.update(pair)
    return made
