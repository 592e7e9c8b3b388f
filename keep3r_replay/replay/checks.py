"""What is held against a lake as it lies there, beside the replay of its contracts: only what is new, if some is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.replay.accounts import TABLE as ACCOUNTS
from keep3r_replay.replay.accounts import accounts_of
from keep3r_replay.replay.continuing import NOTED, Continued
from keep3r_replay.replay.direct_calls import check_direct_inputs
from keep3r_replay.replay.emitted import check_emitted, check_signers
from keep3r_replay.replay.reached import check_reached
from keep3r_replay.replay.transactions import check_transactions

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.roots import Start

CHECKS = "checks"
"""Table of what is kept of a run: what these checks found."""


class Checked(NamedTuple):
    """What the checks found, in no order; how many events are missing; tables that a later run needs of it."""

    findings: list[Finding]
    missing_events: int
    kept: dict[str, pl.DataFrame]


def check_lake(lake: Lake, protocol: Protocol, span: Span, starts: Iterable[Start | None]) -> Checked:
    """Hold a lake's transactions, logs and blocks against each other.

    What a former run found up to where this one went on is taken from there: each of these findings is about one
    transaction or block. Who signs transactions is asked of the whole history, which may tell it later.

    Args:
        lake: the history.
        protocol: whose contracts are in it.
        span: the part of it that results are about.
        starts: where the replays of the contracts began.
    """
    begun = list(starts)
    gone_on = [each for each in begun if isinstance(each, Continued)]
    former: dict[str, list[Finding]] = {}
    new = span
    if gone_on and len(gone_on) == len(begun):
        first = min(gone_on, key=lambda each: each.block)
        new = span._replace(after=first.block)
        former = first.former.noted(CHECKS, first.block)
    called = check_direct_inputs(lake, protocol, new)
    found = {
        "direct": called.findings,
        "emitted": check_emitted(lake, protocol, new),
        "reached": check_reached(lake, protocol, new),
        "transactions": check_transactions(lake, new),
    }
    found = {name: [*former.get(name, []), *findings] for name, findings in found.items()}
    kept = {CHECKS: NOTED.table(found, lambda finding: finding.block_number), ACCOUNTS: accounts_of(lake)}
    missing = sum(finding.kind == "missing_event" for finding in found["direct"])
    signers = check_signers(lake, protocol, span)
    return Checked([*(each for findings in found.values() for each in findings), *signers], missing, kept)
