"""The replay of one Keep3r contract of a lake: model, journal, readings, snapshots, and the works it went through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
from keep3r_replay.protocols.keep3r_v2.audit.works import works_table
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import SELECTOR, VALIDATIONS
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS, Keep3rV2, known_contracts
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.readings import Reconciliation
from keep3r_replay.replay.snapshots import SnapshotRecorder
from keep3r_replay.replay.timeline import Span

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake


class Start(Protocol):
    """Where a replay begins that does not begin with the contract."""

    @property
    def block(self) -> int:
        """The block at whose end the state is known."""

    def restore(self, protocol: Keep3rV2) -> None:
        """Put the model there."""


@dataclass(frozen=True)
class Replayed:
    """What the replay of one contract leaves."""

    contract: Contract
    span: Span
    protocol: Keep3rV2
    journal: Journal
    reconciliation: Reconciliation | None
    works: pl.DataFrame
    credits: CreditObserver | None
    snapshots: SnapshotRecorder | None


@dataclass(frozen=True)
class Options:
    """What else a replay does: compare readings, keep the ledger, take snapshots every so many events (0: none)."""

    readings: bool = True
    ledger: bool = False
    snapshot_every: int = 0


def keep3r_contracts(lake: Lake) -> list[Contract]:
    """The Keep3r contracts of a lake, in the order of their first blocks."""
    contracts = [contract for contract in lake.deployment.contracts if contract.role == "keep3r"]
    return sorted(contracts, key=lambda contract: (contract.facts.get("from_block", 0), contract.address))


def new_protocol(lake: Lake, contract: Contract, journal: Journal, until_block: int | None) -> Keep3rV2:
    """The model of one contract before its first event, with what the lake's transactions tell.

    Raises:
        InputError: the deployment lacks what the model needs, or is of a version without one.
    """
    transactions = lake.scan("transactions", until_block=until_block).filter(pl.col("status") == 1)
    direct = transactions.filter(pl.col("to") == contract.address)
    silent = transactions.filter(
        ~pl.col("to").is_in(sorted(known_contracts(lake.deployment)))
        | pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").is_in(VALIDATIONS)
    )
    direct_frame, silent_frame = pl.collect_all(
        [
            direct.select("block_number", "transaction_index", "input"),
            silent.select("block_number", "transaction_index").sort("block_number", "transaction_index"),
        ]
    )
    return Keep3rV2(
        lake.deployment,
        contract,
        str(lake.path / "deployment.json"),
        journal,
        {(block, index): data for block, index, data in direct_frame.iter_rows()},
        silent_frame.rows() if lake.deployment.transactions == "all" else None,
    )


def replay_contract(
    lake: Lake, contract: Contract, until_block: int | None, start: Start | None, options: Options
) -> Replayed:
    """Replay one contract up to `until_block`, from the beginning or from `start`.

    Raises:
        InputError: the lake lacks what the replay needs.
    """
    journal = Journal()
    protocol = new_protocol(lake, contract, journal, until_block)
    span = Span(None, until_block)
    if start is not None:
        start.restore(protocol)
        span = Span(start.block, until_block)
    contracts = _contracts_to_read(lake, contract)
    reconciliation = Reconciliation(lake, protocol, journal, contracts) if options.readings else None
    observer = CreditObserver(protocol) if options.ledger else None
    snapshots = SnapshotRecorder(protocol, options.snapshot_every) if options.snapshot_every else None
    run(
        lake,
        observer or protocol,
        {name: handler.columns for name, handler in HANDLERS.items()},
        observer.handlers(HANDLERS) if observer else [handler.handle for handler in HANDLERS.values()],
        reconciliation.blocks if reconciliation else [],
        reconciliation.compare if reconciliation else _ignore,
        span,
        emitters(lake, contract),
        snapshots,
    )
    works = works_table(lake, protocol.context.works, span, contract.address)
    return Replayed(contract, span, protocol, journal, reconciliation, works, observer, snapshots)


def emitters(lake: Lake, contract: Contract) -> dict[str, str]:
    """The contract that a replay reads the events of, where the lake holds several of its role."""
    return {contract.role: contract.address} if len(keep3r_contracts(lake)) > 1 else {}


def _contracts_to_read(lake: Lake, contract: Contract) -> frozenset[str] | None:
    """Contracts whose readings go with this one; None for all, where there is no other Keep3r.

    A helper goes with the Keep3r that it was built for; pools and blocks with the first.
    """
    contracts = keep3r_contracts(lake)
    if len(contracts) == 1:
        return None
    state: dict[str, dict[str, Any]] = lake.deployment.initial_state
    mine = {contract.address}
    for other in lake.deployment.contracts:
        if other.role == "keep3r_helper":
            if state.get(other.address, {}).get("keep3rV2") == contract.address:
                mine.add(other.address)
        elif other.role != "keep3r" and contract is contracts[0]:
            mine.add(other.address)
    return frozenset(mine | ({""} if contract is contracts[0] else set()))


def _ignore(block: int) -> None:
    """No readings are asked for."""
