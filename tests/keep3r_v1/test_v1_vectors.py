"""Pair, oracles, helpers and inversion against numbers computed elsewhere, and one manipulation on mainnet."""

from __future__ import annotations

import pytest

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.helpers import invert
from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v2_oracle import scaled
from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import Observation
from keep3r_replay.uniswap_v2.pair import Pair
from tests.keep3r_v1.vectors import ETHER, FEED, GAS, KP3R, NOW, START, WETH, market

WEI = GAS * FEED


def test_cumulatives_of_the_pair():
    """A pair counts each interval at the price that stood, and the running one on asking."""
    pair = Pair("pair", KP3R, WETH)
    pair.sync(30_000 * ETHER, 10_000 * ETHER, START)
    pair.sync(30_500 * ETHER, 9_836_557_377_049_180_327_868, START + 5_000)
    assert pair.latest.price0 == 8653828097558046047550827215366825000
    assert pair.latest.price1 == 77884452878022414427957444938301440000
    assert market().pairs["0x" + "03" * 20].cumulatives(NOW) == (
        21577796734956535710943950849684417400,
        201567122205141698531744572384559545800,
    )


def test_observations_of_keep3r_v2_oracle():
    """Its observations are the stored cumulatives in 18 decimals."""
    assert market().v2_oracle.observations == [
        Observation(START, 0, 0),
        Observation(START + 5_000, 1666666666666666666666, 15000000000000000000000),
        Observation(START + 10_000, 3279217056346860163038, 30503391497091812076064),
    ]


def test_what_the_oracles_answer():
    """Each oracle's answer for the article's gas at 100 gwei."""
    made = market()
    pair = made.pairs[made.kp3r_weth]
    assert made.uniswap_v2_oracle.rate(pair, NOW, token0_in=False).of(WEI) == 175582294585821890
    assert made.uniswap_v2_oracle.rate(pair, NOW, token0_in=True).of(WEI) == 18796116258356146
    assert made.v1_oracle.rate(pair, NOW, token0_in=False).of(WEI) == 176940992310384480
    assert made.v2_oracle.quote(pair, WEI, 1, token0_in=False) == (178106992400379981, 0)
    assert made.v2_oracle.current(pair, WEI, token0_in=False) == (178106992400379981, 5000)
    with pytest.raises(Revert, match="MISSING_HISTORICAL_OBSERVATION"):
        made.uniswap_v2_oracle.rate(pair, START + 14_400, token0_in=False)


_WITHOUT_BOND = (57441300000000000, 18796116258356146, 175582294585821890)
LIMITS = {
    0: (57441300000000000, 574413000000000000, 269352371741412929, 298240075521223938),
    50: (71801625000000000, 718016250000000000, 269352371741412929, 298240075521223938),
    150: (143603250000000000, 2154048750000000000, 269352371741412929, 298240075521223938),
    190: (143603250000000000, 2728461750000000000, 281473228469776509, 309085169176541171),
    200: (143603250000000000, 2872065000000000000, 296287608915554221, 325352809659517023),
    500: (143603250000000000, 2872065000000000000, 296287608915554221, 325352809659517023),
}
"""By bonds and votes in KP3R: limits of the four helpers that look at them."""


@pytest.mark.parametrize("bond", LIMITS)
def test_limits_of_all_helpers(bond):
    """The limit of the article's gas under each of the seven helpers."""
    made = market()
    limits = tuple(made.pricing(helper, bond * ETHER, NOW).limit(GAS) for helper in made.helpers)
    assert limits == _WITHOUT_BOND + LIMITS[bond]


@pytest.mark.parametrize(
    ("helper", "of_nothing"), [("seed", 0), ("h24e1", 101652517374131292), ("h2720", 111624418779061046)]
)
def test_inversion_around_a_limit(helper, of_nothing):
    """A limit gives its gas; one wei more or less gives the smallest gas that reaches it, and is no image."""
    pricing = market().pricing(helper, 500 * ETHER, NOW)
    limit = pricing.limit(GAS)
    assert invert(pricing, limit) == (GAS, True)
    assert invert(pricing, limit + 1) == (GAS + 1, False)
    assert invert(pricing, limit - 1) == (GAS, False)
    assert pricing.limit(0) == of_nothing


def test_the_manipulated_observation_of_april_2022():
    """The oracle of INV/WETH stored the pair's cumulatives of 2022-04-02 as the rule says."""
    assert scaled(0x62D32F53F2F7AFE532C0372FD0CACDBD4B) == 6476591327926140254201750
    assert scaled(0x12D5E533107A3E9659278CB49BB1E692524D) == 316007731064365302759283159
