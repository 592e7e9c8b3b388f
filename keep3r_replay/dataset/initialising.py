"""Beginning a lake: which contracts there are, what their constructors set, which tokens they deal in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.dataset.discovery import Discovery
    from keep3r_replay.dataset.state import ExtractionState
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.rooms import Extractor


def initialise_lake(
    protocol: Protocol,
    extractor: Extractor,
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
    contracts = discovery.start(from_block if protocol.starts_anywhere else None)
    found = {(contract.role, contract.address) for contract in contracts}
    for role, address in extractor.roots:
        if (role, address) not in found:
            raise UsageError(f"there is no {role} at {address} on chain {state.spec.chain_id}")
    if not contracts:
        raise UsageError("none of the deployment's contracts exists on this chain")
    state.contracts = {contract.address: contract for contract in contracts}
    contracts += read_initial(protocol, extractor, discovery, state, contracts, from_block)
    state.tokens = dict(sorted(extractor.tokens(state.contracts, state.initial_state).items()))
    if state.spec.follow != "logs" and extractor.transactions_to(state.contracts):
        state.transactions = "followed"
    if state.deployment_sha256:
        # A lake that was rolled back to nothing: its manifest is of the former deployment.
        state.save_all()
    else:
        state.save_deployment()
        state.save_manifest()
    say(f"{counted(len(contracts), 'contract')}: " + ", ".join(f"{each.role} {each.address}" for each in contracts))


def take_code_hashes(state: ExtractionState, say: Callable[[str], None]) -> None:
    """Let contracts have the hashes of code that the configuration names, as the fact `code_hash`.

    A hash of what the lake does not follow holds nothing, and one that is new to it nothing yet: both are told.
    """
    told = state.spec.code_hashes
    for address in sorted(told.keys() - state.contracts.keys()):
        say(f"code_hashes: the lake does not follow {address}, so nothing is held against its hash")
    changed = {
        address: replace(contract, facts={**contract.facts, "code_hash": told[address]})
        for address, contract in state.contracts.items()
        if address in told and contract.facts.get("code_hash") != told[address]
    }
    if changed:
        state.contracts |= changed
        state.save_all()
        say(f"code_hashes: kept for {', '.join(sorted(changed))}; keep3r prove holds them against the chain")


def read_initial(
    protocol: Protocol,
    extractor: Extractor,
    discovery: Discovery,
    state: ExtractionState,
    contracts: Sequence[Contract],
    from_block: int | None,
) -> list[Contract]:
    """Read the parameters of contracts at their first block, or before the lake's own if that is later.

    Returns further contracts that these parameters name, with their parameters read; all are the state's then.
    """
    named: list[tuple[str, str]] = []
    for contract in contracts:
        block = max(int(contract.facts["from_block"]), (from_block or 0) - 1)
        parameters = extractor.initial_state(contract, block)
        if parameters:
            state.initial_state[contract.address] = parameters
        if contract.role == protocol.root:
            state.initial_state_block = block
        named += extractor.began_with(contract, parameters)
    state.contracts |= {contract.address: contract for contract in contracts}
    found = discovery.resolve(named, state.contracts)
    return found and found + read_initial(protocol, extractor, discovery, state, found, from_block)
