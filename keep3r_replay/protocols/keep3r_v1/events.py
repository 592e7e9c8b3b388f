"""Every event of Keep3r V1 and of the contracts around it, role by role.

`KeeperWorked` and its kin name the block number as a parameter like any other. What the events leave out or get wrong
(the false Transfer of a payment, the unnamed token of a bond) is the business of `replay/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chainlink.events import AGGREGATOR_EVENTS
from keep3r_replay.evm.abi import Event, KeptRaw, parse_event, places_of
from keep3r_replay.uniswap_v2.events import FACTORY_EVENTS, PAIR_EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "keep3r_v1"
"""The role of the contract that is replayed."""


def _parsed(*declarations: str, wide: frozenset[str] = frozenset()) -> tuple[Event, ...]:
    return tuple(parse_event(declaration, wide=wide) for declaration in declarations)


def _liquidity(name: str) -> str:
    places = "address indexed job, address indexed liquidity, address indexed provider"
    return f"{name}({places}, uint256 block, uint256 credit)"


# An allowance is often the largest uint256 there is: it keeps its word.
_ALLOWANCE = _parsed(
    "Approval(address indexed owner, address indexed spender, uint256 amount)", wide=frozenset({"amount"})
)
_TRANSFER = _parsed("Transfer(address indexed from, address indexed to, uint256 amount)")

_CREDIT = "address indexed credit, address indexed job"

KEEP3R_V1_EVENTS: tuple[Event, ...] = (
    *_ALLOWANCE,
    *_TRANSFER,
    *_parsed(
        f"AddCredit({_CREDIT}, address indexed creditor, uint256 block, uint256 amount)",
        "DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate)",
        "DelegateVotesChanged(address indexed delegate, uint256 previousBalance, uint256 newBalance)",
        "JobAdded(address indexed job, uint256 block, address governance)",
        "JobRemoved(address indexed job, uint256 block, address governance)",
        "KeeperBonded(address indexed keeper, uint256 block, uint256 activated, uint256 bond)",
        "KeeperBonding(address indexed keeper, uint256 block, uint256 active, uint256 bond)",
        "KeeperDispute(address indexed keeper, uint256 block)",
        "KeeperResolved(address indexed keeper, uint256 block)",
        "KeeperSlashed(address indexed keeper, address indexed slasher, uint256 block, uint256 slash)",
        "KeeperUnbonding(address indexed keeper, uint256 block, uint256 deactive, uint256 bond)",
        "KeeperUnbound(address indexed keeper, uint256 block, uint256 deactivated, uint256 bond)",
        f"KeeperWorked({_CREDIT}, address indexed keeper, uint256 block, uint256 amount)",
        *(_liquidity(name) for name in ("ApplyCredit", "RemoveJob", "SubmitJob", "UnbondJob")),
    ),
)
"""Role `keep3r_v1`: the KP3R token and the network in one contract."""

WETH_EVENTS: tuple[Event, ...] = (
    *_ALLOWANCE,
    *_TRANSFER,
    *_parsed(
        "Deposit(address indexed recipient, uint256 amount)", "Withdrawal(address indexed source, uint256 amount)"
    ),
)
"""Role `weth`."""

SILENT_ROLES = (
    "fastgas",
    "keep3r_v1_helper",
    "keep3r_v1_oracle",
    "keep3r_v2_oracle",
    "keep3r_v2_oracle_factory",
    "uniswap_v2_oracle",
    "uniswap_v2_router",
)
"""Roles of contracts that emit nothing the model needs; transactions to them may matter."""

RAW_ROLES = ("fastgas_owner", "keep3r_v1_governance", "keep3r_v1_job", "keep3r_v1_library")
"""Roles of contracts whose own logs are kept as they are: jobs and those that govern log what they like."""

HELPER_VERSIONS = ("launch", "exchanged", "seed", "bonus", "h1530", "h24e1", "h2720")
"""Versions of role `keep3r_v1_helper`, in the order of their publication."""

EVENTS: Mapping[str, Mapping[str, tuple[Event, ...]]] = {
    ROOT: {"": KEEP3R_V1_EVENTS, "1": KEEP3R_V1_EVENTS},
    "chainlink_aggregator": {"": AGGREGATOR_EVENTS},
    "token": {"": (*_ALLOWANCE, *_TRANSFER)},
    "uniswap_v2_factory": {"": FACTORY_EVENTS},
    "uniswap_v2_pair": {"": PAIR_EVENTS},
    "weth": {"": WETH_EVENTS},
    **{role: {"": KeptRaw()} for role in RAW_ROLES},
    **{role: {"": ()} for role in SILENT_ROLES if role != "keep3r_v1_helper"},
    "keep3r_v1_helper": dict.fromkeys(HELPER_VERSIONS, ()),
}
"""Events by role and version; the version is empty where a role has only one."""

PLACES: Mapping[tuple[str, str], Mapping[str, int]] = places_of(EVENTS)
"""Where each value of an event stands, by role and event, then by column."""
