"""What single changes to a recorded history are made of: events by topic, edits, and places at which they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from histories import set_word, swap_contents

from keep3r_replay.evm.abi import parse_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from histories import History

    from keep3r_replay.replay.audit import Audit

BLOCK_WIDE = 2**31
"""Stands for the log index of what concerns a block as a whole: after all its logs."""

Place = tuple[int, int]


@dataclass(frozen=True)
class Change:
    """What to do to a copy of the history, and where it must show at the latest."""

    apply: Callable[[History], None]
    block: int
    shows_at: Place
    kinds: frozenset[str]
    moves_predictions: bool = False
    """Whether an event between the change and `shows_at` may be predicted otherwise."""


def topic(declaration: str) -> str:
    """Topic 0 of an event."""
    return "0x" + parse_event(declaration).topic0.hex()


WORK = topic("KeeperWork(address credit, address job, address keeper, uint256 payment, uint256 gasLeft)")
VALIDATION = topic("KeeperValidation(uint256 gasLeft)")
REWARD = topic("LiquidityCreditsReward(address job, uint256 rewardedAt, uint256 currentCredits, uint256 periodCredits)")
ADDITION = topic("LiquidityAddition(address job, address liquidity, address provider, uint256 amount)")
TRANSFER = topic("Transfer(address from, address to, uint256 value)")
MINT = topic("Mint(address sender, address o, int24 l, int24 u, uint128 amount, uint256 amount0, uint256 amount1)")
SWAP = topic("Swap(address s, address r, int256 a, int256 b, uint160 price, uint128 liquidity, int24 tick)")
PARAMETERS = {
    topic(text)
    for text in (
        "BondTimeChange(uint256 x)",
        "UnbondTimeChange(uint256 x)",
        "LiquidityMinimumChange(uint256 x)",
        "RewardPeriodTimeChange(uint256 x)",
        "InflationPeriodChange(uint256 x)",
        "FeeChange(uint256 x)",
        "Keep3rHelperChange(address x)",
        "MinBoostChange(uint256 x)",
        "MaxBoostChange(uint256 x)",
        "TargetBondChange(uint256 x)",
        "WorkExtraGasChange(uint256 x)",
        "QuoteTwapTimeChange(uint32 x)",
        "MinBaseFeeChange(uint256 x)",
        "MinPriorityFeeChange(uint256 x)",
        "SlasherAdded(address x)",
        "DisputerRemoved(address x)",
    )
}
MISMATCHES = frozenset({"payment_mismatch", "reward_mismatch", "missing_reward", "unexpected_reward"})
READINGS = frozenset({"reading_mismatch"})


def is_a(log: dict, wanted: str) -> bool:
    """Whether a log is of an event."""
    return log["topics"][0] == wanted


def transactions(history: History) -> Iterator[list[dict]]:
    """The logs of each transaction, in chain order."""
    group: list[dict] = []
    for log in history.logs:
        if group and log["transactionHash"] != group[0]["transactionHash"]:
            yield group
            group = []
        group.append(log)
    yield group


def at_reading(history: History, block: int, *path: str) -> Place:
    """Where the first reading after a block shows what it is of; beyond everything if there is none."""
    found = history.reading_after(block, *path)
    return (2**31, 0) if found is None else (found, BLOCK_WIDE)


def edit(where: Place, position: int, value: int) -> Callable[[History], None]:
    """Puts a value into a word of a log's data."""
    return lambda history: set_word(history.log(*where), position, value)


def removal(where: Place) -> Callable[[History], None]:
    """Takes a log away."""
    return lambda history: history.logs.remove(history.log(*where))


def swapping(first: Place, second: Place) -> Callable[[History], None]:
    """Lets two logs change places."""
    return lambda history: swap_contents(history.log(*first), history.log(*second))


def works(audit: Audit, *classes: str) -> list[Place]:
    """Places of the works of some classes."""
    return [
        (block, index)
        for block, index, kind in audit.tables["works"].select("block_number", "log_index", "class").iter_rows()
        if kind in classes
    ]
