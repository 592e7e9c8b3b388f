"""What a finished replay of a Keep3r comes to: classes, tables, findings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.lake.late import begins_late
from keep3r_replay.protocols.keep3r_v2.audit.arrivals import arrival_findings, arrivals_table
from keep3r_replay.protocols.keep3r_v2.audit.callers import caused_table, indirect_findings, unauthorised_findings
from keep3r_replay.protocols.keep3r_v2.audit.classed import classed_works
from keep3r_replay.protocols.keep3r_v2.audit.classes import CLASSES, MISMATCH, payment_findings
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
from keep3r_replay.protocols.keep3r_v2.audit.governed import governed_findings
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import ledger_tables
from keep3r_replay.protocols.keep3r_v2.audit.pair_managers import pair_manager_findings
from keep3r_replay.protocols.keep3r_v2.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v2.audit.works import works_table
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.protocols.keep3r_v2.replay.unknown_code import unknown_code_findings
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, rows_table
from keep3r_replay.replay.coverage import covered_blocks
from keep3r_replay.replay.protocol import Results
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import Replay


def finish(replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
    """Works with their classes, rewards, states at the end, and the ledger if it was kept."""
    assert isinstance(replay, Keep3rV2)
    address = replay.keep3r.address
    recalled = replay.recalled
    new = span if recalled is None else span._replace(after=recalled.block)

    @cache
    def whole() -> Keep3rV2:
        assert evidence is not None
        replayed = evidence()
        assert isinstance(replayed, Keep3rV2)
        return replayed

    def whole_works() -> pl.DataFrame:
        return works_table(lake, whole().context.works, WHOLE, address)

    works = classed_works(
        works_table(lake, replay.context.works, new, address), recalled, None if evidence is None else whole_works
    )
    arrivals = arrivals_table(replay)
    kept: dict[str, Table] = {"work_evidence": works.evidence, "callers": caused_table(replay), "arrivals": arrivals}
    all_arrivals = None if evidence is None else lambda: arrivals_table(whole())
    counts = dict(works.table.lazy().group_by("class").len().collect().iter_rows())
    wrong = payment_findings(works.table.lazy()) if MISMATCH in counts else []
    wrong += arrival_findings(arrivals, span, all_arrivals)
    came = rows_table(replay.context.rewards, TABLES["rewards"]).sort("block_number", "log_index", maintain_order=True)
    rewards = came if recalled is None else recalled.rewards.grown(came)
    tables: dict[str, Table] = {
        "works": works.table,
        "rewards": rewards,
        **state_tables(replay.keep3r, replay.context.now),
    }
    if replay.observer is not None:
        assert isinstance(replay.observer, CreditObserver)
        kept |= replay.observer.kept()
        booked = ledger_tables(replay.observer, lake, works, span.until, covered_blocks(lake, span.until)[1])
        tables |= booked.tables
        kept |= booked.kept
    return Results(
        tables,
        {"works": {name: counts.get(name, 0) for name in CLASSES}},
        [
            *wrong,
            *unknown_code_findings(lake.deployment, address),
            *unauthorised_findings(lake, replay),
            *indirect_findings(lake, replay),
            *(governed_findings(lake, span, new) if _is_first(lake, address) else ()),
            *(
                pair_manager_findings(lake, span, new)
                if _is_first(lake, address) and _holds_pair_managers(lake)
                else ()
            ),
        ],
        mismatched_logs=tuple(
            (finding.block_number, finding.log_index) for finding in wrong if finding.log_index is not None
        ),
        unpredicted=rewards.lazy().select(pl.col("expected_rewarded_at").null_count()).collect().item(),
        kept=kept,
    )


def _holds_pair_managers(lake: Lake) -> bool:
    """Whether the lake holds the whole history of its pair managers, which tells balances and positions."""
    managers = [each for each in lake.deployment.contracts if each.role == "pair_manager"]
    return not any(begins_late(lake, each) for each in managers)


def _is_first(lake: Lake, address: str) -> bool:
    """Whether pools and pair managers, which all Keep3rs of a lake share, are looked at with this one."""
    keep3rs = (each for each in lake.deployment.contracts if each.role == "keep3r")
    return address == min((each.facts.get("from_block", 0), each.address) for each in keep3rs)[1]
