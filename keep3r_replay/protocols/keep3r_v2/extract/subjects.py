"""Whom a deployment's views are asked about: jobs, keepers, tokens and liquidities that events have named.

A lake that begins after its Keep3r lacks the events that named most of them: there the lists that Keep3r itself
answered before the lake's first block come along, and whoever the lake's later events name, for they were there before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.lake.late import begins_late

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake

_TABLE = "events/keep3r."
_JOBS, _KEEPERS, _EITHER = ("job", "from_job", "to_job"), ("keeper",), ("job_or_keeper", "keeper_or_job")
_BONDS, _CREDITS, _LIQUIDITY = ("bond", "bonding", "unbonding"), ("token", "credit"), ("liquidity",)


class Subjects(NamedTuple):
    """Addresses, sorted: of jobs, keepers, tokens that were bonded, tokens that jobs hold as credits, liquidities."""

    jobs: list[str]
    keepers: list[str]
    bonded: list[str]
    credited: list[str]
    liquidities: list[str]


def subjects(lake: Lake, keep3r: Contract, block: int) -> Subjects:
    """The subjects of one Keep3r at a block."""
    if begins_late(lake, keep3r):
        return _of_window(lake, keep3r)
    return Subjects(
        seen(lake, "JobAddition", "job", block, keep3r.address),
        seen(lake, "Bonding", "keeper", block, keep3r.address),
        seen(lake, "Bonding", "bonding", block, keep3r.address),
        seen(lake, "TokenCreditAddition", "token", block, keep3r.address),
        seen(lake, "LiquidityApproval", "liquidity", block, keep3r.address),
    )


def seen(lake: Lake, event: str, column: str, block: int | None, emitter: str | None = None) -> list[str]:
    """The addresses that an event (of one contract, if one is given) has named up to a block, sorted."""
    if not lake.has(f"{_TABLE}{event}"):
        return []
    frame = lake.scan(f"{_TABLE}{event}", until_block=block).select("address", column).unique().collect()
    rows = zip(frame["address"].to_list(), frame[column].to_list(), strict=True)
    return sorted({named for address, named in rows if emitter in {None, address}})


def _of_window(lake: Lake, keep3r: Contract) -> Subjects:
    told = lake.deployment.initial_state.get(keep3r.address, {})

    def listed(view: str) -> set[str]:
        return set(json.loads(told.get(view, "[]")))

    def named(columns: tuple[str, ...]) -> set[str]:
        tables = [name for name in lake.tables() if name.startswith(_TABLE)]
        pairs = [(name, column) for name in tables for column in lake.scan(name).collect_schema() if column in columns]
        return {
            address
            for name, column in pairs
            for emitter, address in lake.scan(name, columns=["address", column]).collect().iter_rows()
            if emitter == keep3r.address
        }

    jobs = listed("jobs") | named(_JOBS)
    kp3r = lake.deployment.tokens["kp3r"]
    return Subjects(
        sorted(jobs),
        sorted(listed("keepers") | named(_KEEPERS) | (named(_EITHER) - jobs)),
        sorted(named(_BONDS)),
        sorted(named(_CREDITS) - {kp3r}),
        sorted(listed("approvedLiquidities") | named(_LIQUIDITY)),
    )
