"""What an audit found, and what becomes of it once the causes of its findings are known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.journal import NOTICE, Finding
from keep3r_replay.lake.certificate import inputs_of
from keep3r_replay.replay.causes import Traced, trace
from keep3r_replay.replay.findings import findings_table, in_order
from keep3r_replay.replay.mended import Keys, MendedLake, keys_of
from keep3r_replay.replay.notices import with_notices
from keep3r_replay.replay.parts import Tables
from keep3r_replay.replay.retold import Retold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.causes import Absent
    from keep3r_replay.replay.parts import Table

MISMATCH, UNDETERMINED = "mismatch", "undetermined"
"""Classes that every protocol's tables have in common: wrong, and beyond what the history shows."""

_PLACE = {"block_number": pl.UInt32(), "log_index": pl.UInt32()}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    `tables` are the results by name; `summary` is what `summary.json` holds; `findings` are in chain order, each with
    the number (from 1) of the finding that it follows from as its `cause`, None for a root.
    """

    lake: Lake
    summary: dict[str, Any]
    tables: Tables
    findings: list[Finding]
    undetermined_readings: dict[tuple[str, str], int]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The protocol's classes by subject, from the surest to the least sure."""
    kept: Mapping[str, Table] = field(default_factory=dict)
    """What a later run needs to go on from the end, or from a snapshot: frames by name."""

    @property
    def doubt(self) -> int:
        """How unsure the classes are in all: only to be compared with that of the same history, mended."""
        return sum(
            place * int(self.summary[subject].get(name, 0))
            for subject, names in self.words.items()
            for place, name in enumerate(names)
        )

    @property
    def roots(self) -> list[Finding]:
        """Findings that follow from no other."""
        return [finding for finding in self.findings if finding.cause is None]

    def with_inputs(self) -> Audit:
        """The audit, whose summary says how its inputs were proved, if the lake has a certificate."""
        inputs = inputs_of(self.lake)
        return self if inputs is None else replace(self, summary={**self.summary, "inputs": inputs})

    @property
    def clean(self) -> bool:
        """Whether nothing was found but notices: model and chain agree everywhere."""
        return all(finding.severity == NOTICE for finding in self.findings)


def with_causes(
    found: Audit,
    again: Callable[[Lake, frozenset[int] | None], Audit],
    absent: Absent,
    apart: Callable[[Finding, Finding], bool],
    *,
    inputs: bool,
) -> Audit:
    """The audit, each of its findings with its cause.

    What the mended history shows to be right loses its mismatch: its class is that of the mended replay. `again` gives
    the audit of a mended lake, with the readings of some blocks compared (None: of all); `absent` what is missing;
    `apart` whether a finding cannot follow from one before it; `inputs` says whether calls are taken from
    transactions' input.
    """
    whole: dict[Keys, Audit] = {}

    def retold(lake: MendedLake, blocks: frozenset[int] | None) -> Retold:
        mended = again(lake, blocks)
        if blocks is None:
            # The last is the one that is wanted, but for rare cases.
            whole.clear()
            whole[keys_of(lake.mends)] = mended
        return Retold(mended.findings, mended.doubt)

    traced = trace(found.lake, found.findings, retold, absent, apart, in_order, inputs=inputs)
    mended = found
    if traced.mends:
        mended = whole.get(keys_of(traced.mends)) or again(MendedLake(found.lake, traced.mends), None)
        traced = replace(traced, findings=with_notices(traced, mended.findings))
    tables = Tables(found.tables)
    tables["findings"] = findings_table(found.lake, traced.findings)
    summary = dict(found.summary)
    following = [finding for finding in traced.findings if finding.cause is not None]
    if following:
        summary |= _acquit(tables, mended.tables, traced, summary)
    roots = [finding for finding in traced.findings if finding.cause is None]
    summary["findings"] = dict(sorted(Counter(finding.kind for finding in roots).items()))
    if following:
        blocks = [finding.block_number for finding in following]
        summary["following"] = {"count": len(following), "blocks": [min(blocks), max(blocks)]}
    return replace(found, summary=summary, tables=tables, findings=traced.findings)


def _acquit(
    tables: Tables, mended: Mapping[str, pl.DataFrame], traced: Traced, summary: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    """Put the mended replay's verdict on all but the roots into `tables`; returns the counts anew.

    What is a mismatch there too follows from what nothing could mend: then nobody can tell whether it is right.
    """
    convicted = {(finding.block_number, finding.log_index) for finding in traced.findings if finding.cause is None}
    logs = {
        (finding.block_number, finding.log_index): finding.cause
        for finding in traced.findings
        if finding.cause is not None and (finding.block_number, finding.log_index) not in convicted
    }
    rows = [(block, log_index, cause) for (block, log_index), cause in logs.items() if log_index is not None]
    frame = pl.DataFrame(rows, schema={**_PLACE, "cause": pl.UInt32}, orient="row")
    guilty = pl.DataFrame([place for place in convicted if place[1] is not None], schema=_PLACE, orient="row")
    counts: dict[str, dict[str, int]] = {}
    for name, table in tables.items():
        if name == "findings" or not {*_PLACE, "class", "reason"} <= set(table.columns):
            continue
        former = table.select(*_PLACE, pl.col("class").alias("former"))
        right = (
            mended[name]
            .join(guilty, on=list(_PLACE), how="anti")
            .join(former, on=list(_PLACE), how="inner")
            .join(frame, on=list(_PLACE), how="left")
            .filter((pl.col("class") != pl.col("former")) | pl.col("cause").is_not_null())
            .with_columns(is_open=(pl.col("class") == MISMATCH) & pl.col("cause").is_not_null())
            .select(
                *_PLACE,
                pl.when("is_open").then(pl.lit(UNDETERMINED)).otherwise("class").alias("class"),
                pl.when("is_open")
                .then(pl.format("it follows from finding {}, whose right value is unknown", "cause"))
                .otherwise("reason")
                .alias("reason"),
            )
        )
        tables[name] = table.update(right, on=list(_PLACE))
        if name in summary:
            found = Counter(tables[name]["class"].to_list())
            counts[name] = {kind: found[kind] for kind in summary[name]}
    return counts
