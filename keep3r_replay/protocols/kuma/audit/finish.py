"""What a finished replay comes to: tables, counts, sums and notices."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.kuma.audit.bond_tables import bonds_table, judge, late_bonds, late_expiries, late_table
from keep3r_replay.protocols.kuma.audit.bonds import STATUSES, STILL_LATE, TO_RERUN, BondBook
from keep3r_replay.protocols.kuma.audit.holders import holders_table
from keep3r_replay.protocols.kuma.audit.keepers import Reimbursement, keeper_calls, keeper_calls_table, keepers_table
from keep3r_replay.protocols.kuma.audit.late_rows import WORLDS
from keep3r_replay.protocols.kuma.audit.ledger import ledger_tables
from keep3r_replay.protocols.kuma.audit.notices import bond_notices, token_notices, within
from keep3r_replay.protocols.kuma.audit.place import Place
from keep3r_replay.protocols.kuma.audit.shortfall import shortfall_notices, shortfalls
from keep3r_replay.protocols.kuma.audit.token_tables import (
    calls_table,
    categories_table,
    epochs_table,
    pauses,
    self_transfers_table,
    stale_table,
    tokens_table,
)
from keep3r_replay.protocols.kuma.what_if.history import BlockTime, History
from keep3r_replay.replay.protocol import Results

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.kuma.replay.protocol import KumaReplay
    from keep3r_replay.replay.timeline import Span

CALLS = ("exact", "silent", "reverted", "mismatch")
"""Classes of calls: logs as predicted; no log, as predicted; reverted for a known reason; not as predicted."""


def history_of(replay: KumaReplay, lake: Lake, until_block: int | None, *, with_steps: bool = True) -> History:
    """The history that a replay from the beginning went through, up to a block (None: all); its times only, if told."""
    blocks = lake.scan("blocks", columns=["number", "timestamp"], until_block=until_block)
    frame = blocks.filter(pl.col("timestamp").is_not_null()).sort("number").collect()
    times = list(map(BlockTime, frame["number"].to_list(), frame["timestamp"].to_list()))
    steps = replay.recorder.all_steps() if with_steps else ()
    return History(replay.start, [each for each in steps if until_block is None or each.block <= until_block], times)


def finish(replay: KumaReplay, whole: KumaReplay, lake: Lake, span: Span, *, ledger: bool) -> Results:
    """Tables and notices of the span; what concerns bonds rests on the whole history up to its end.

    Args:
        replay: what went over the span.
        whole: what went over everything from the beginning; `replay` itself where that did.
        lake: the history.
        span: the part that was replayed.
        ledger: whether to keep the book of KIBT.
    """
    kept = replay.recorder.kept()
    if span.until is None:
        replay.findings.close()
    history = history_of(whole, lake, span.until, with_steps=False)
    kuma, recorder = replay.kuma, replay.recorder
    end = history.times[-1] if history.times else BlockTime(0, 0)

    # BONDS
    judged = judge(BondBook(whole.recorder.happenings, span.until), end.timestamp)
    deprecated = {
        row.category: row.place.timestamp
        for row in whole.recorder.calls
        if row.function == "enable_deprecation_mode" and row.outcome != "reverted"
    }
    are_late = late_bonds(judged)
    if are_late:
        history = history_of(whole, lake, span.until)
    late, states = late_expiries(history, kuma, are_late)
    late_rows = late_table(history, kuma, states, late, deprecated)
    keepers = keeper_calls(recorder.calls, judged, recorder.states, whole.recorder.stale.all(), Reimbursement())
    epochs, transfers = epochs_table(kuma, recorder.epochs), self_transfers_table(kuma, recorder.moves)
    tables = {
        "bonds": bonds_table(kuma, judged, pauses(whole.recorder.calls, end.timestamp), end.timestamp),
        "late_expiries": late_rows,
        "late_holders": holders_table(history, kuma, states, late),
        "calls": calls_table(kuma, recorder.calls),
        "keeper_calls": keeper_calls_table(kuma, keepers),
        "keepers": keepers_table(keepers),
        "stale_yields": stale_table(kuma, recorder.stale.all(), end.timestamp),
        "epoch_changes": epochs,
        "self_transfers": transfers,
        "tokens": tokens_table(kuma, recorder.states),
        "categories": categories_table(kuma),
    }
    if ledger:
        tables |= ledger_tables(kuma, recorder.moves)

    # COUNTS, SUMS, NOTICES
    names = {name: each.name for name, each in kuma.categories.items()}
    statuses = Counter(each.status for each in judged)
    calls = Counter(row.outcome for row in recorder.calls)
    notices = [
        *bond_notices(judged, late_rows, Place(end.block, 0, -1, end.timestamp)),
        *token_notices(epochs, transfers, recorder.calls),
        *shortfall_notices(shortfalls(whole.recorder.states, whole.recorder.moves), names, deprecated),
    ]
    return Results(
        tables,
        {
            "calls": {name: calls[name] for name in CALLS},
            "bonds": {name: statuses[name] for name in STATUSES},
        },
        within(notices, span),
        sums={"late_expiries": late_sums(late_rows), "stale_readings": sum(replay.stale_readings.values())},
        kept=kept,
    )


def late_sums(late: pl.DataFrame) -> dict[str, Any]:
    """Purchases to rerun, clean cases and excess (wei), of clean cases alone and of all."""
    bought = late.filter(pl.col("status").is_in(sorted(TO_RERUN)))
    found: dict[str, Any] = {
        "purchases": bought.height,
        "not_bought": late.filter(pl.col("status").is_in(sorted(STILL_LATE))).height,
    }
    for world in WORLDS:
        clean = bought.filter(pl.col(f"clean_{world}"))
        found[f"clean_{world}"] = clean.height
        found[f"excess_{world}_clean"] = _sum(clean, f"excess_{world}")
        found[f"excess_{world}_all"] = _sum(bought, f"excess_{world}")
    return found


def _sum(frame: pl.DataFrame, column: str) -> str:
    return str(sum(int(value) for value in frame[column].to_list() if value is not None))
