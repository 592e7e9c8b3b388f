"""MCAGAggregator and MCAGRateFeed: the central banks' rates, and how a swap and a token read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.contract import access
from keep3r_replay.protocols.kuma.contract.ray import RAY
from keep3r_replay.protocols.kuma.contract.state import Aggregator

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

RATE_DECIMALS = 27
STALE = "ORACLE_ANSWER_IS_STALE"


def transmit(kuma: Kuma, aggregator: str, sender: str, answer: int) -> None:
    """MCAGAggregator.transmit: a new answer, in force from now.

    Raises `Revert`: the sender is no transmitter, or the answer is above the maximum.
    """
    oracle = kuma.aggregators[aggregator]
    access.only_mcag_role(kuma, sender, access.MCAG_TRANSMITTER)
    kuma.require(answer <= oracle.max_answer, "TRANSMITTED_ANSWER_TOO_HIGH")
    oracle.round_id += 1
    oracle.answer = answer
    oracle.updated_at = kuma.now
    kuma.emit(aggregator, "AnswerTransmitted", sender, oracle.round_id, answer)


def set_max_answer(kuma: Kuma, aggregator: str, sender: str, new_max_answer: int) -> None:
    """MCAGAggregator.setMaxAnswer. Raises `Revert` unless a manager calls."""
    oracle = kuma.aggregators[aggregator]
    access.only_mcag_role(kuma, sender, access.MCAG_MANAGER)
    kuma.emit(aggregator, "MaxAnswerSet", oracle.max_answer, new_max_answer)
    oracle.max_answer = new_max_answer


def set_staleness_threshold(kuma: Kuma, sender: str, threshold: int) -> None:
    """MCAGRateFeed.setStalenessThreshold, v1.1: seconds after which an answer counts no more."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.staleness_threshold = threshold
    kuma.emit(kuma.rate_feed, "StalenessThresholdSet", threshold)


def set_oracle(kuma: Kuma, sender: str, oracle: str, risk_category: str) -> None:
    """MCAGRateFeed.setOracle: the aggregator of a risk category. Raises `Revert` unless a manager calls."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(oracle != "0x" + "00" * 20, "CANNOT_SET_TO_ADDRESS_ZERO")
    kuma.aggregators.setdefault(oracle, Aggregator(oracle))
    category = kuma.categories[risk_category]
    category.aggregator = oracle
    kuma.emit(kuma.rate_feed, "OracleSet", oracle, *category.declared, category.term)


def is_stale(kuma: Kuma, category: Category) -> bool:
    """Whether the feed would refuse the category's answer now (v1.1 only)."""
    if not kuma.rules.rate_grows_stale:
        return False
    oracle = kuma.aggregators.get(category.aggregator)
    updated_at = oracle.updated_at if oracle is not None else 0
    return kuma.now - updated_at > kuma.staleness_threshold


def get_rate(kuma: Kuma, category: Category) -> int:
    """MCAGRateFeed.getRate: a ray per second, at least RAY. Raises `Revert` ORACLE_ANSWER_IS_STALE (v1.1)."""
    oracle = kuma.aggregators.get(category.aggregator)
    kuma.require(not is_stale(kuma, category), STALE)
    if oracle is None or oracle.answer < 0:
        return RAY
    scale: int = 10 ** abs(RATE_DECIMALS - oracle.decimals)
    return max(oracle.answer * scale if oracle.decimals < RATE_DECIMALS else oracle.answer // scale, RAY)
