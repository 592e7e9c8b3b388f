"""What a lake is of: a deployment's contracts, tokens and initial parameters, as `deployment.json` holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from keep3r_replay.lake.shapes import address, mapping, sequence, text, whole

LAYOUT = 1
"""The version of the lake's layout that this code writes, and the newest it reads."""

_NO_FACTS = {"role", "address", "version"}
_NUMBERS = {"from_block", "fee", "tick_spacing"}
_ADDRESSES = {"pool", "token0", "token1"}


@dataclass(frozen=True)
class Contract:
    """One contract of a deployment.

    Attributes:
        role: what it is to its protocol: keep3r, uniswap_v3_pool, ...
        address: lower-case text.
        version: as the protocol names it; empty for roles that have one version only.
        facts: what else is known: token0 and token1 of a pool, from_block (of its creation), ...
    """

    role: str
    address: str
    version: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the contract as it stands in `deployment.json`."""
        version = {"version": self.version} if self.version else {}
        return {"role": self.role, "address": self.address, **version, **self.facts}


@dataclass(frozen=True)
class Deployment:
    """A deployment on one chain.

    Attributes:
        name: of the deployment or the recording.
        chain_id: of the chain.
        origin: `recording`, `node` or `simulation`.
        tokens: addresses by name: kp3r, weth, ...
        transactions: which are in the lake: `all`; those `with_logs`; or `followed`, where those without logs are there
            too that were sent to a contract whose callers matter to the protocol.
        contracts: in order of role and address.
        initial_state: for each contract's address, its constructor parameters by the name of their view, as text.
        initial_state_block: the block at which they were read.
        protocol: name of the protocol that the contracts are of, or several, separated by spaces; empty in lakes that
            are older than the second protocol.
        amsterdam_from: time of the first block whose header follows Amsterdam's rules, in seconds, where headers tell
            (`chain.forks`); None where none of them does.
    """

    name: str
    chain_id: int
    origin: str
    tokens: dict[str, str]
    transactions: str
    contracts: tuple[Contract, ...]
    initial_state: dict[str, dict[str, str]]
    initial_state_block: int
    protocol: str = ""
    amsterdam_from: int | None = None

    def by_address(self) -> dict[str, Contract]:
        """Return the contracts by address."""
        return {contract.address: contract for contract in self.contracts}

    def to_json(self) -> str:
        """Return the text of `deployment.json`: keys sorted, so that the same deployment gives the same bytes."""
        content: dict[str, Any] = {
            "layout": LAYOUT,
            "name": self.name,
            "chain_id": self.chain_id,
            "origin": self.origin,
            "tokens": self.tokens,
            "transactions": self.transactions,
            "contracts": [contract.to_json() for contract in self.contracts],
            "initial_state": self.initial_state,
            "initial_state_block": self.initial_state_block,
        }
        if self.protocol:
            content["protocol"] = self.protocol
        if self.amsterdam_from is not None:
            content["amsterdam_from"] = self.amsterdam_from
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def deployment_from_json(content: dict[str, Any]) -> Deployment:
    """Read the parsed `deployment.json` back.

    Raises:
        KeyError: a part is missing.
        ValueError: a part is of the wrong kind.
    """
    contracts = []
    for entry in sequence(content["contracts"], "contracts"):
        facts = {key: value for key, value in mapping(entry, "a contract").items() if key not in _NO_FACTS}
        for name in facts.keys() & _NUMBERS:
            whole(facts[name], name)
        for name in facts.keys() & _ADDRESSES:
            address(facts[name], name)
        role, version = text(entry["role"], "role"), text(entry.get("version", ""), "version")
        contracts.append(Contract(role, address(entry["address"], f"address of {role}"), version, facts))
    initial_state = mapping(content["initial_state"], "initial_state")
    for contract, parameters in initial_state.items():
        for name, value in mapping(parameters, address(contract, "initial_state")).items():
            text(value, name)
    tokens = mapping(content["tokens"], "tokens")
    for name, token in tokens.items():
        address(token, name)
    begin = content.get("amsterdam_from")
    return Deployment(
        text(content["name"], "name"),
        whole(content["chain_id"], "chain_id"),
        text(content["origin"], "origin"),
        tokens,
        text(content["transactions"], "transactions"),
        tuple(contracts),
        initial_state,
        # A contract that was there from the first block on has its parameters from before it.
        whole(content["initial_state_block"], "initial_state_block", -1),
        text(content.get("protocol", ""), "protocol"),
        None if begin is None else whole(begin, "amsterdam_from"),
    )
