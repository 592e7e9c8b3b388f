"""What-ifs over all contracts of a lake: their baselines, and summary and tables of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v2.audit.ledger_summary import ledger_summary
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import curve_tables
from keep3r_replay.protocols.keep3r_v2.auditing import AUDITS
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline, measure
from keep3r_replay.protocols.keep3r_v2.what_if.compare import compare_works, comparison_tables, outcome
from keep3r_replay.protocols.keep3r_v2.what_if.other_market import without_paths
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.protocols.keep3r_v2.what_if.tables import result_tables
from keep3r_replay.protocols.keep3r_v2.what_if.works import ADDED, PAID
from keep3r_replay.replay.audit import state_hash
from keep3r_replay.replay.merged import merge_tables, with_contract
from keep3r_replay.replay.parts import frame_of
from keep3r_replay.replay.roots import roots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.roots import Start


def baselines(lake: Lake, until_block: int | None = None, starts: Mapping[str, Start] | None = None) -> list[Baseline]:
    """The baseline of every Keep3r contract of a lake; `starts` tells by address where one begins in mid-history.

    Raises:
        InputError: there is none.
        UsageError: see `measure`.
    """
    beginnings = starts or {}
    found = [measure(lake, contract, until_block, beginnings.get(contract.address)) for contract in roots(lake, AUDITS)]
    if not found:
        raise InputError(lake.path / "deployment.json", "the deployment has no Keep3r contract")
    known = found[0].known.with_others(base.known for base in found[1:])
    for base in found:
        base.known = known
    return found


def make_what_if(
    bases: list[Baseline], overlay: Overlay, *, ledger: bool = False, tables: bool = True
) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Summary and tables of one what-if over all contracts of a lake; without `tables` those by job and keeper only.

    Raises:
        LedgerError: credits do not balance.
        UsageError: the overlay names what the history does not hold.
    """
    parts, outcomes, hashes = [], [], {}
    for base in bases:
        run = what_if(base, overlay, ledger=ledger)
        made = result_tables(run) if tables or ledger else {}
        if tables:
            made["compared_works"] = compare_works(run, made["works"])
        part = {**made, **comparison_tables(run), **(_baseline_curves(base) if ledger and tables else {})}
        parts.append(part if len(bases) == 1 else with_contract(part, AUDITS, base.contract.address))
        outcomes.append(outcome(run))
        hashes[base.contract.address] = state_hash(dump(run.protocol.keep3r))
    merged = {name: frame_of(table) for name, table in merge_tables(parts).items()}
    if tables:
        merged |= AUDITS.totals({"works": merged["works"].filter(pl.col("status").is_in([PAID, ADDED]))})
    total = {name: _total(name, [each[name] for each in outcomes]) for name in outcomes[0]}
    lake = bases[0].lake
    coverage = lake.manifest.coverage
    assert coverage is not None
    until = bases[0].until_block
    started = [base.start.block for base in bases if base.start is not None]
    summary: dict[str, Any] = {
        "verdict": "what-if",
        "deployment": lake.deployment.name,
        "version": " ".join(base.contract.version for base in bases),
        "blocks": [coverage.from_block, coverage.to_block if until is None else min(until, coverage.to_block)],
        **({"started_after": min(started)} if started else {}),
        "overlay": without_paths(overlay.changes()),
        "baseline_findings": sum(base.findings for base in bases),
        "outcome": total,
        "state_hash": next(iter(hashes.values())) if len(hashes) == 1 else state_hash(dict(hashes)),
    }
    if ledger:
        summary["ledger"] = ledger_summary(merged)
    return summary, merged


def _baseline_curves(base: Baseline) -> dict[str, pl.DataFrame]:
    """What a chart of the baseline's credits is drawn from: a what-if without changes is the audit."""
    observer = what_if(base, Overlay(), ledger=True).observer
    assert observer is not None
    return {f"baseline_{name}": table for name, table in curve_tables(observer).items()}


def _total(name: str, values: list[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    if name == "parts_at_block":
        return min(present, default=None)
    return sum(present)
