"""Beginning a lake: which contracts there are, what their constructors set, which tokens they deal in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.extract.discovery import NOBODY
from keep3r_replay.protocols.keep3r_v2.extract.parameters import PARAMETERS, read_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.spec import ExtractionSpec
    from keep3r_replay.dataset.state import ExtractionState
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.protocols.keep3r_v2.extract.discovery import Discovery


def found_lake(
    client: NodeClient,
    spec: ExtractionSpec,
    discovery: Discovery,
    state: ExtractionState,
    from_block: int | None,
    say: Callable[[str], None],
) -> None:
    """Find the contracts, read what their constructors set, and write the deployment.

    Raises:
        UsageError: a contract that the deployment names does not exist.
        NodeError: the node has no state of the contracts' first blocks.
    """
    contracts = discovery.resolve(discovery.start(), {})
    found = {contract.address for contract in contracts if contract.role == "keep3r"}
    for keep3r in spec.keep3rs:
        if keep3r not in found:
            raise UsageError(f"there is no Keep3r at {keep3r} on chain {spec.chain_id}")
    if not contracts:
        raise UsageError("none of the deployment's contracts exists on this chain")
    state.contracts = {contract.address: contract for contract in contracts}
    read_initial(client, state, contracts, from_block)
    state.tokens = _tokens(spec, state)
    state.save_deployment()
    state.save_manifest()
    say(f"{len(contracts)} contracts: " + ", ".join(f"{each.role} {each.address}" for each in contracts))


def read_initial(
    client: NodeClient, state: ExtractionState, contracts: Iterable[Contract], from_block: int | None
) -> None:
    """Read the parameters of contracts at their first block, or before the lake's own if that is later."""
    for contract in contracts:
        if (contract.role, contract.version) not in PARAMETERS:
            continue
        block = max(int(contract.facts["from_block"]), (from_block or 0) - 1)
        state.initial_state[contract.address] = read_parameters(client, contract, block)
        if contract.role == "keep3r":
            state.initial_state_block = block


def _tokens(spec: ExtractionSpec, state: ExtractionState) -> dict[str, str]:
    tokens = dict(spec.tokens)
    kp3r = state.initial_state.get(spec.keep3r, {}).get("keep3rV1", NOBODY)
    tokens.setdefault("kp3r", kp3r)
    tokens.setdefault("kp3r_in_pools", tokens["kp3r"])
    pools = [contract for contract in state.contracts.values() if contract.role == "uniswap_v3_pool"]
    for pool in sorted(pools, key=lambda contract: contract.address):
        pair = [pool.facts["token0"], pool.facts["token1"]]
        if tokens["kp3r_in_pools"] in pair:
            pair.remove(tokens["kp3r_in_pools"])
            tokens.setdefault("weth", pair[0])
    tokens.setdefault("weth", NOBODY)
    return dict(sorted(tokens.items()))
