"""What results are made of and a later run goes on from.

Payments stand as columns, with what is known of the helper in force at each; what tables of results hold in full is
taken from there. The rest are records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.journal import Finding
from keep3r_replay.protocols.keep3r_v1.audit.epochs import Standing, settled
from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation, Evaluations
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import Seen, payments_of
from keep3r_replay.protocols.keep3r_v1.replay.records import EarlyActivation, FeedSwitch, HelperSwitch
from keep3r_replay.replay.records import Records, until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment
    from keep3r_replay.replay.parts import Kept
    from keep3r_replay.replay.protocol import KeptTables

KEPT = Records(HelperSwitch, FeedSwitch, EarlyActivation)
"""The types of records that stand in the table `records`: few, and wanted whole."""
SEEN = Records(Seen, Evaluations, Evaluation)
"""Those of the table `evaluations`."""
FOUND = Records(Finding)
"""Those of the table `found`: findings about single payments, uses of liquidity and withdrawals."""


class Recalled(NamedTuple):
    """What a former replay wrote down up to the end of `block`.

    Attributes:
        block: the block.
        payments: all payments; `evaluations`: what all helpers make of those that no single one tells.
        settled: how many of the first payments have a helper that no later one changes; their classes are final.
        seen_settled: how many of the evaluations are of those.
        standing: what is known after them.
        found: findings about them and about what else is final, by list.
        tables: tables of the former results.
    """

    block: int
    payments: Kept
    evaluations: Kept
    settled: int
    seen_settled: int
    standing: Standing
    found: Mapping[str, list[Finding]]
    tables: KeptTables


def recalled(
    block: int, kept: KeptTables, without_oracle: Mapping[str, str]
) -> tuple[Recalled, list[Payment], dict[str, list[Any]]]:
    """Take it back; with payments that are not settled, to be looked at again, and the lists of `records`.

    Raises:
        KeyError: something was not kept.
    """
    payments = kept.until("payments", block)
    known = payments.lazy().select("tells", "decides", "gas").collect()
    first = settled(known["tells"].to_list(), known["decides"].to_list())
    alone = known["gas"].is_not_null()
    seen = int((~alone).sum())
    before = int((~alone.head(first)).sum())
    evaluations = kept.first("evaluations", seen)
    tail = payments.lazy().slice(first).collect()
    told = SEEN.lists(evaluations.lazy().slice(before).collect()).get("evaluations", []) if seen > before else []
    standing = Standing()
    if first:
        last = payments.lazy().slice(first - 1, 1).select(Standing._fields).collect()
        standing = Standing._make(last.row(0))
    found = FOUND.lists(until(kept("found"), block))
    if tail.height:
        place = (tail["block_number"][0], tail["log_index"][0])
        for name in ("payments", "helpers"):
            found[name] = [each for each in found.get(name, []) if (each.block_number, each.log_index or 0) < place]
    lists = KEPT.lists(until(kept("records"), block))
    again = list(payments_of(tail, told, without_oracle))
    return Recalled(block, payments, evaluations, first, before, standing, found, kept), again, lists
