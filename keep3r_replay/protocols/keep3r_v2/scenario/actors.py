"""Who takes part: addresses of everybody by name."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Deployment

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


@cache
def made_address(name: str) -> str:
    """The address that a name stands for, where none is given: always the same."""
    return "0x" + keccak256(b"keep3r_replay scenario: " + name.encode())[-20:].hex()


def address_of(name: str, given: Mapping[str, str]) -> str:
    """What a name stands for: an address itself, the one that is given for it, or else one made of it.

    Raises:
        UsageError: it is no text, or the given one is no address.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(f"{name!r} names nobody: an actor is a name, or an address in quotes")
    text = name.lower()
    if text.startswith("0x"):
        if not _ADDRESS.fullmatch(text):
            raise UsageError(f"{name!r} is no address: 0x and 40 digits are wanted")
        return text
    address = given.get(name) or made_address(name)
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"scenario.addresses.{name}: {address!r} is no address")
    return address


class Actors:
    """Addresses by name: those that are given, the deployment's contracts and tokens, else one made of the name.

    Contracts go by `keep3r`, `helper`, `escrow`, `pool` (the first that a pair manager holds), `pair`, and the names
    that the scenario gives its pools; tokens by `kp3r`, `weth`.
    """

    def __init__(self, deployment: Deployment, given: Mapping[str, str]) -> None:
        self.used: set[str] = set()
        """Names that were asked for."""
        self.names = {name: address_of(name, given) for name in given}
        keep3r = next(each.address for each in deployment.contracts if each.role == "keep3r")
        pair = next((each for each in deployment.contracts if each.role == "pair_manager"), None)
        state = deployment.initial_state[keep3r]
        self.names |= {"keep3r": keep3r, "helper": state["keep3rHelper"], "governance": state["governance"]}
        self.names |= {"escrow": state["keep3rV1Proxy"], **deployment.tokens}
        if pair is not None:
            self.names |= {"pair": pair.address, "pool": str(pair.facts["pool"])}
        for name, address in given.items():
            if self.names[name] != address:
                raise UsageError(f"scenario.addresses.{name}: in these contracts it is {self.names[name]}")

    def __getitem__(self, name: str) -> str:
        address = address_of(name, self.names)
        self.used.add(name)
        return address
