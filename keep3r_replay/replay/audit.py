"""One audit: a lake replayed through the model, every event and every reading compared, everything classed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.collector import no_collections
from keep3r_replay.errors import InputError
from keep3r_replay.journal import ERROR, NOTICE, Finding
from keep3r_replay.replay.absent import absent_event
from keep3r_replay.replay.apart import Apart
from keep3r_replay.replay.audited import Audit, with_causes
from keep3r_replay.replay.checks import check_lake
from keep3r_replay.replay.continuing import JOURNAL, NOTED, recent
from keep3r_replay.replay.coverage import check_range, covered_blocks
from keep3r_replay.replay.findings import findings_table, in_order
from keep3r_replay.replay.merged import merge_tables, with_contract
from keep3r_replay.replay.parts import Tables
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import Replayed, Start, read_with, replay_root, roots
from keep3r_replay.replay.snapshots import EVERY
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import Protocol, Replay, Results


PARTIAL = "partial"
"""Verdict of a replay that began in mid-history and found nothing: nobody looked at what lies before."""


def audit(
    lake: Lake,
    protocol: Protocol,
    until_block: int | None = None,
    *,
    ledger: bool = False,
    starts: Mapping[str, Start] | None = None,
    snapshot_every: int = EVERY,
    columns: bool = True,
) -> Audit:
    """Replay the lake up to `until_block` (None: all of it).

    Classes that depend on the rest of the history take all of it as evidence, so that a replay up to a block and a
    replay of all agree up to that block. With `ledger` the results also hold the ledger, and what is made from it.
    `starts` tells, by address of the root contract, where its replay begins if not with its first event. A snapshot is
    taken every `snapshot_every` events (0: none). `columns` as of `Options`.

    Raises:
        LedgerError: the ledger does not balance.
        InputError: the lake lacks what the replay needs.
        UsageError: `until_block` lies outside of the lake.
    """
    check_range(lake, until_block)
    options = Options(ledger=ledger, snapshot_every=snapshot_every, keeps=True, columns=columns)
    with no_collections():
        first = audit_once(lake, protocol, until_block, starts, options)
        if first.clean:
            return first
        again, absent = partial(_again, protocol, until_block, starts, columns), partial(absent_event, lake, protocol)
        # A protocol whose inputs are held against events does not replay them.
        return with_causes(first, again, absent, Apart(lake, protocol), inputs=not protocol.direct_calls)


def _again(
    protocol: Protocol,
    until_block: int | None,
    starts: Mapping[str, Start] | None,
    columns: bool,
    lake: Lake,
    reading_blocks: frozenset[int] | None,
) -> Audit:
    """The audit of a mended lake: findings and classes are all that is asked of it."""
    return audit_once(lake, protocol, until_block, starts, Options(reading_blocks=reading_blocks, columns=columns))


def audit_once(
    lake: Lake, protocol: Protocol, until_block: int | None, starts: Mapping[str, Start] | None, options: Options
) -> Audit:
    """One replay and what it finds, before causes are looked for; arguments and errors as of `audit`.

    Raises:
        InputError: the deployment has no root contract of the protocol.
    """
    begun = [(root, (starts or {}).get(root.address)) for root in roots(lake, protocol)]
    whole, lake = lake, recent(lake, [start for _, start in begun])
    audited = [_audit_root(lake, whole, protocol, root, until_block, start, options) for root, start in begun]
    if not audited:
        raise InputError(lake.path / "deployment.json", f"the deployment has no {protocol.root} contract")
    span = _widest([one.span for one in audited])
    checked = check_lake(lake, protocol, span, [start for _, start in begun])
    findings = in_order([*(finding for one in audited for finding in one.findings), *checked.findings])
    tables = Tables(
        merge_tables(
            [
                one.tables if len(audited) == 1 else with_contract(one.tables, protocol, one.summary[protocol.root])
                for one in audited
            ]
        )
    )
    tables["findings"] = findings_table(lake, findings)
    tables.update(protocol.totals(tables))
    summary = _summary(lake, audited, findings, until_block)
    summary["events"]["predicted"] += checked.missing_events
    summary["events"]["mismatched"] += checked.missing_events
    if options.ledger:
        summary |= protocol.ledger_summary(tables)
    kept = merge_tables(
        [
            one.kept if len(audited) == 1 else with_contract(one.kept, protocol, one.summary[protocol.root])
            for one in audited
        ]
    )
    kept |= checked.kept if options.keeps else {}
    undetermined: Counter[tuple[str, str]] = Counter()
    for one in audited:
        undetermined.update(one.undetermined)
    return Audit(whole, summary, tables, findings, dict(sorted(undetermined.items())), protocol.words, kept)


@dataclass(frozen=True)
class _Audited:
    span: Span
    summary: dict[str, Any]
    counts: tuple[str, ...]
    sums: tuple[str, ...]
    tables: dict[str, Table]
    findings: list[Finding]
    undetermined: dict[tuple[str, str], int]
    kept: dict[str, Table]


def _audit_root(
    lake: Lake,
    whole_lake: Lake,
    protocol: Protocol,
    root: Contract,
    until_block: int | None,
    start: Start | None,
    options: Options,
) -> _Audited:
    replayed = replay_root(lake, protocol, root, until_block, start, options)
    whole = until_block is None and replayed.span == WHOLE
    evidence = None if whole else partial(_whole_replay, whole_lake, protocol, root, options)
    results = protocol.finish(replayed.replay, lake, replayed.span, evidence)
    tables = dict(results.tables)
    kept: dict[str, Table] = {}
    if replayed.snapshots is not None:
        tables |= replayed.snapshots.tables()
        if options.keeps:
            noted = NOTED.table({JOURNAL: replayed.journal.findings}, lambda finding: finding.block_number)
            kept = {**results.kept, JOURNAL: noted, **replayed.snapshots.progress()}
    reconciliation = replayed.reconciliation
    assert reconciliation is not None
    undetermined = reconciliation.undetermined
    summary = {
        protocol.root: root.address,
        "version": root.version,
        **({"started_after": replayed.span.after} if replayed.span.after is not None else {}),
        **results.counts,
        "events": _event_counts(lake, protocol, replayed, results),
        "readings": {
            "compared": reconciliation.matched + reconciliation.mismatched + sum(undetermined.values()),
            "matched": reconciliation.matched,
            "mismatched": reconciliation.mismatched,
            "undetermined": sum(undetermined.values()),
        },
        **results.sums,
        "state_hash": state_hash(replayed.replay.state()),
    }
    findings = [*replayed.journal.findings, *results.findings]
    counts, sums = tuple(results.counts), tuple(results.sums)
    return _Audited(replayed.span, summary, counts, sums, tables, findings, undetermined, kept)


def _whole_replay(lake: Lake, protocol: Protocol, root: Contract, options: Options) -> Replay:
    return replay_root(lake, protocol, root, None, None, Options(readings=False, columns=options.columns)).replay


def _summary(lake: Lake, audited: list[_Audited], findings: list[Finding], until_block: int | None) -> dict[str, Any]:
    summaries = [one.summary for one in audited]
    after = _widest([one.span for one in audited]).after
    covered = covered_blocks(lake, until_block)
    parts = (*audited[0].counts, "events", "readings")
    wrong = any(finding.severity != NOTICE for finding in findings)
    summary: dict[str, Any] = {
        "verdict": "findings" if wrong else PARTIAL if after is not None else "clean",
        "deployment": lake.deployment.name,
        "version": " ".join(one["version"] for one in summaries),
        "blocks": [covered[0] if after is None else after + 1, covered[1]],
        **{part: _sum(summaries, part) for part in parts},
        **({name: summaries[0][name] for name in audited[0].sums} if len(audited) == 1 else {}),
        "findings": dict(sorted(Counter(finding.kind for finding in findings).items())),
        "state_hash": summaries[0]["state_hash"]
        if len(summaries) == 1
        else state_hash({_root_address(one): one["state_hash"] for one in summaries}),
    }
    if len(summaries) > 1:
        summary["contracts"] = summaries
    return summary


def _root_address(summary: dict[str, Any]) -> str:
    """The address that a root's summary begins with."""
    return str(next(iter(summary.values())))


