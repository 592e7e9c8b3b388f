"""The classed works of a replay, of which those of a former run stay as they are but where a class is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.classes import DEPENDS, NEEDED, classify, needs_evidence, plainly
from keep3r_replay.protocols.keep3r_v2.audit.works import EVIDENCE_SCHEMA, WORKS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.audit.kept import Recalled
    from keep3r_replay.replay.parts import Table

_PLACE = ("block_number", "log_index")
_CLASSED = ("class", "reason")
_EVIDENCE = [*NEEDED, *EVIDENCE_SCHEMA]
_DEPENDS = "depends"
"""Column of what is kept of a work: whether its class depends on the rest of the history."""


class ClassedWorks(NamedTuple):
    """Table `works`; of it the works that came; how many of the former ones stand as they did; what a later run needs.

    `classes` are those of the former works from `same` on, where a class is another one.
    """

    table: Table
    new: pl.DataFrame
    same: int
    classes: pl.Series
    evidence: Table


def classed_works(
    new: pl.DataFrame, recalled: Recalled | None, whole: Callable[[], pl.DataFrame] | None
) -> ClassedWorks:
    """Class the works of a replay.

    Args:
        new: the works that it went through itself (`works_table`).
        recalled: those of the run that it went on from.
        whole: gives the works of the whole history, where the replay's are only a part of it.
    """
    told = new.select(*_PLACE, *EVIDENCE_SCHEMA, DEPENDS.alias(_DEPENDS))
    if recalled is None:
        seen = whole() if whole is not None and needs_evidence(new.lazy()) else new
        works = classify(new, seen).select(WORKS_SCHEMA.names())
        return ClassedWorks(works, works, 0, pl.Series("class", [], pl.String()), told)
    former = recalled.works
    evidence = recalled.work_evidence.grown(told)
    depends = recalled.work_evidence.lazy().select(pl.col(_DEPENDS).any())
    if not (told[_DEPENDS].any() or depends.collect().item()):
        works = plainly(new).select(WORKS_SCHEMA.names())
        return ClassedWorks(former.grown(works), works, former.rows, pl.Series("class", [], pl.String()), evidence)
    before = _of_former(recalled, *_EVIDENCE, *_CLASSED).collect()
    mine = pl.concat([before.select(_EVIDENCE), new.select(_EVIDENCE)])
    classes = classify(mine, mine if whole is None else whole()).select(_CLASSED)
    works = new.hstack(classes.slice(before.height)).select(WORKS_SCHEMA.names())
    differs = pl.any_horizontal(pl.col(name).ne_missing(classes[name].head(before.height)) for name in _CLASSED)
    others = before.select(differs.arg_true()).to_series()
    same = int(others[0]) if others.len() else before.height
    rest = former.lazy().slice(same).collect().with_columns(classes.slice(same, before.height - same))
    changed = classes["class"].slice(same, before.height - same)
    table = former.grown(pl.concat([rest.select(works.columns), works]), same)
    return ClassedWorks(table, works, same, changed, evidence)


def _of_former(recalled: Recalled, *columns: str) -> pl.LazyFrame:
    """Columns of the former works, those that only classes are made of among them."""
    beside = [name for name in columns if name in EVIDENCE_SCHEMA]
    works = recalled.works.lazy().select([name for name in columns if name not in EVIDENCE_SCHEMA])
    return pl.concat([works, recalled.work_evidence.lazy().select(beside)], how="horizontal").select(columns)
