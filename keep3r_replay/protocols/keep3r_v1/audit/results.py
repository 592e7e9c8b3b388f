"""What a finished replay of Keep3r V1 comes to: tables, counts, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.journal import WARNING, Finding
from keep3r_replay.protocols.keep3r_v1.audit import findings, liquidity, oracle_gaps, works
from keep3r_replay.protocols.keep3r_v1.audit.classes import CLASSES
from keep3r_replay.protocols.keep3r_v1.audit.grown import (
    NAMED,
    counted,
    epochs_of,
    found_on,
    grown,
    named_frame,
    payments_on,
    works_on,
)
from keep3r_replay.protocols.keep3r_v1.audit.ledger import ledger_tables, spent_table
from keep3r_replay.protocols.keep3r_v1.audit.rows import HelperRow, OracleGapRow
from keep3r_replay.protocols.keep3r_v1.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v1.replay.context import lists_of, within
from keep3r_replay.protocols.keep3r_v1.replay.kept import FOUND, KEPT, SEEN
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import kept_frame, payments_frame, seen_by_all
from keep3r_replay.protocols.keep3r_v1.replay.records import CreditChange, FailedCall, OracleUpdate
from keep3r_replay.replay.protocol import Results
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.audit.epochs import Named
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.kept import Recalled
    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment
    from keep3r_replay.protocols.keep3r_v1.replay.replay import Keep3rV1Replay
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.timeline import Span


def results_of(replay: Keep3rV1Replay, whole: Keep3rV1Replay, lake: Lake, span: Span) -> Results:
    """Tables, counts and findings of the part `span`; `whole` has gone through the whole history."""
    kp3r, recalled = replay.kp3r, replay.recalled
    context = replay.context if span.after is None else within(whole.context, span)
    new = span if recalled is None else span._replace(after=recalled.block)
    market, own = kp3r.market, replay.context.payments
    told = payments_frame(own)
    columns = kept_frame(told, own)
    seen = SEEN.table({"evaluations": seen_by_all(own)}, lambda record: record.block)
    named, judged = _judged(context, replay, whole)
    is_own = context.payments is own
    payments = (told if is_own else payments_frame(context.payments)).hstack(named_frame(named))
    named_own = named_frame(named if is_own else _named(own, replay, whole))
    used = liquidity.judge(context.liquidity_uses, context.swaps)
    epochs = epochs_of(context, whole.first_helper, recalled, payments, market.helpers)
    in_force = [oracle_gaps.InForce(each.timestamp, each.version or "") for each in epochs]
    updates = grown(recalled, "oracle_updates", frame(OracleUpdate, context.oracle_updates))
    gaps = oracle_gaps.oracle_gaps(market, updates, in_force, kp3r.now)
    came = works.works_table(payments.drop(NAMED.names()), judged, market.helpers)
    table_of_works = works_on(recalled, came)
    tables: dict[str, Table] = {
        "works": table_of_works,
        "entry_points": works.entry_points(table_of_works),
        **{name: grown(recalled, name, table) for name, table in liquidity.tables(used).items()},
        "failed_calls": grown(recalled, "failed_calls", frame(FailedCall, context.failed_calls)),
        "oracle_updates": updates,
        "oracle_gaps": frame(OracleGapRow, oracle_gaps.rows(gaps)),
        "helpers_in_force": frame(HelperRow, epochs),
        **state_tables(kp3r),
    }
    found = found_on(
        recalled,
        {
            "payments": findings.payment_findings(judged),
            "liquidity": findings.liquidity_findings(used),
            "repetitions": findings.repetitions(lake, new),
            "helpers": _helpers_without_input(judged, recalled),
        },
    )
    kept: dict[str, Table] = {
        "payments": payments_on(recalled, columns.hstack(named_own)),
        "evaluations": seen if recalled is None else recalled.evaluations.grown(seen, recalled.seen_settled),
        "records": KEPT.table(lists_of(replay.context), lambda record: record.block),
        "found": FOUND.table(found, lambda finding: finding.block_number),
    }
    if replay.context.credit_changes is not None:
        ledger = grown(recalled, "ledger", frame(CreditChange, context.credit_changes or []))
        paid = came if recalled is None else came.filter(pl.col("block_number") > recalled.block)
        spent = grown(recalled, "spent", spent_table(paid, lake))
        tables |= ledger_tables(kp3r, ledger, table_of_works, spent, whole=span.after is None)
        kept["spent"] = spent
    every = [
        *found["payments"],
        *found["liquidity"],
        *findings.memory_findings(context, gaps),
        *findings.state_findings(kp3r, replay.context.donated),
        *found["repetitions"],
        *findings.shortfalls(kp3r, replay.context.token_balances),
        *found["helpers"],
    ]
    return Results(
        tables,
        {
            "works": counted(table_of_works, CLASSES),
            "applications": counted(tables["credit_applications"], liquidity.WORDS),
        },
        every,
        mismatched_logs=tuple(
            (each.block_number, each.log_index)
            for each in every
            if each.kind == "impossible_payment" and each.log_index is not None
        ),
        kept=kept,
    )


def _named(payments: Sequence[Payment], replay: Keep3rV1Replay, whole: Keep3rV1Replay) -> list[Named]:
    """The helper in force at payments of a replay, by all of the history."""
    if whole is replay and replay.recalled is not None:
        return works.named_of(payments, payments, replay.recalled.standing)
    return works.named_of(payments, whole.context.payments)


def _judged(context: Context, replay: Keep3rV1Replay, whole: Keep3rV1Replay) -> tuple[list[Named], list[works.Judged]]:
    named = _named(context.payments, replay, whole)
    return named, works.judge(context.payments, named)


def _helpers_without_input(judged: Sequence[works.Judged], recalled: Recalled | None) -> Iterator[Finding]:
    before = "" if recalled is None else recalled.standing.in_force
    for each in judged:
        payment, helper = each.payment, each.helper
        if payment.helper and helper not in {payment.helper, before}:
            yield Finding(
                "helper_without_input",
                WARNING,
                payment.block,
                payment.log_index,
                payment.job,
                "KPRH",
                payment.helper,
                helper,
                None,
                "this payment and most of the next are limits of a helper that no transaction's input set",
            )
        before = helper
