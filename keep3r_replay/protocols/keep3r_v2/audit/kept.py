"""What a run of a Keep3r takes back of a former one: works and rewards, and what only classes are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.replay.parts import Kept
    from keep3r_replay.replay.protocol import KeptTables


class Recalled(NamedTuple):
    """What a former replay wrote down up to the end of `block`, as the tables of the same names have it.

    `work_evidence` are columns that only classes are made of, by work; `callers` who alone may have caused what;
    `arrivals` what arrived of tokens.
    """

    block: int
    works: Kept
    work_evidence: Kept
    rewards: Kept
    callers: Kept
    arrivals: Kept


def recalled(block: int, kept: KeptTables) -> Recalled:
    """Take them back. Raises `KeyError` where one was not kept."""
    works = kept.until("works", block)
    evidence = kept.first("work_evidence", works.rows)
    rewards, callers, arrivals = (kept.until(name, block) for name in ("rewards", "callers", "arrivals"))
    return Recalled(block, works, evidence, rewards, callers, arrivals)
