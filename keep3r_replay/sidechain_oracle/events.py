"""Events of the sidechain's oracles, their factory and their receivers.

A receiver's `ObservationsAdded` holds an array in generations 1 and 2, and not in the third: its logs are kept raw, and
read by `feed`.
"""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, EventsByRole, KeptRaw, parse_event
from keep3r_replay.uniswap_v3.events import POOL_EVENTS

ORACLE, FACTORY, RECEIVER = "sidechain_oracle", "oracle_factory", "data_receiver"
"""Roles."""
_POOL_S = ("Swap", "IncreaseObservationCardinalityNext")
_GOVERNED = (
    "PendingGovernorSet(address governor, address pendingGovernor)",
    "PendingGovernorAccepted(address governor)",
)


def _parsed(*declarations: str) -> tuple[Event, ...]:
    return tuple(map(parse_event, declarations))


EVENTS: EventsByRole = {
    ORACLE: {
        "": (
            *(event for event in POOL_EVENTS if event.name in _POOL_S),
            *_parsed("PoolInfoInitialized(bytes32 indexed poolSalt, address token0, address token1, uint24 fee)"),
        )
    },
    FACTORY: {
        "": _parsed(
            "OracleDeployed(bytes32 indexed poolSalt, address indexed oracle, uint24 initialNonce)",
            "DataReceiverSet(address dataReceiver)",
            "InitialCardinalitySet(uint16 initialCardinality)",
            *_GOVERNED,
        )
    },
    RECEIVER: {"": KeptRaw()},
}
"""By role; each has one version."""
