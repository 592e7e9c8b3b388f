"""One audit: a lake replayed through the model, every event and every reading compared, every work classed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.audit.credit_observer import CreditObserver
from keep3r_replay.audit.direct_inputs import check_direct_inputs
from keep3r_replay.audit.findings import findings_table, in_order
from keep3r_replay.audit.ledger_summary import ledger_summary
from keep3r_replay.audit.ledger_tables import ledger_tables
from keep3r_replay.audit.readings import Reconciliation
from keep3r_replay.audit.states import amounts_table, state_tables
from keep3r_replay.audit.works import CLASSES, classify, needs_evidence, payment_findings, works_table
from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.journal import ERROR, Finding, Journal
from keep3r_replay.keep3r_v2.calls.work import REWARD_COLUMNS
from keep3r_replay.keep3r_v2.direct_calls import SELECTOR, VALIDATIONS
from keep3r_replay.keep3r_v2.protocol import HANDLERS, Keep3rV2, known_contracts
from keep3r_replay.replay.engine import run

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

_NOT_PREDICTED = frozenset({"keep3r.KeeperValidation", "keep3r.DustSent"})
"""Events of Keep3r that are inputs of the replay, or touch nothing that it models."""

_REWARD_TYPES: dict[str, Any] = {
    "block_number": pl.UInt32,
    "log_index": pl.UInt32,
    "job": pl.String,
    "matched": pl.Boolean,
    **{name: pl.Decimal(38, 0) for name in REWARD_COLUMNS[3:-1]},
}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    `tables` are the results by name; `summary` is what `summary.json` holds; `findings` are in chain order.
    """

    lake: Lake
    summary: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    findings: list[Finding]
    undetermined_readings: dict[tuple[str, str], int]

    @property
    def clean(self) -> bool:
        """Whether model and chain agree everywhere."""
        return not self.findings


@dataclass(frozen=True)
class _Replayed:
    protocol: Keep3rV2
    journal: Journal
    reconciliation: Reconciliation | None
    works: pl.DataFrame
    credits: CreditObserver | None


def audit(lake: Lake, until_block: int | None = None, *, ledger: bool = False) -> Audit:
    """Replay the lake up to `until_block` (None: all of it).

    Classes of works that depend on how their entry point pays elsewhere take the whole history as evidence, so that a
    replay up to a block and a replay of all agree up to that block. With `ledger` the results also hold the credit
    ledger, and what is made from it.

    Raises:
        LedgerError: the ledger does not balance.
        InputError: the lake lacks what the replay needs.
        UsageError: `until_block` lies before the lake's first block.
    """
    _check_range(lake, until_block)
    replayed = _replay(lake, until_block, with_readings=True, with_ledger=ledger)
    works = replayed.works
    evidence = works
    if until_block is not None and needs_evidence(works):
        evidence = _replay(lake, None, with_readings=False).works
    works = classify(works, evidence)

    journal, reconciliation = replayed.journal, replayed.reconciliation
    wrong_payments = payment_findings(works)
    input_findings, missing_events = check_direct_inputs(lake, until_block)
    findings = in_order([*journal.findings, *wrong_payments, *input_findings])

    keep3r = replayed.protocol.keep3r
    rewards = amounts_table(
        dict(
            zip(
                REWARD_COLUMNS,
                list(zip(*replayed.protocol.context.rewards, strict=True)) or [()] * len(REWARD_COLUMNS),
                strict=True,
            )
        ),
        {name: _REWARD_TYPES[name] for name in REWARD_COLUMNS},
    )
    tables = {
        "works": works,
        "rewards": rewards.sort("block_number", "log_index"),
        "findings": findings_table(lake, findings),
        **state_tables(keep3r, replayed.protocol.context.now),
    }
    assert reconciliation is not None
    undetermined = dict(sorted(reconciliation.undetermined.items()))
    counts = Counter(works["class"].to_list())
    summary = {
        "verdict": "findings" if findings else "clean",
        "deployment": lake.deployment.name,
        "version": keep3r.version,
        "blocks": _blocks(lake, until_block),
        "works": {name: counts[name] for name in CLASSES},
        "events": _event_counts(lake, until_block, journal, wrong_payments, missing_events, rewards),
        "readings": {
            "compared": reconciliation.matched + reconciliation.mismatched + sum(undetermined.values()),
            "matched": reconciliation.matched,
            "mismatched": reconciliation.mismatched,
            "undetermined": sum(undetermined.values()),
        },
        "findings": dict(sorted(Counter(finding.kind for finding in findings).items())),
        "state_hash": state_hash(replayed.protocol.dump()),
    }
    if replayed.credits is not None:
        tables |= ledger_tables(replayed.credits, lake, works, until_block)
        summary["ledger"] = ledger_summary(tables)
    return Audit(lake, summary, tables, findings, undetermined)


