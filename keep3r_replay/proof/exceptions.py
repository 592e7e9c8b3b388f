"""What a certificate does not prove, a sentence each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keep3r_replay.chain.forks import forks_of
from keep3r_replay.counts import counted
from keep3r_replay.proof.proved_state import COMPUTED, NOBODY

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.proof.proved_state import StateProved
    from keep3r_replay.proof.prover import Proved
    from keep3r_replay.proof.subject import Subject


def exceptions(
    subject: Subject, proved: Proved, state: StateProved | None, *, given_as_hash: bool, resumed: int = 0
) -> list[str]:
    """What was not proved; `resumed` windows are the word of a former run's notes."""
    found = [] if given_as_hash else ["the anchor's hash, which is the node's word"]
    if resumed:
        found.append(f"{resumed} of {len(proved.windows)} windows, on the word of a former run's notes")
    return [*found, *_of_rows(subject), *_of_windows(subject, proved), *_facts(subject, state), *_state(state)]


def _of_rows(subject: Subject) -> list[str]:
    """What of the lake lies beyond a proof."""
    lake, found = subject.lake, []
    coverage = lake.manifest.coverage
    assert coverage is not None
    if coverage.to_block > subject.last:
        found.append(f"blocks {subject.last + 1} to {coverage.to_block}, which lie behind the anchor")
    if lake.has("calls"):
        found.append("calls, which no root holds")
    if lake.deployment.transactions == "followed":
        found.append("that no other transaction without a log was sent to the followed contracts")
    if subject.first < forks_of(subject.chain_id).bloom_complete_from:
        found.append("logs of state synchronisation, which receipts roots of this chain did not hold at first")
    return found


def _of_windows(subject: Subject, proved: Proved) -> list[str]:
    """What rows or blocks did not offer to a proof."""
    found = []
    unsigned = sum(each.unsigned for each in proved.windows)
    if unsigned:
        found.append(
            f"senders of {counted(unsigned, 'transaction that carries', 'transactions that carry')} no signature"
        )
    empty: Counter[str] = Counter()
    for window in proved.windows:
        empty.update(window.empty)
    if empty:
        cells = ", ".join(f"{name} {count}" for name, count in sorted(empty.items()))
        found.append(f"cells that the lake leaves empty: {cells}")
    if not any(each.witnesses for each in proved.windows):
        found.append(f"that the chain is {subject.chain_id}: no signature of a transaction of the lake names it")
    return found


def _facts(subject: Subject, state: StateProved | None) -> list[str]:
    """What results rest on and no root is asked for: facts of contracts, tokens, and when parameters were read."""
    deployment, facts = subject.lake.deployment, []
    for contract in deployment.contracts:
        left = sorted(contract.facts.keys() - _proved_facts(contract, state))
        if left:
            facts.append(f"{', '.join(left)} of {contract.role} {contract.address}")
    tokens = [f"tokens {', '.join(sorted(deployment.tokens))}"] if deployment.tokens else []
    found = [f"the deployment's word for: {'; '.join([*facts, *tokens, 'initial_state_block'])}"]
    if subject.genesis and not subject.reaches_genesis:
        found.append(f"genesis {subject.genesis}, which the lake notes and no header of it reaches")
    return found


def _proved_facts(contract: Contract, state: StateProved | None) -> set[str]:
    """Facts that the state says itself: the block of creation, the hash of the code."""
    if state is None:
        return set()
    told = {"from_block"} if contract.address in state.created else set()
    return told | ({"code_hash", "unknown_code"} if contract.address in state.codes else set())


def _state(state: StateProved | None) -> list[str]:
    if state is None:
        return ["code, initial parameters and readings: proofs of state were not asked for"]
    found = list(state.unproved)
    configured = sum(not each["is"] and "configured" in each for each in state.codes.values())
    if configured:
        have = counted(configured, "contract has", "contracts have")
        found.append(f"whose code it is that {have}, by hashes that the configuration names")
    unknown = sum(not each["is"] and "configured" not in each for each in state.codes.values())
    if unknown:
        found.append(f"what the code of {counted(unknown, 'contract')} is: its hash is proved, and on no record")
    unproved, computed = state.readings(NOBODY), state.readings(COMPUTED)
    if unproved:
        found.append(f"{counted(unproved, 'reading')}: no teller offers proofs of state there")
    if computed:
        found.append(f"{counted(computed, 'reading')} of views that are computed, or whose storage is on no record")
    return found
