"""One audit: a lake replayed through the model, every event and every reading compared, every work classed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.protocols.keep3r_v2.audit.direct_inputs import check_direct_inputs
from keep3r_replay.protocols.keep3r_v2.audit.ledger_summary import ledger_summary
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import ledger_tables
from keep3r_replay.protocols.keep3r_v2.audit.states import merge_tables, rows_table, state_tables, with_contract
from keep3r_replay.protocols.keep3r_v2.audit.works import (
    CLASSES,
    classify,
    needs_evidence,
    payment_findings,
    total_tables,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import REWARD_COLUMNS
from keep3r_replay.replay.contract import Options, Replayed, Start, keep3r_contracts, replay_contract
from keep3r_replay.replay.findings import findings_table, in_order
from keep3r_replay.replay.snapshots import EVERY
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Contract
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


def audit(
    lake: Lake,
    until_block: int | None = None,
    *,
    ledger: bool = False,
    starts: Mapping[str, Start] | None = None,
    snapshot_every: int = EVERY,
) -> Audit:
    """Replay the lake up to `until_block` (None: all of it).

    Classes of works that depend on how their entry point pays elsewhere take the whole history as evidence, so that a
    replay up to a block and a replay of all agree up to that block. With `ledger` the results also hold the credit
    ledger, and what is made from it. `starts` tells, by address of the Keep3r contract, where its replay begins if not
    with its first event. A snapshot is taken every `snapshot_every` events (0: none).

    Raises:
        LedgerError: the ledger does not balance.
        InputError: the lake lacks what the replay needs.
        UsageError: `until_block` lies before the lake's first block.
    """
    _check_range(lake, until_block)
    options = Options(ledger=ledger, snapshot_every=snapshot_every)
    audited = [
        _audit_contract(lake, contract, until_block, (starts or {}).get(contract.address), options)
        for contract in keep3r_contracts(lake)
    ]
    if not audited:
        raise InputError(lake.path / "deployment.json", "the deployment has no Keep3r contract")
    input_findings, missing_events = check_direct_inputs(lake, _widest([one.span for one in audited]))
    findings = in_order([*(finding for one in audited for finding in one.findings), *input_findings])
    tables = merge_tables(
        [one.tables if len(audited) == 1 else with_contract(one.tables, one.summary["keep3r"]) for one in audited]
    )
    tables["findings"] = findings_table(lake, findings)
    tables |= total_tables(tables["works"])
    summaries = [one.summary for one in audited]
    summary: dict[str, Any] = {
        "verdict": "findings" if findings else "clean",
        "deployment": lake.deployment.name,
        "version": " ".join(one["version"] for one in summaries),
        "blocks": _blocks(lake, until_block),
        **{part: _sum(summaries, part) for part in ("works", "events", "readings")},
        "findings": dict(sorted(Counter(finding.kind for finding in findings).items())),
        "state_hash": summaries[0]["state_hash"]
        if len(summaries) == 1
        else state_hash({one["keep3r"]: one["state_hash"] for one in summaries}),
    }
    summary["events"]["predicted"] += missing_events
    summary["events"]["mismatched"] += missing_events
    if len(summaries) > 1:
        summary["contracts"] = summaries
    if ledger:
        summary["ledger"] = ledger_summary(tables)
    undetermined: Counter[tuple[str, str]] = Counter()
    for one in audited:
        undetermined.update(one.undetermined)
    return Audit(lake, summary, tables, findings, dict(sorted(undetermined.items())))


@dataclass(frozen=True)
class _Audited:
    span: Span
    summary: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    findings: list[Finding]
    undetermined: dict[tuple[str, str], int]


def _audit_contract(
    lake: Lake, contract: Contract, until_block: int | None, start: Start | None, options: Options
) -> _Audited:
    replayed = replay_contract(lake, contract, until_block, start, options)
    works = replayed.works
    evidence = works
    if (until_block is not None or start is not None) and needs_evidence(works):
        evidence = replay_contract(lake, contract, None, None, Options(readings=False)).works
    works = classify(works, evidence)

    protocol, journal, reconciliation = replayed.protocol, replayed.journal, replayed.reconciliation
    wrong_payments = payment_findings(works)
    rewards = rows_table(protocol.context.rewards, {name: _REWARD_TYPES[name] for name in REWARD_COLUMNS})
    tables = {
        "works": works,
        "rewards": rewards.sort("block_number", "log_index"),
        **state_tables(protocol.keep3r, protocol.context.now),
    }
    if replayed.snapshots is not None:
        tables |= replayed.snapshots.tables()
    if replayed.credits is not None:
        tables |= ledger_tables(replayed.credits, lake, works, until_block)
    assert reconciliation is not None
    undetermined = reconciliation.undetermined
    counts = Counter(works["class"].to_list())
    summary = {
        "keep3r": contract.address,
        "version": contract.version,
        **({"started_after": start.block} if start is not None else {}),
        "works": {name: counts[name] for name in CLASSES},
        "events": _event_counts(lake, replayed, wrong_payments, rewards),
        "readings": {
            "compared": reconciliation.matched + reconciliation.mismatched + sum(undetermined.values()),
            "matched": reconciliation.matched,
            "mismatched": reconciliation.mismatched,
            "undetermined": sum(undetermined.values()),
        },
        "state_hash": state_hash(protocol.dump()),
    }
    return _Audited(replayed.span, summary, tables, [*journal.findings, *wrong_payments], undetermined)


def strict_audit(
    lake: Lake,
    until_block: int | None = None,
    *,
    ledger: bool = False,
    starts: Mapping[str, Start] | None = None,
    snapshot_every: int = EVERY,
) -> Audit:
    """Replay up to the first disagreement: results end with its block, and it is the only finding."""
    whole = audit(lake, until_block, ledger=ledger, starts=starts, snapshot_every=snapshot_every)
    errors = [finding for finding in whole.findings if finding.severity == ERROR]
    if not errors:
        return whole
    first = errors[0]
    cut = audit(lake, first.block_number, ledger=ledger, starts=starts, snapshot_every=snapshot_every)
    summary = {**cut.summary, "verdict": "findings", "findings": {first.kind: 1}}
    tables = {**cut.tables, "findings": findings_table(lake, [first])}
    return Audit(lake, summary, tables, [first], cut.undetermined_readings)


def state_hash(state: dict[str, Any]) -> str:
    """SHA-256 of a state in its canonical JSON form."""
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _event_counts(
    lake: Lake, replayed: Replayed, wrong_payments: list[Finding], rewards: pl.DataFrame
) -> dict[str, int]:
    journal = replayed.journal
    observed = _observed(lake, replayed)
    disagreeing = {
        *journal.disagreeing_logs,
        *((finding.block_number, finding.log_index) for finding in wrong_payments),
    }
    unforeseen = rewards["expected_rewarded_at"].null_count()
    return {
        "predicted": observed - unforeseen + journal.events_not_emitted,
        "matched": observed - len(disagreeing),
        "mismatched": len(disagreeing) + journal.events_not_emitted,
    }


def _observed(lake: Lake, replayed: Replayed) -> int:
    """Events of the contract and its helpers that the model predicts."""
    names = [
        name
        for name in lake.tables()
        if name.startswith(("events/keep3r.", "events/keep3r_helper."))
        and name.removeprefix("events/") not in _NOT_PREDICTED
    ]
    span, address = replayed.span, replayed.contract.address
    if span == WHOLE and len(keep3r_contracts(lake)) == 1:
        return sum(entry.rows for name in names for entry in lake.manifest.of_table(name))
    state = lake.deployment.initial_state
    helpers = [
        other.address
        for other in lake.deployment.contracts
        if other.role == "keep3r_helper" and state.get(other.address, {}).get("keep3rV2", address) == address
    ]
    scans = [
        lake.scan(name, from_block=span.first, until_block=span.until)
        .filter(pl.col("address").is_in([address, *helpers]))
        .select(pl.len())
        for name in names
    ]
    return sum(frame.item() for frame in pl.collect_all(scans))


def _sum(summaries: list[dict[str, Any]], part: str) -> dict[str, int]:
    return {name: sum(one[part][name] for one in summaries) for name in summaries[0][part]}


def _widest(spans: list[Span]) -> Span:
    """The part of the history that any of the contracts was replayed over."""
    afters = [span.after for span in spans if span.after is not None]
    return Span(min(afters) if len(afters) == len(spans) else None, spans[0].until)


def _blocks(lake: Lake, until_block: int | None) -> list[int]:
    coverage = lake.manifest.coverage
    if coverage is None:
        raise InputError(lake.path, "the lake covers no block", remedy="import or extract it again")
    return [coverage.from_block, coverage.to_block if until_block is None else min(until_block, coverage.to_block)]


def _check_range(lake: Lake, until_block: int | None) -> None:
    first = _blocks(lake, None)[0]
    if until_block is not None and until_block < first:
        raise UsageError(f"until_block={until_block} lies before the lake's first block {first}")
