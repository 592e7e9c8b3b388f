"""Events of the sidechain's oracles, their factory and their receivers.

`ObservationsAdded` of generations 1 and 2 holds an array, and is none of these: such logs stay raw (table
`undecoded`), and `feed` reads them as they are.
"""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, EventsByRole, parse_event
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
    RECEIVER: {
        "": _parsed(
            "ObservationsAdded(bytes32 indexed poolSalt, uint24 poolNonce, address receiverAdapter)",
            "ObservationsCached(bytes32 indexed poolSalt, uint24 poolNonce, address receiverAdapter)",
            "AdapterWhitelisted(address adapter, bool isAllowed)",
            *_GOVERNED,
        )
    },
}
"""By role; each has one version."""