def strict_audit(
    lake: Lake,
    protocol: Protocol,
    until_block: int | None = None,
    *,
    ledger: bool = False,
    starts: Mapping[str, Start] | None = None,
    snapshot_every: int = EVERY,
    columns: bool = True,
) -> Audit:
    """Replay up to the first disagreement: results end with its block, and it is the only finding."""
    wanted = partial(audit, ledger=ledger, starts=starts, snapshot_every=snapshot_every, columns=columns)
    whole = wanted(lake, protocol, until_block)
    errors = [finding for finding in whole.roots if finding.severity == ERROR]
    if not errors:
        return whole
    first = errors[0]
    cut = wanted(lake, protocol, first.block_number)
    summary = {**cut.summary, "verdict": "findings", "findings": {first.kind: 1}}
    tables = Tables(cut.tables)
    tables["findings"] = findings_table(lake, [first])
    summary.pop("following", None)
    return Audit(lake, summary, tables, [first], cut.undetermined_readings)


def state_hash(state: dict[str, Any]) -> str:
    """SHA-256 of a state in its canonical JSON form."""
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _event_counts(lake: Lake, protocol: Protocol, replayed: Replayed, results: Results) -> dict[str, int]:
    journal = replayed.journal
    observed = _observed(lake, protocol, replayed)
    disagreeing = {*journal.disagreeing_logs, *results.mismatched_logs}
    return {
        "predicted": observed - results.unpredicted + journal.events_not_emitted,
        "matched": observed - len(disagreeing),
        "mismatched": len(disagreeing) + journal.events_not_emitted,
    }


def _observed(lake: Lake, protocol: Protocol, replayed: Replayed) -> int:
    """Events in the lake that the model predicts."""
    names = [name for name in lake.tables() if name.removeprefix("events/") in protocol.predicted]
    span = replayed.span
    emitters = read_with(lake, protocol, replayed.contract)
    if span == WHOLE and emitters is None:
        return sum(entry.rows for name in names for entry in lake.manifest.of_table(name))
    scans = [lake.scan(name, from_block=span.first, until_block=span.until) for name in names]
    if emitters is not None:
        scans = [scan.filter(pl.col("address").is_in(sorted(emitters))) for scan in scans]
    return sum(frame.item() for frame in pl.collect_all([scan.select(pl.len()) for scan in scans]))


def _sum(summaries: list[dict[str, Any]], part: str) -> dict[str, int]:
    return {name: sum(one[part][name] for one in summaries) for name in summaries[0][part]}


def _widest(spans: list[Span]) -> Span:
    """The part of the history that any of the contracts was replayed over."""
    afters = [span.after for span in spans if span.after is not None]
    return Span(min(afters) if len(afters) == len(spans) else None, spans[0].until)
