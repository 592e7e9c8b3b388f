"""What a history did to the model, step by step, so that it can be done again to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import partial

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


class Step(NamedTuple):
    """One step, at a block and second; `log_index` is None for what left no log.

    Attributes:
        name: of the contract's function, or what happened around the contract.
        run: does it to a model, which comes first, before `arguments`.
        payment: number of the payment that it makes; None for any other step.
    """

    block: int
    timestamp: int
    log_index: int | None
    name: str
    run: Callable[..., Any]
    arguments: tuple[Any, ...]
    payment: int | None = None


class Steps(list[Step]):
    """The steps of a history, in the order of the chain."""

    def call(self, kp3r: Keep3rV1, log_index: int | None, name: str, call: partial[None], payment: int | None) -> None:
        """Keep a call of the contract, bound to the model that it was made on."""
        self.append(Step(kp3r.block_number, kp3r.now, log_index, name, call.func, call.args[1:], payment))

    def around(self, kp3r: Keep3rV1, name: str, run: Callable[..., Any], *arguments: Any) -> None:
        """Keep what happened around the contract: a pair, the feed, an oracle."""
        self.append(Step(kp3r.block_number, kp3r.now, None, name, run, arguments))


def sync(kp3r: Keep3rV1, pair: str, reserve0: int, reserve1: int) -> None:
    """A pair's reserves (wei) after a change."""
    kp3r.market.pairs[pair].sync(reserve0, reserve1, kp3r.now)


def move_liquidity(kp3r: Keep3rV1, pair: str, sender: str, recipient: str, amount: int) -> None:
    """LP tokens (wei) that changed hands."""
    kp3r.market.pairs[pair].transfer(sender, recipient, amount)


def answer(kp3r: Keep3rV1, aggregator: str, value: int) -> None:
    """An aggregator's answer (wei)."""
    kp3r.market.feed.update(aggregator, value)


def confirm(kp3r: Keep3rV1, aggregator: str) -> None:
    """Another aggregator in force."""
    kp3r.market.feed.confirm(aggregator)


def observe(kp3r: Keep3rV1, oracle: str, pair: str) -> bool:
    """An oracle's update of a pair: whether an observation was made."""
    market, now = kp3r.market, kp3r.now
    if market.uniswap_v2_oracle is not None and oracle == market.uniswap_v2_oracle.address:
        return market.uniswap_v2_oracle.update(market.pairs[pair], now)
    if market.v1_oracle is not None and oracle == market.v1_oracle.address:
        return market.v1_oracle.update(market.pairs[pair], now)
    return (
        market.v2_oracle is not None and market.v2_oracle.pair == pair and market.v2_oracle.update(market.pairs[pair])
    )


def add_pair(kp3r: Keep3rV1, oracle: str, pair: str) -> None:
    """A pair that is added to an oracle."""
    market = kp3r.market
    for each in (market.uniswap_v2_oracle, market.v1_oracle):
        if each is not None and each.address == oracle:
            each.add(market.pairs[pair], kp3r.now)


def deploy_oracle(kp3r: Keep3rV1, pair: str) -> None:
    """The Keep3rV2Oracle of a pair comes to be."""
    oracle = kp3r.market.v2_oracle
    if oracle is not None and oracle.pair == pair:
        oracle.deploy(kp3r.market.pairs[pair])
