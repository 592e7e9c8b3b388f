"""What a finished replay of a Keep3r comes to: classes, tables, findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.lake.late import begins_late
from keep3r_replay.protocols.keep3r_v2.audit.callers import indirect_findings, unauthorised_findings
from keep3r_replay.protocols.keep3r_v2.audit.classes import CLASSES, classify, needs_evidence, payment_findings
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
from keep3r_replay.protocols.keep3r_v2.audit.kept import kept_tables
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import ledger_tables
from keep3r_replay.protocols.keep3r_v2.audit.pair_managers import pair_manager_findings
from keep3r_replay.protocols.keep3r_v2.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v2.audit.works import works_table
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.protocols.keep3r_v2.replay.unknown_code import unknown_code_findings
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, rows_table
from keep3r_replay.replay.protocol import Results
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Replay


def finish(replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
    """Works with their classes, rewards, states at the end, and the ledger if it was kept."""
    assert isinstance(replay, Keep3rV2)
    address = replay.keep3r.address
    new = span if replay.recalled is None else span._replace(after=replay.recalled)
    works = works_table(lake, replay.context.works, new, address)
    if replay.former_works is not None:
        works = pl.concat([replay.former_works.select(works.columns), works])
    seen = works
    kept = kept_tables(replay.context, works)
    if replay.observer is not None:
        assert isinstance(replay.observer, CreditObserver)
        kept |= replay.observer.kept()
    if evidence is not None and needs_evidence(works):
        whole = evidence()
        assert isinstance(whole, Keep3rV2)
        seen = works_table(lake, whole.context.works, WHOLE, address)
    works = classify(works, seen)
    wrong = payment_findings(works)
    rewards = rows_table(replay.context.rewards, TABLES["rewards"])
    tables = {
        "works": works,
        "rewards": rewards.sort("block_number", "log_index", maintain_order=True),
        **state_tables(replay.keep3r, replay.context.now),
    }
    if isinstance(replay.observer, CreditObserver):
        tables |= ledger_tables(replay.observer, lake, works, span.until)
    counts = Counter(works["class"].to_list())
    return Results(
        tables,
        {"works": {name: counts[name] for name in CLASSES}},
        [
            *wrong,
            *unknown_code_findings(lake.deployment, address),
            *unauthorised_findings(lake, replay),
            *indirect_findings(lake, replay),
            *(pair_manager_findings(lake, span) if _is_first(lake, address) and _holds_pair_managers(lake) else ()),
        ],
        mismatched_logs=tuple(
            (finding.block_number, finding.log_index) for finding in wrong if finding.log_index is not None
        ),
        unpredicted=rewards["expected_rewarded_at"].null_count(),
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
