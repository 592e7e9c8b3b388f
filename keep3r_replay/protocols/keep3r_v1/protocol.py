"""Keep3r V1 as the engine and the pipelines see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v1.audit import classes, liquidity
from keep3r_replay.protocols.keep3r_v1.audit.ledger import ledger_summary
from keep3r_replay.protocols.keep3r_v1.audit.results import results_of
from keep3r_replay.protocols.keep3r_v1.audit.rows import TABLES
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, KEEP3R_V1_EVENTS, ROOT
from keep3r_replay.protocols.keep3r_v1.replay.build import replay_of_lake
from keep3r_replay.protocols.keep3r_v1.replay.replay import Keep3rV1Replay
from keep3r_replay.protocols.keep3r_v1.what_if.room import Keep3rV1WhatIfs
from keep3r_replay.replay.anatomy import Anatomy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.replay.plain_runs import PlainRuns
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.protocol import Options, Protocol, Replay, Results
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation, Extractor, Pages, Recordings, Scenarios, WhatIfs
    from keep3r_replay.replay.statements import StatementKind
    from keep3r_replay.replay.timeline import Span


class _Keep3rV1Protocol:
    """See `replay.protocol.Protocol`."""

    name = "keep3r_v1"
    title = "Keep3r V1"
    root = ROOT
    events = EVENTS
    # The replay itself runs direct calls and holds what they log against the chain.
    direct_calls: Mapping[str, Mapping[str, DirectCall]] = {}
    never_call: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset({"uniswap_v2_pair"})
    starts_anywhere = False
    predicted = frozenset(f"{ROOT}.{event.name}" for event in KEEP3R_V1_EVENTS)
    tables: Mapping[str, pl.Schema] = TABLES
    words: Mapping[str, Mapping[str, str]] = {"works": classes.WORDS, "applications": liquidity.WORDS}
    sql = "keep3r_replay.protocols.keep3r_v1.sql"

    @property
    def pages(self) -> Pages:
        """The page of a replay; loaded where it is asked for."""
        from keep3r_replay.protocols.keep3r_v1.report.page import Keep3rV1Pages

        return Keep3rV1Pages()

    @property
    def what_ifs(self) -> WhatIfs:
        """Replays with another helper, feed, bonds, times, oracles."""
        return Keep3rV1WhatIfs(self)

    @property
    def recordings(self) -> Recordings:
        """Recorded histories; loaded where one is imported."""
        from keep3r_replay.protocols.keep3r_v1.recording.recordings import Keep3rV1Recordings

        return Keep3rV1Recordings()

    @property
    def statements(self) -> Mapping[str, StatementKind]:
        """None."""
        return {}

    @property
    def questions(self) -> Mapping[str, Question]:
        """Of helpers; loaded where they are asked for."""
        from keep3r_replay.protocols.keep3r_v1.what_if.helper_cost import QUESTIONS

        return QUESTIONS

    @property
    def scenarios(self) -> Scenarios:
        """Scripted histories; loaded where they are asked for."""
        from keep3r_replay.protocols.keep3r_v1.scenario.simulator import Keep3rV1Scenarios

        return Keep3rV1Scenarios()

    @property
    def anatomy(self) -> Anatomy:
        """No code is on record."""
        return Anatomy()

    def extractor(self, client: NodeClient, settings: Mapping[str, Any]) -> Extractor:
        """Follows a deployment at a node. Raises `UsageError` for settings that make no sense."""
        from keep3r_replay.protocols.keep3r_v1.extract.extractor import Keep3rV1Extractor

        return Keep3rV1Extractor(client, settings)

    def contracts_to_read(self, deployment: Deployment, root: Contract) -> frozenset[str] | None:  # noqa: ARG002 - one
        """There is one Keep3r V1 on a chain: everything goes with it."""
        return None

    def begin(
        self, lake: Lake, root: Contract, journal: Journal, until_block: int | None, options: Options
    ) -> Keep3rV1Replay:
        """The model before its first event; with a ledger, the book of credits is kept."""
        del until_block
        replay = replay_of_lake(lake, root, journal)
        if options.ledger:
            replay.context.credit_changes = []
        return replay

    def runs(self, replay: Replay) -> PlainRuns:
        """Plain works."""
        from keep3r_replay.protocols.keep3r_v1.replay.plain_runs import PlainRuns

        assert isinstance(replay, Keep3rV1Replay)
        return PlainRuns(replay.context)

    def finish(self, replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
        """Payments with their classes, liquidity, oracles, states at the end."""
        assert isinstance(replay, Keep3rV1Replay)
        whole = replay if evidence is None else evidence()
        assert isinstance(whole, Keep3rV1Replay)
        return results_of(replay, whole, lake, span)

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """Payments at a place, from the feed to the KP3R."""
        from keep3r_replay.protocols.keep3r_v1.audit.explain import explain

        return explain(lake, root, place)

    def totals(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """None: there is one Keep3r V1."""
        del tables
        return {}

    def earnings(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """What accounts were paid, by token, receipts included."""
        from keep3r_replay.replay.several import earnings_of

        return earnings_of(tables["works"], "keeper", "credit", "payment")

    def ledger_summary(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Entries of the book, and sums by kind."""
        return {"ledger": ledger_summary(tables)}

    def ledger_words(self, ledger: Mapping[str, Any]) -> str:
        """Empty: that it balances is all there is to say."""
        del ledger
        return ""


PROTOCOL: Protocol = _Keep3rV1Protocol()
"""Keep3r V1."""
