"""Which pair Keep3r V1's first two oracles take for two tokens."""

from __future__ import annotations

from lakes import imported

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.contract.market import Market
from keep3r_replay.uniswap_v2.pair import Pair
from keep3r_replay.uniswap_v2.pair_address import pair_address
from tests.keep3r_v1.recorded import BUNDLED, KP3R

WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
UNISWAP = "0x87febfb3ac5791034fd5ef1a615e9d9627c2665d"
SUSHI = "0xaf988aff99d3d0cb870812c325c588d8d8cb7de8"


def test_addresses_are_those_that_the_factory_made():
    """Every pair of a recording, whose factory has mainnet's address and code, stands where it is reckoned to."""
    pairs = [each for each in Lake.open(imported(BUNDLED)).deployment.contracts if each.role == "uniswap_v2_pair"]
    assert [pair_address(each.facts["token1"], each.facts["token0"]) for each in pairs] == [
        each.address for each in pairs
    ]
    assert UNISWAP in {each.address for each in pairs}


def test_another_exchange_with_the_same_tokens_changes_nothing():
    """Whichever is known first, Uniswap's pair answers for its tokens; where it is not known, the named one does."""
    tokens = frozenset((KP3R, WETH))
    for known in ((UNISWAP, SUSHI), (SUSHI, UNISWAP)):
        market = Market(KP3R, WETH, UNISWAP, None)
        market.pairs = {each: Pair(each, KP3R, WETH) for each in known}
        assert market.pairs_by_tokens[tokens].address == UNISWAP
    market = Market(KP3R, WETH, "0x" + "11" * 20, None)
    market.pairs = {each: Pair(each, KP3R, WETH) for each in (market.kp3r_weth, SUSHI)}
    assert market.pairs_by_tokens[tokens].address == market.kp3r_weth
