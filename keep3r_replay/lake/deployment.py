"""What a lake is of: a deployment's contracts, tokens and initial parameters, as `deployment.json` holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

LAYOUT = 1
"""The version of the lake's layout that this code writes, and the newest it reads."""


@dataclass(frozen=True)
class Contract:
    """One contract of a deployment.

    Attributes:
        role: keep3r, keep3r_helper, uniswap_v3_pool, pair_manager, pair_manager_factory or escrow.
        address: lower-case text.
        version: of a keep3r or keep3r_helper; empty for roles that have one version only.
        facts: what else is known: token0, token1, fee, tick_spacing of a pool; pool of a pair manager; from_block.
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
        tokens: addresses by name: kp3r, kp3r_in_pools, weth.
        transactions: `all`, or `with_logs` if only those that carry logs are in the lake.
        contracts: in order of role and address.
        initial_state: for each contract's address, its constructor parameters by the name of their view, as text.
        initial_state_block: the block at which they were read.
    """

    name: str
    chain_id: int
    origin: str
    tokens: dict[str, str]
    transactions: str
    contracts: tuple[Contract, ...]
    initial_state: dict[str, dict[str, str]]
    initial_state_block: int

    def by_address(self) -> dict[str, Contract]:
        """Return the contracts by address."""
        return {contract.address: contract for contract in self.contracts}

    def to_json(self) -> str:
        """Return the text of `deployment.json`: keys sorted, so that the same deployment gives the same bytes."""
        content = {
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
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def deployment_from_json(content: dict[str, Any]) -> Deployment:
    """Read the parsed `deployment.json` back.

    Raises:
        KeyError: a part is missing.
    """
    contracts = []
    for entry in content["contracts"]:
        facts = {key: value for key, value in entry.items() if key not in {"role", "address", "version"}}
        contracts.append(Contract(entry["role"], entry["address"], entry.get("version", ""), facts))
    return Deployment(
        content["name"],
        content["chain_id"],
        content["origin"],
        content["tokens"],
        content["transactions"],
        tuple(contracts),
        content["initial_state"],
        content["initial_state_block"],
    )
