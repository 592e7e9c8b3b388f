"""The state of a contract as of any block: from the last snapshot before it, and the events since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal, as_text
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump_job, dump_keeper
from keep3r_replay.protocols.keep3r_v2.contract.state import Unbond
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS, Keep3rV2
from keep3r_replay.replay.contract import emitters, keep3r_contracts, new_protocol
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.snapshots import load_snapshot
from keep3r_replay.replay.timeline import Span

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake


def state_at(lake: Lake, contract: Contract, block: int, results: Path | None) -> Keep3rV2:
    """The model of `contract` at the end of `block`.

    Args:
        lake: the history.
        contract: the Keep3r contract asked for.
        block: the block; its time is what lazy views would answer for.
        results: results of a replay of this lake, whose snapshots save most of the way; None to go all of it.

    Raises:
        UsageError: the lake does not cover the block, or the results are of another lake.
        InputError: the lake lacks what the replay needs.
    """
    coverage = lake.manifest.coverage
    if coverage is None or not coverage.from_block <= block <= coverage.to_block:
        covered = "no block" if coverage is None else f"blocks {coverage.from_block} to {coverage.to_block}"
        raise UsageError(f"block={block}: the lake covers {covered}")
    snapshot = None if results is None else load_snapshot(results, lake, contract.address, block)
    protocol = new_protocol(lake, contract, Journal(), block)
    span = Span(None, block)
    if snapshot is not None:
        snapshot.restore(protocol)
        span = Span(snapshot.block, block)
    run(
        lake,
        protocol,
        {name: handler.columns for name, handler in HANDLERS.items()},
        [handler.handle for handler in HANDLERS.values()],
        [],
        _ignore,
        span,
        emitters(lake, contract),
    )
    return protocol


def contract_at(lake: Lake, block: int) -> Contract:
    """The Keep3r contract in force at a block: the last that was deployed by then."""
    contracts = keep3r_contracts(lake)
    deployed = [contract for contract in contracts if contract.facts.get("from_block", 0) <= block]
    return deployed[-1] if deployed else contracts[0]


def describe(protocol: Keep3rV2, job: str | None, keeper: str | None) -> dict[str, Any]:
    """What a person asks of a state: one job, one keeper, or an overview of all. Amounts are texts of wei.

    Raises:
        UsageError: the contract never heard of the job or the keeper.
    """
    keep3r = protocol.keep3r
    described: dict[str, Any] = {"keep3r": keep3r.address, "version": keep3r.version}
    if job is not None:
        if job not in keep3r.jobs:
            raise UsageError(f"job={job}: the contract holds nothing of this job at that block")
        described["job"] = {
            "address": job,
            "listed": job in keep3r.job_list,
            "disputed": job in keep3r.disputes,
            **dump_job(keep3r.jobs[job]),
            **_unbonds(protocol, job),
        }
    if keeper is not None:
        if keeper not in keep3r.keepers:
            raise UsageError(f"keeper={keeper}: the contract holds nothing of this keeper at that block")
        described["keeper"] = {
            "address": keeper,
            "listed": keeper in keep3r.keeper_list,
            "disputed": keeper in keep3r.disputes,
            **dump_keeper(keep3r.keepers[keeper]),
            **_unbonds(protocol, keeper),
        }
    if job is None and keeper is None:
        described["jobs"] = {
            address: {"credits": keep3r.jobs[address].credits, "period_credits": keep3r.jobs[address].period_credits}
            for address in keep3r.job_list
        }
        described["keepers"] = {
            address: {"work_completed": keep3r.keepers[address].work_completed} for address in keep3r.keeper_list
        }
        described["approved_liquidities"] = keep3r.approved_liquidities.values()
        described["parameters"] = protocol.dump()["parameters"]
    texts = _texts(described)
    assert isinstance(texts, dict)
    return texts


def _unbonds(protocol: Keep3rV2, address: str) -> dict[str, Any]:
    pending = {
        token: {"pending": unbond.pending, "can_withdraw_after": unbond.can_withdraw_after}
        for (owner, token), unbond in sorted(protocol.keep3r.unbonds.items())
        if owner == address and unbond != Unbond()
    }
    return {"unbonds": pending} if pending else {}


def _texts(value: Any) -> Any:
    """Integers as decimal text: a JSON reader may not keep more than 53 bits of a number."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if isinstance(value, bool) else as_text(value)


def _ignore(block: int) -> None:
    """No readings are asked for."""
