"""The stages of `keep3r update`, each of which does what is left to do and tells what it did."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.collector import no_collections
from keep3r_replay.counts import counted

from .update_log import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .update_config import UpdateConfig
    from .update_log import Teller

_NO_CHAIN = 0
"""The chain of the deployment `none`."""


def extract_stage(config: UpdateConfig, teller: Teller) -> Told:
    """Fetch what is new, where a deployment and a node are configured."""
    from keep3r_replay.chain.endpoint import ENVIRONMENT

    if config.deployment.get("chain_id", _NO_CHAIN) == _NO_CHAIN:
        return Told(None, {}, "left out: no deployment is named")
    if not os.environ.get(ENVIRONMENT):
        return Told(None, {}, f"left out: no node, {ENVIRONMENT} is not set")
    from keep3r_replay.dataset.lock import only_one_run

    from .extract import differences_shown, extraction_of

    extraction, client = extraction_of(config.extraction(), teller.say, teller.update)
    with only_one_run(Path(config.lake), create=True), differences_shown():
        done = extraction.run()
    counts = {
        "logs": done.logs,
        "partitions": done.partitions,
        "repaired": done.repaired,
        "requests": client.statistics.requests,
        "rolled_back": int(done.rolled_back_to is not None),
    }
    words = (
        [f"reorganised chain: rolled back to block {done.rolled_back_to:,}"] if done.rolled_back_to is not None else []
    )
    words += [f"fetched again: {counted(done.repaired, 'partition')}"] if done.repaired else []
    if done.to_block < 0:
        return Told(done.head, counts, "; ".join([*words, f"nothing new up to the final head {done.head:,}"]))
    words += [f"blocks {done.from_block:,} to {done.to_block:,}, {counted(done.logs, 'log')}"]
    return Told(done.to_block, counts, "; ".join(words))


def replay_stage(config: UpdateConfig) -> tuple[bool, Told]:
    """Replay on; whether model and chain agree everywhere, and what was found."""
    from keep3r_replay.answers import SeveralResults

    lake = keep3r_replay.open_lake(config.lake, results=config.results)
    with no_collections():
        found = keep3r_replay.replay_on(lake, config.results, ledger=True)
    results = found.results
    parts = list(results.parts.values()) if isinstance(results, SeveralResults) else [results]
    counts = {
        "findings": sum(len(part.findings) for part in parts),
        "events": sum(part.summary["events"]["predicted"] for part in parts),
        "went_on_after": -1 if found.after is None else found.after,
    }
    coverage = lake.manifest.coverage
    told = found.told or "from the beginning"
    events, findings = counted(counts["events"], "event"), counted(counts["findings"], "finding")
    words = f"{found.verdict}, {events} predicted, {findings}; {told}"
    return found.clean, Told(coverage.to_block if coverage else None, counts, words)


def warehouse_stage(config: UpdateConfig) -> tuple[list[str], Told]:
    """Refresh the warehouse by what is new; the schemas that the lake has in it, and what was done."""
    from .warehouse import WarehouseConfig, refresh

    assert config.database is not None
    lake = keep3r_replay.open_lake(config.lake, results=config.results)
    wanted = WarehouseConfig(config.lake, config.results, config.database, config.schema, config.tables)
    built = dict(refresh(wanted, lake))
    refreshed = sum(len(each.refreshed) for each in built.values())
    words = f"{counted(refreshed, 'table')} refreshed" if refreshed else "nothing new"
    return [*built], Told(None, {"tables_refreshed": refreshed}, f"{config.database}: {words}")


def audit_stage(config: UpdateConfig, schemas: Sequence[str], *, ask_node: bool) -> tuple[int, Told]:
    """Run the audits on this lake's schemas of the warehouse; their exit code, and what they found."""
    from .audit import AuditConfig, exit_code, run
    from .audit_text import counts_line, verdict_lines

    assert config.database is not None
    wanted = AuditConfig(
        audits=config.audits,
        database=config.database,
        folder=config.folder,
        parameters=config.parameters,
        days=config.days,
    )
    found = list(run(wanted, ask_node=ask_node, schemas=schemas))
    verdicts = [verdict for _, verdict in found]
    bad = [line for part, each in found if each.rows or each.problem for line in verdict_lines(part, each, 5)]
    counts = {
        "audits": sum(each.answer is not None for each in verdicts),
        "audits_with_rows": sum(each.rows > 0 for each in verdicts),
        "bad_rows": sum(each.rows for each in verdicts),
        "audits_failed": sum(each.failed for each in verdicts),
    }
    return exit_code(verdicts), Told(None, counts, "\n".join([counts_line(verdicts), *bad]))


def report_stage(config: UpdateConfig, report: str) -> Told:
    """Write the page, unless it is that of these results already; of a lake of several protocols one page for each."""
    from keep3r_replay.protocols.registry import protocols_in

    names = protocols_in(keep3r_replay.open_lake(config.lake, results=config.results))
    results, page = Path(config.results), Path(report)
    if len(names) == 1:
        written = [_page(config.lake, results, page)]
    else:
        pages = {name: page.with_name(f"{page.stem}-{name}{page.suffix}") for name in names}
        written = [_page(f"{config.lake}/{name}", results / name, each) for name, each in pages.items()]
    counts = {"report_bytes": sum(size for _, size in written)}
    return Told(None, counts, "\n".join(words for words, _ in written))


def _page(lake: str, results: Path, page: Path) -> tuple[str, int]:
    """Write one page; what was done in words, and its size."""
    from .report import ReportConfig, write_page

    mark = f"<!-- of results {hashlib.sha256((results / 'manifest.json').read_bytes()).hexdigest()} -->\n"
    if page.is_file() and page.read_bytes().endswith(mark.encode()):
        return f"{page}: nothing new", page.stat().st_size
    size = write_page(ReportConfig(results=str(results), lake=lake, report=str(page)), mark)
    return f"{page}: {size / 1e6:.1f} MB", size
