"""The events of a Chainlink aggregator that tell its answers (interface AggregatorInterface)."""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, parse_event

AGGREGATOR_EVENTS: tuple[Event, ...] = (
    parse_event("AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)"),
    parse_event("NewRound(uint256 indexed roundId, address indexed startedBy, uint256 startedAt)"),
)
"""Role `chainlink_aggregator`."""
