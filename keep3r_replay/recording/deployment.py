"""The deployment that a recording is of, from the contracts that its protocol reads out of `meta.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import InputError
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.recording.files import REMEDY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def deployment_recorded(
    path: Path,
    named: tuple[str, int],
    tokens: dict[str, str],
    contracts: Sequence[Contract],
    initial_state: dict[str, dict[str, str]],
    initial_state_block: int,
) -> Deployment:
    """A recording's deployment; its lake holds all transactions.

    Args:
        path: of `meta.json`, for messages.
        named: the recording's name, and the id of its chain.
        tokens: addresses by name.
        contracts: in any order.
        initial_state: for each contract's address, its constructor parameters by the name of their view, as text.
        initial_state_block: the block at which they were read.

    Raises:
        InputError: two contracts have one address.
    """
    if len({contract.address for contract in contracts}) != len(contracts):
        raise InputError(path, "two contracts have one address", remedy=REMEDY)
    in_order = tuple(sorted(contracts, key=lambda contract: (contract.role, contract.address)))
    return Deployment(*named, "recording", tokens, "all", in_order, initial_state, initial_state_block)
