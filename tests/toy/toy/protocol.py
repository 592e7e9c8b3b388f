"""A counter as the engine sees it."""

from __future__ import annotations

from collections import Counter as Counts
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.evm.abi import parse_event
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.lake.schemas import Reading
from keep3r_replay.replay.anatomy import Anatomy
from keep3r_replay.replay.protocol import Results
from keep3r_replay.replay.several import EARNINGS

from .counter import COUNTS, Counter
from .extractor import CounterExtractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.evm.abi import Event
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.protocol import Options, Protocol, Replay, Span
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation

COUNTED = parse_event("Counted(address indexed who, uint256 amount, uint256 total)")
CLASSES = {"exact": "as predicted", "silent": "without a log", "failed": "failed", "mismatch": "not as predicted"}


class _Recordings:
    """See `replay.rooms.Recordings`: `meta.json` names the counter, a line of views its total after a block."""

    def deployment(self, path: Path, meta: Mapping[str, Any], logs: LogBatch) -> Deployment:
        """One counter."""
        first = int(meta["deploymentBlock"])
        counter = Contract("counter", meta["counter"].lower(), "", {"from_block": first})
        return Deployment(meta["name"], meta["chainId"], "recording", {}, "all", (counter,), {}, first)

    def readings(self, meta: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Iterator[list[Reading]]]:
        """One row a line."""
        counter = meta["counter"].lower()
        return lambda line: iter([[Reading(counter, "total", "", line["total"], None, "view")]])


class _Toy:
    """See `replay.protocol.Protocol`."""

    name = "toy"
    title = "Toy"
    root = "counter"
    events: Mapping[str, Mapping[str, tuple[Event, ...]]] = {"counter": {"": (COUNTED,)}}
    direct_calls: Mapping[str, Mapping[str, DirectCall]] = {}
    never_call: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    starts_anywhere = False
    predicted = frozenset({"counter.Counted"})
    tables: Mapping[str, pl.Schema] = {"counts": COUNTS}
    words: Mapping[str, Mapping[str, str]] = {"counts": CLASSES}
    sql = f"{__package__}.sql"
    recordings = _Recordings()
    what_ifs = scenarios = pages = None
    questions: Mapping[str, Question] = {}

    def contracts_to_read(self, deployment: Deployment, root: Contract) -> frozenset[str]:
        """Its own."""
        return frozenset({root.address})

    def begin(self, lake: Lake, root: Contract, journal: Journal, until_block: int | None, options: Options) -> Replay:
        """A counter at zero."""
        return Counter(root.address, journal)

    def runs(self, replay: Replay) -> None:
        """None: every event goes to its handler."""

    def finish(self, replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
        """The table of counts."""
        assert isinstance(replay, Counter)
        frame = pl.DataFrame(replay.counts, schema=COUNTS, orient="row")
        found = Counts(each.kind for each in replay.counts)
        return Results({"counts": frame}, {"counts": {name: found[name] for name in CLASSES}})

    @property
    def anatomy(self) -> Anatomy:
        """No code is on record."""
        return Anatomy()

    def extractor(self, client: NodeClient, settings: Mapping[str, Any]) -> CounterExtractor:
        """Follows the counter that the settings name."""
        return CounterExtractor(client, settings)

    def totals(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """None."""
        return {}

    def earnings(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Nobody is paid."""
        return EARNINGS.to_frame()

    def ledger_summary(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """There is no ledger."""
        return {}

    def ledger_words(self, ledger: Mapping[str, Any]) -> str:
        """None."""
        return ""

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """A sum explains itself."""
        return []


PROTOCOL: Protocol = _Toy()
"""The toy."""
