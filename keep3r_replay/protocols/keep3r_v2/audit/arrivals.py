"""Tokens that arrived otherwise than the same token does: judged by all that ever arrived of it, before and after.

No lake holds a token's own logs. What a direct call sent is told by its input, and what arrived by its event; a token
takes a fee as fees are set, in whole millionths, or none. Where most of a token arrived so, what did not is wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Arrival
from keep3r_replay.protocols.keep3r_v2.tables import rows_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.timeline import Span

_PARTS = 1_000_000
REGULAR_EACH = 3
"""Times that a token must have arrived less such a fee, or whole, for each time that it did not."""

_ARRIVALS = {
    "block_number": pl.UInt32(),
    "log_index": pl.UInt32(),
    "sender": pl.String(),
    "token": pl.String(),
    "sent": pl.String(),
    "arrived": pl.Decimal(38, 0),
}
_WHY = (
    "what arrives of this token is otherwise what was sent, or that less a fee in whole millionths, and this amount is "
    "none such of what the transaction sent"
)


def arrivals_table(replay: Keep3rV2) -> Table:
    """What arrived of tokens that direct calls sent: wei; what was sent as text, for it may pass 38 digits."""
    new = rows_table(replay.context.arrivals, _ARRIVALS)
    return new if replay.recalled is None else replay.recalled.arrivals.grown(new)


def arrival_findings(arrivals: Table, span: Span, whole: Callable[[], Table] | None) -> list[Finding]:
    """Findings (`event_mismatch`) about arrivals in `span` that are unlike the others of their token.

    Args:
        arrivals: those of the span.
        span: the part of the history that results are about.
        whole: those of all of the history; None if `arrivals` are.
    """
    odd = [each for each in _rows(arrivals) if fee_of(each) is None and span.holds(each.block_number)]
    if not odd:
        return []
    judged = _judged(_rows(arrivals if whole is None else whole()))
    found = []
    for each in odd:
        fee = judged.get(each.token)
        if fee is not None:
            expected = int(each.sent) - int(each.sent) * fee // _PARTS
            found.append(
                Finding(
                    "event_mismatch",
                    ERROR,
                    each.block_number,
                    each.log_index,
                    each.sender,
                    "amount",
                    str(expected),
                    str(each.arrived),
                    each.arrived - expected,
                    _WHY,
                )
            )
    return found


def _judged(arrivals: Iterable[Arrival]) -> dict[str, int]:
    """Tokens whose odd arrivals are few enough to be wrong, and the fee that they take mostly."""
    fees: dict[str, Counter[int | None]] = {}
    for each in arrivals:
        fees.setdefault(each.token, Counter())[fee_of(each)] += 1
    judged = {}
    for token, seen in fees.items():
        odd = seen.pop(None, 0)
        if seen and seen.total() >= REGULAR_EACH * odd:
            judged[token] = next(fee for fee, _ in seen.most_common(1) if fee is not None)
    return judged


def fee_of(arrival: Arrival) -> int | None:
    """The fee in millionths that leaves what arrived of what was sent, whichever is cut; None if there is none."""
    sent, arrived = int(arrival.sent), arrival.arrived
    kept = sent - arrived
    lowest = kept * _PARTS // sent
    for fee in (lowest, lowest + 1):
        if kept == sent * fee // _PARTS or arrived == sent * (_PARTS - fee) // _PARTS:
            return fee
    return None


def _rows(table: Table) -> Iterator[Arrival]:
    rows = table.lazy().with_columns(pl.col("arrived").cast(pl.Int128)).collect()
    return (Arrival(*row) for row in rows.iter_rows())
