"""What Keep3r V1 asks others: pairs, the gas feed, three oracles, and the helpers that join them to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.helpers import ETHER, HELPERS, Pricing, Source
from keep3r_replay.uniswap_v2.pair import Rate
from keep3r_replay.uniswap_v2.pair_address import pair_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.chainlink.feed import Feed
    from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v1_oracle import Keep3rV1Oracle
    from keep3r_replay.protocols.keep3r_v1.contract.keep3r_v2_oracle import Keep3rV2Oracle
    from keep3r_replay.protocols.keep3r_v1.contract.uniswap_v2_oracle import UniswapV2Oracle
    from keep3r_replay.uniswap_v2.pair import Pair

AS_IT_IS = Rate(1, 1)
"""The rate of a helper that takes WETH for KP3R."""


class UnknownHelperError(Exception):
    """A helper is in force that the deployment does not describe."""


class Market:
    """Pairs by address, the feed, the oracles (None where a deployment has none), and helpers' versions by address."""

    __slots__ = (
        "feed",
        "helpers",
        "kp3r",
        "kp3r_weth",
        "pairs",
        "quoting",
        "uniswap_v2_oracle",
        "v1_oracle",
        "v2_oracle",
        "weth",
        "without_oracle",
    )

    def __init__(self, kp3r: str, weth: str, kp3r_weth: str, feed: Feed) -> None:
        self.kp3r = kp3r
        self.weth = weth
        self.kp3r_weth = kp3r_weth
        """Address of the pair that the first two oracles quote KP3R from."""
        self.feed = feed
        self.pairs: dict[str, Pair] = {}
        self.helpers: dict[str, str] = {}
        self.without_oracle: dict[str, str] = {}
        """Those of the helpers that ask no oracle."""
        self.quoting: frozenset[str] = frozenset()
        """Those that quote Keep3rV2Oracle."""
        self.uniswap_v2_oracle: UniswapV2Oracle | None = None
        self.v1_oracle: Keep3rV1Oracle | None = None
        self.v2_oracle: Keep3rV2Oracle | None = None

    def take_helpers(self, helpers: Mapping[str, str]) -> None:
        """Know these helpers: versions by address."""
        self.helpers = dict(helpers)
        self.without_oracle = {
            address: version for address, version in helpers.items() if HELPERS[version].source is Source.FEED
        }
        self.quoting = frozenset(name for name, each in helpers.items() if HELPERS[each].source is Source.QUOTE)

    @property
    def spot(self) -> int | None:
        """KP3R (wei) for one WETH by the reserves of their pair; None where there are none."""
        pair = self.pairs.get(self.kp3r_weth)
        if pair is None or not pair.latest.reserve0 or not pair.latest.reserve1:
            return None
        latest = pair.latest
        if pair.token0 == self.kp3r:
            return latest.reserve0 * ETHER // latest.reserve1
        return latest.reserve1 * ETHER // latest.reserve0

    @property
    def pairs_by_tokens(self) -> dict[frozenset[str], Pair]:
        """The pair that the first two oracles take for two tokens.

        Of several with the same tokens that is the one of Uniswap's factory, or else the one that settings name.
        """
        found: dict[frozenset[str], Pair] = {}
        for pair in self.pairs.values():
            tokens = frozenset((pair.token0, pair.token1))
            if tokens not in found or pair.address in {self.kp3r_weth, pair_address(pair.token0, pair.token1)}:
                found[tokens] = pair
        return found

    def begin_block(self) -> None:
        """Let every pair keep what the previous block left."""
        for pair in self.pairs.values():
            pair.begin_block()

    def rate(self, source: Source, now: int) -> Rate:
        """The rate that a helper with this source multiplies by, at `now`. Raises `Revert` where the oracle does."""
        if source is Source.FEED:
            return AS_IT_IS
        if source is Source.QUOTE:
            if self.v2_oracle is None:
                raise Revert("empty")
            return self.v2_oracle.rate(token0_in=self.pairs[self.v2_oracle.pair].token0 == self.weth)
        oracle = self.v1_oracle if source is Source.CURRENT else self.uniswap_v2_oracle
        pair = self.pairs.get(self.kp3r_weth)
        if oracle is None or pair is None:
            raise Revert("empty")
        token_in = self.kp3r if source is Source.CONSULT_EXCHANGED else self.weth
        return oracle.rate(pair, now, token0_in=pair.token0 == token_in)

    def pricing(self, helper: str, bond: int, now: int, feed: int | None = None) -> Pricing:
        """What a limit of `helper` depends on, for an origin with `bond` wei, at `now`; `feed` overrides the answer.

        Raises:
            Revert: the helper's oracle does.
            UnknownHelperError: the deployment does not describe the helper.
        """
        version = self.helpers.get(helper)
        if version is None:
            raise UnknownHelperError(helper)
        rules = HELPERS[version]
        return Pricing(rules, self.feed.latest_answer if feed is None else feed, self.rate(rules.source, now), bond)
