"""A Uniswap V2 pair from its logs alone: reserves, price cumulatives, LP supply and balances.

Follows UniswapV2Pair._update and UniswapV2ERC20 of v2-core. A cumulative sums price times seconds, where a price is a
fixed-point number with 112 binary digits after the point; it is a uint256 and wraps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import UINT256_MAX, Revert

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO_ADDRESS = "0x" + "0" * 40
RESOLUTION = 112
"""Binary digits after the point of a price (UQ112x112)."""
_ONE = 1 << RESOLUTION
_UINT32 = 2**32
_UINT256 = 2**256
_WHOLE = 10**18


class Cumulatives(NamedTuple):
    """Both price cumulatives: of token0 in token1, of token1 in token0; uint256."""

    price0: int
    price1: int


class Checkpoint(NamedTuple):
    """What a `Sync` left behind: time in seconds, reserves in wei, cumulatives."""

    time: int
    reserve0: int
    reserve1: int
    price0: int
    price1: int


_EMPTY = Checkpoint(0, 0, 0, 0, 0)


@dataclass(slots=True)
class Pair:
    """One pair: tokens, the latest `Sync`, LP supply and balances, and the checkpoints of its past."""

    address: str
    token0: str
    token1: str
    latest: Checkpoint = _EMPTY
    total_supply: int = 0
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    history: list[Checkpoint] = field(default_factory=list)
    """One checkpoint a second in which something was synced, in order: the last one of that second."""
    supply_before_block: int = 0
    before_block: Checkpoint = _EMPTY
    """Reserves and cumulatives (and, above, the supply) at the end of the previous block, kept by `begin_block`."""

    def begin_block(self) -> None:
        """Keep what the previous block left."""
        self.before_block = self.latest
        self.supply_before_block = self.total_supply

    def sync(self, reserve0: int, reserve1: int, now: int) -> None:
        """Follow a `Sync` at time `now` (seconds): count the interval at the old price, then take the new reserves."""
        price0, price1 = self.cumulatives(now)
        self.latest = Checkpoint(now % _UINT32, reserve0, reserve1, price0, price1)
        if self.history and self.history[-1].time == self.latest.time:
            self.history[-1] = self.latest
        else:
            self.history.append(self.latest)

    def transfer(self, sender: str, recipient: str, amount: int) -> None:
        """Follow a `Transfer` of LP tokens (wei): minted from the zero address, burned to it."""
        if sender == ZERO_ADDRESS:
            # Also the first mint's minimum, which stays locked at the zero address.
            self.total_supply += amount
            self.balances[recipient] += amount
            return
        self.balances[sender] -= amount
        if recipient == ZERO_ADDRESS:
            self.total_supply -= amount
        else:
            self.balances[recipient] += amount

    def cumulatives(self, now: int) -> Cumulatives:
        """Cumulatives at `now` as UniswapV2OracleLibrary counts them: with the running interval, state unchanged."""
        return extend(self.latest, now)

    def cumulatives_at(self, time: int) -> Cumulatives | None:
        """Cumulatives at an earlier second; None before the first `Sync`."""
        position = bisect_right(self.history, time, key=lambda checkpoint: checkpoint.time)
        return extend(self.history[position - 1], time) if position else None

    def reserve_of(self, token: str) -> int:
        """Reserve of one of the two tokens, in wei."""
        return self.latest.reserve0 if token == self.token0 else self.latest.reserve1

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain values."""
        return {
            "tokens": [self.token0, self.token1],
            "latest": list(self.latest),
            "before_block": list(self.before_block),
            "supply": [self.total_supply, self.supply_before_block],
            "balances": {holder: amount for holder, amount in sorted(self.balances.items()) if amount},
            "history": [list(checkpoint) for checkpoint in self.history],
        }


def load_pair(address: str, content: Mapping[str, Any]) -> Pair:
    """Read back what `Pair.snapshot` gave."""
    pair = Pair(address, *content["tokens"])
    pair.latest = Checkpoint(*content["latest"])
    pair.before_block = Checkpoint(*content["before_block"])
    pair.total_supply, pair.supply_before_block = content["supply"]
    pair.balances.update(content["balances"])
    pair.history = [Checkpoint(*each) for each in content["history"]]
    return pair


def extend(checkpoint: Checkpoint, now: int) -> Cumulatives:
    """Cumulatives at `now` if the reserves of `checkpoint` lasted until then."""
    time, reserve0, reserve1, price0, price1 = checkpoint
    elapsed = (now - time) % _UINT32
    if not elapsed or not reserve0 or not reserve1:
        return Cumulatives(price0, price1)
    gain0, gain1 = _prices(reserve0, reserve1)
    return Cumulatives((price0 + gain0 * elapsed) % _UINT256, (price1 + gain1 * elapsed) % _UINT256)


@lru_cache(maxsize=256)
def _prices(reserve0: int, reserve1: int) -> tuple[int, int]:
    """Both prices as fixed-point numbers; between two syncs they are asked for again and again."""
    return (reserve1 << RESOLUTION) // reserve0, (reserve0 << RESOLUTION) // reserve1


class Rate(NamedTuple):
    """An average price, ready for any amount: `amount * numerator // denominator`, cut to `bits` bits.

    `overflow` is the reason with which the contract reverts where the product exceeds 256 bits.
    """

    numerator: int
    denominator: int
    bits: int = 256
    overflow: str = "mul: *"

    def of(self, amount: int) -> int:
        """What `amount` (wei) is worth. Raises `Revert` where the product does not fit."""
        numerator, denominator, bits, overflow = self
        product = amount * numerator
        if product > UINT256_MAX:
            raise Revert(overflow)
        worth = product // denominator
        return worth if worth >> bits == 0 else worth & (1 << bits) - 1

    @property
    def price(self) -> int:
        """What 10**18 wei are worth. Raises `Revert` where the product does not fit."""
        return self.of(_WHOLE)

    def least(self, worth: int) -> int | None:
        """The smallest amount that is worth at least `worth`; None if no amount is."""
        if worth <= 0:
            return 0
        numerator, denominator, _, _ = self
        return -(-worth * denominator // numerator) if numerator else None


def average_rate(start: int, end: int, elapsed: int) -> Rate:
    """The average price between two cumulatives over `elapsed` seconds, as FixedPoint's uq112x112 multiplies it."""
    price = (end - start) % _UINT256 // elapsed % 2**224
    return Rate(price, _ONE, 144, "FixedPoint: MULTIPLICATION_OVERFLOW")
