"""What a finished replay of Keep3r V1 comes to: tables, counts, findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keep3r_replay.journal import WARNING, Finding
from keep3r_replay.protocols.keep3r_v1.audit import findings, liquidity, oracle_gaps, works
from keep3r_replay.protocols.keep3r_v1.audit.ledger import ledger_tables
from keep3r_replay.protocols.keep3r_v1.audit.rows import HelperRow, OracleGapRow
from keep3r_replay.protocols.keep3r_v1.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v1.replay.context import lists_of, within
from keep3r_replay.protocols.keep3r_v1.replay.kept import KEPT
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import kept_frame, payments_frame, seen_by_all
from keep3r_replay.protocols.keep3r_v1.replay.records import FailedCall, OracleUpdate
from keep3r_replay.replay.protocol import Results
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.replay import Keep3rV1Replay
    from keep3r_replay.replay.timeline import Span

BY_INPUT, BY_PAYMENTS, CONSTRUCTOR = "input", "payments", "constructor"


def results_of(replay: Keep3rV1Replay, whole: Keep3rV1Replay, lake: Lake, span: Span) -> Results:
    """Tables, counts and findings of the part `span`; `whole` has gone through the whole history."""
    kp3r = replay.kp3r
    seen = whole.context.payments
    context = replay.context if span.after is None else within(whole.context, span)
    market = kp3r.market
    payments = payments_frame(context.payments)
    # Before anything is judged: that looks at payments through more helpers, which a later run does by itself.
    kept = _kept(replay.context, payments if context is replay.context else payments_frame(replay.context.payments))
    judged = works.judge(context.payments, seen)
    used = liquidity.judge(context.liquidity_uses, context.swaps)
    epochs = _epochs(context, whole.first_helper, judged, market.helpers)
    in_force = [oracle_gaps.InForce(each.timestamp, each.version or "") for each in epochs]
    gaps = oracle_gaps.oracle_gaps(market, context.oracle_updates, in_force, kp3r.now)
    table_of_works = works.works_table(payments, judged, market.helpers)
    tables = {
        "works": table_of_works,
        "entry_points": works.entry_points(table_of_works),
        **liquidity.tables(used),
        "failed_calls": frame(FailedCall, context.failed_calls),
        "oracle_updates": frame(OracleUpdate, context.oracle_updates),
        "oracle_gaps": frame(OracleGapRow, oracle_gaps.rows(gaps)),
        "helpers_in_force": frame(HelperRow, epochs),
        **state_tables(kp3r),
    }
    if replay.context.credit_changes is not None:
        changes = context.credit_changes or []
        tables |= ledger_tables(kp3r, changes, table_of_works, lake, whole=span.after is None)
    found = [
        *findings.payment_findings(judged),
        *findings.liquidity_findings(used),
        *findings.memory_findings(context, gaps),
        *findings.state_findings(kp3r, replay.context.donated),
        *findings.repetitions(lake, span),
        *findings.shortfalls(kp3r, replay.context.token_balances),
        *_helpers_without_input(judged),
    ]
    applied = Counter(each.name for each in used if each.use.event == "ApplyCredit")
    counts = {
        "works": works.counts(judged),
        "applications": {name: applied[name] for name in liquidity.WORDS},
    }
    return Results(
        tables,
        counts,
        found,
        mismatched_logs=tuple(
            (each.block_number, each.log_index)
            for each in found
            if each.kind == "impossible_payment" and each.log_index is not None
        ),
        kept=kept,
    )


def _kept(context: Context, payments: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What a later run goes on from; `payments` is their `payments_frame`."""
    lists = {**lists_of(context), "evaluations": seen_by_all(context.payments)}
    return {
        "payments": kept_frame(payments, context.payments),
        "records": KEPT.table(lists, lambda record: record.block),
    }


def _epochs(
    context: Context, first_helper: str, judged: Sequence[works.Judged], versions: Mapping[str, str]
) -> list[HelperRow]:
    """Helpers in force: the constructor's, those that inputs set, and those that payments tell instead."""

    def row(block: int, transaction: int, timestamp: int, helper: str, known_by: str) -> HelperRow:
        return HelperRow(block, transaction, timestamp, helper, versions.get(helper), known_by)

    switches = [
        row(each.block, each.transaction_index, each.timestamp, each.helper, BY_INPUT)
        for each in context.helper_switches
    ]
    before = first_helper
    told: list[HelperRow] = []
    for each in judged:
        payment, helper = each.payment, each.helper
        if helper and helper not in {before, payment.helper}:
            told.append(row(payment.block, payment.transaction_index, payment.timestamp, helper, BY_PAYMENTS))
        before = helper or before
    by_place = sorted([*switches, *told], key=lambda each: (*each[:4], each.known_by))
    return [row(0, -1, 0, first_helper, CONSTRUCTOR), *by_place]


def _helpers_without_input(judged: Sequence[works.Judged]) -> Iterator[Finding]:
    before = ""
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
