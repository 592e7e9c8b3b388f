"""What a lake's manifest must list: a table's file that is not listed is as lost as one that is missing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.counts import counted

if TYPE_CHECKING:
    from keep3r_replay.lake.manifest import Manifest


class Lacking(NamedTuple):
    """A closed range of blocks of which the manifest does not list everything, and what is wrong."""

    from_block: int
    to_block: int
    problem: str


ALWAYS_THERE = frozenset({"logs", "blocks", "transactions", "calls"})
"""Tables that have a file without a row where an extraction had nothing to write."""


def lacking(manifest: Manifest, transactions: str = "") -> list[Lacking]:
    """Say of which blocks a lake does not hold what it must; empty if it is complete.

    Every partition has raw logs and, unless logs are all that was wanted, blocks and transactions. A block has one row.
    A log is in the table of its event or among the undecoded ones, so that their rows together are those of `logs`.
    An imported or simulated lake has readings, too. Where `transactions` (`Deployment.transactions`) are followed, and
    by traces, there are calls.
    """
    found = [Lacking(first, last, f"blocks {first} to {last} are missing") for first, last in manifest.missing()]
    rows: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for entry in manifest.files:
        rows[entry.from_block, entry.to_block][entry.table] = entry.rows
    seen = {(each.from_block, each.to_block) for each in found}
    for (first, last), tables in sorted(rows.items()):
        problem = "" if (first, last) in seen else _problem(manifest, transactions, first, last, tables)
        if problem:
            found.append(Lacking(first, last, f"blocks {first} to {last}: {problem}"))
    return found


def unanchored(manifest: Manifest) -> list[Lacking]:
    """Say of which partitions of an extracted lake the manifest has not, or has otherwise, the hash of the last block.

    The lake's own last block needs none besides the coverage's: a lake that was rolled back ends within a partition.
    """
    coverage, facts = manifest.coverage, manifest.extraction
    if coverage is None or not facts:
        return []
    hashes = {int(number): str(told) for number, told in facts.get("anchors", [])}
    ranges = sorted({(entry.from_block, entry.to_block) for entry in manifest.files})
    end = (coverage.to_block, coverage.last_block_hash)
    found = [
        Lacking(first, last, f"blocks {first} to {last}: the hash of the last block is not in the manifest")
        for first, last in ranges
        if last not in hashes and last != end[0]
    ]
    if hashes.get(*end) != end[1]:
        first = max((first for first, last in ranges if last == end[0]), default=coverage.from_block)
        found.append(Lacking(first, end[0], f"block {end[0]} has two hashes in the manifest"))
    return found


def _problem(manifest: Manifest, transactions: str, first: int, last: int, tables: dict[str, int]) -> str:
    wanted = ["logs"] if manifest.extraction.get("detail") == "logs" else ["logs", "blocks", "transactions"]
    if not manifest.extraction:
        wanted.append("readings")
    if transactions == "followed" and manifest.extraction.get("follow") == "traces":
        wanted.append("calls")
    absent = [name for name in wanted if name not in tables]
    if absent:
        return f"no file of {', '.join(absent)}"
    decoded = sum(count for name, count in tables.items() if name.startswith("events/")) + tables.get("undecoded", 0)
    if decoded != tables["logs"]:
        return f"{counted(tables['logs'], 'log')}, but {counted(decoded, 'event')}"
    if "blocks" in tables and tables["blocks"] != last - first + 1:
        return f"{counted(tables['blocks'], 'row')} of blocks"
    return ""