def strict_audit(lake: Lake, until_block: int | None = None, *, ledger: bool = False) -> Audit:
    """Replay up to the first disagreement: results end with its block, and it is the only finding."""
    whole = audit(lake, until_block, ledger=ledger)
    errors = [finding for finding in whole.findings if finding.severity == ERROR]
    if not errors:
        return whole
    first = errors[0]
    cut = audit(lake, first.block_number, ledger=ledger)
    summary = {**cut.summary, "verdict": "findings", "findings": {first.kind: 1}}
    tables = {**cut.tables, "findings": findings_table(lake, [first])}
    return Audit(lake, summary, tables, [first], cut.undetermined_readings)


def state_hash(state: dict[str, Any]) -> str:
    """SHA-256 of a state in its canonical JSON form."""
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _replay(
    lake: Lake, until_block: int | None, *, with_readings: bool, with_ledger: bool = False
) -> _Replayed:
    journal = Journal()
    keep3rs = [contract.address for contract in lake.deployment.contracts if contract.role == "keep3r"]
    transactions = lake.scan("transactions", until_block=until_block).filter(pl.col("status") == 1)
    direct = transactions.filter(pl.col("to").is_in(keep3rs)).select("block_number", "transaction_index", "input")
    silent = (
        transactions.filter(
            ~pl.col("to").is_in(sorted(known_contracts(lake.deployment)))
            | pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").is_in(VALIDATIONS)
        )
        .select("block_number", "transaction_index")
        .sort("block_number", "transaction_index")
    )
    direct_frame, silent_frame = pl.collect_all([direct, silent])
    protocol = Keep3rV2(
        lake.deployment,
        str(lake.path / "deployment.json"),
        journal,
        {(block, index): data for block, index, data in direct_frame.iter_rows()},
        silent_frame.rows() if lake.deployment.transactions == "all" else None,
    )
    reconciliation = Reconciliation(lake, protocol, journal) if with_readings else None
    observer = CreditObserver(protocol) if with_ledger else None
    run(
        lake,
        observer or protocol,
        {name: handler.columns for name, handler in HANDLERS.items()},
        observer.handlers(HANDLERS) if observer else [handler.handle for handler in HANDLERS.values()],
        reconciliation.blocks if reconciliation else [],
        reconciliation.compare if reconciliation else _ignore,
        until_block,
    )
    return _Replayed(protocol, journal, reconciliation, works_table(lake, protocol.context.works, until_block), observer)


def _ignore(block: int) -> None:
    """No readings are asked for."""


def _event_counts(
    lake: Lake,
    until_block: int | None,
    journal: Journal,
    wrong_payments: list[Finding],
    missing_events: int,
    rewards: pl.DataFrame,
) -> dict[str, int]:
    names = [
        table
        for table in lake.tables()
        if table.startswith(("events/keep3r.", "events/keep3r_helper."))
        and table.removeprefix("events/") not in _NOT_PREDICTED
    ]
    if until_block is None:
        observed = sum(entry.rows for name in names for entry in lake.manifest.of_table(name))
    else:
        frames = pl.collect_all([lake.scan(name, until_block=until_block).select(pl.len()) for name in names])
        observed = sum(frame.item() for frame in frames)
    disagreeing = {
        *journal.disagreeing_logs,
        *((finding.block_number, finding.log_index) for finding in wrong_payments),
    }
    unforeseen = rewards["expected_rewarded_at"].null_count()
    not_emitted = journal.events_not_emitted + missing_events
    return {
        "predicted": observed - unforeseen + not_emitted,
        "matched": observed - len(disagreeing),
        "mismatched": len(disagreeing) + not_emitted,
    }


def _blocks(lake: Lake, until_block: int | None) -> list[int]:
    coverage = lake.manifest.coverage
    if coverage is None:
        raise InputError(lake.path, "the lake covers no block", remedy="import or extract it again")
    return [coverage.from_block, coverage.to_block if until_block is None else min(until_block, coverage.to_block)]


def _check_range(lake: Lake, until_block: int | None) -> None:
    first = _blocks(lake, None)[0]
    if until_block is not None and until_block < first:
        raise UsageError(f"until_block={until_block} lies before the lake's first block {first}")
