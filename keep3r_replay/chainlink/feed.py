"""A Chainlink feed: a proxy's address, and the answers of the aggregators behind it in the order of their logs."""

from __future__ import annotations

from dataclasses import dataclass, field

CONFIRMATIONS = {"a928c096": "confirmAggregator(address)", "eb4dd8f2": "confirm(address)"}
"""Selectors of a proxy's calls that put another aggregator into force: Chainlink's own, and a plainer proxy's."""


@dataclass(slots=True)
class Feed:
    """One proxy: `answers` by aggregator, and which aggregator is in force; empty while none is known."""

    address: str
    aggregator: str = ""
    answers: dict[str, int] = field(default_factory=dict)

    def update(self, aggregator: str, answer: int) -> None:
        """Follow an `AnswerUpdated`. The first aggregator that answers is in force until a call says otherwise."""
        self.answers[aggregator] = answer
        self.aggregator = self.aggregator or aggregator

    def confirm(self, aggregator: str) -> None:
        """Follow the proxy's change of aggregator: the answer jumps to what the new one answered last."""
        self.aggregator = aggregator

    @property
    def latest_answer(self) -> int:
        """The proxy's `latestAnswer`; 0 before the first answer."""
        return self.answers.get(self.aggregator, 0)
