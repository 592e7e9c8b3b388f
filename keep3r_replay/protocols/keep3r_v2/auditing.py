"""Keep3r V2 as the engine and the pipelines see it. Each room is imported where it is asked for: start-up counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.keep3r_v2.replay.companion_calls import (
    ESCROW_CALLS,
    FACTORY_CALLS,
    PAIR_MANAGER_CALLS,
    POOL_CALLS,
)
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS
from keep3r_replay.sidechain_oracle.events import FACTORY, ORACLE, RECEIVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.extract.extractor import Keep3rV2Extractor
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.anatomy import Anatomy
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.protocol import Options, Protocol, Replay, Results
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation, Pages, Recordings, Scenarios, WhatIfs
    from keep3r_replay.replay.runs import Runs
    from keep3r_replay.replay.statements import StatementKind
    from keep3r_replay.replay.timeline import Span

_NOT_PREDICTED = frozenset({"keep3r.KeeperValidation", "keep3r.DustSent"})
"""Events of Keep3r that are inputs of the replay, or touch nothing that it models."""


class Keep3rV2Audits:
    """See `replay.protocol.Protocol`."""

    name = "keep3r_v2"
    title = "Keep3r"
    root = "keep3r"
    events = EVENTS
    direct_calls: Mapping[str, Mapping[str, DirectCall]] = {
        "keep3r": KEEP3R_CALLS,
        "keep3r_helper": HELPER_CALLS,
        "uniswap_v3_pool": POOL_CALLS,
        "pair_manager": PAIR_MANAGER_CALLS,
        "pair_manager_factory": FACTORY_CALLS,
        "escrow": ESCROW_CALLS,
    }
    never_call = frozenset(
        {"keep3r_helper", "pair_manager", "pair_manager_factory", "uniswap_v3_pool", ORACLE, FACTORY, RECEIVER}
    )
    closed = frozenset({"uniswap_v3_pool"})
    starts_anywhere = True
    predicted = (
        frozenset(
            f"{role}.{event.name}"
            for role in ("keep3r", "keep3r_helper")
            for events in EVENTS[role].values()
            for event in events
        )
        - _NOT_PREDICTED
    )
    words: Mapping[str, Mapping[str, str]] = {
        "works": {
            "exact": "exact to the wei",
            "interval": "within the bounds of what events tell",
            "own_payment": "the job's own amount",
            "token_payment": "paid in tokens",
            "stale_gas": "exact, from an earlier validation",
            "undetermined": "undetermined",
            "mismatch": "mismatch",
        }
    }
    sql = "keep3r_replay.protocols.keep3r_v2.sql"
    what_ifs: WhatIfs | None = None
    scenarios: Scenarios | None = None
    pages: Pages | None = None

    @property
    def questions(self) -> Mapping[str, Question]:
        """None: rooms are `protocol`'s, which stand on audits."""
        return {}

    @property
    def recordings(self) -> Recordings:
        """Recorded histories; loaded where one is imported."""
        from keep3r_replay.protocols.keep3r_v2.recording.recordings import Keep3rV2Recordings

        return Keep3rV2Recordings()

    @property
    def statements(self) -> Mapping[str, StatementKind]:
        """None: rooms are `protocol`'s, which stand on audits."""
        return {}

    @property
    def anatomy(self) -> Anatomy:
        """Code and storage, as far as they are on record."""
        from keep3r_replay.protocols.keep3r_v2.extract.storage import ANATOMY

        return ANATOMY

    def extractor(self, client: NodeClient, settings: Mapping[str, Any]) -> Keep3rV2Extractor:
        """Follows a deployment as `extract.settings` describes it."""
        from keep3r_replay.protocols.keep3r_v2.extract.extractor import Keep3rV2Extractor

        return Keep3rV2Extractor(client, settings)

    def contracts_to_read(self, deployment: Deployment, root: Contract) -> frozenset[str] | None:
        """A helper goes with the Keep3r that it was built for; pools and blocks with the first Keep3r."""
        first = min(
            (contract for contract in deployment.contracts if contract.role == self.root),
            key=lambda contract: (contract.facts.get("from_block", 0), contract.address),
        )
        state = deployment.initial_state
        mine = {root.address}
        for other in deployment.contracts:
            if other.role == "keep3r_helper":
                if state.get(other.address, {}).get("keep3rV2") == root.address:
                    mine.add(other.address)
            elif other.role != self.root and root == first:
                mine.add(other.address)
        return frozenset(mine | ({""} if root == first else set()))

    def begin(
        self, lake: Lake, root: Contract, journal: Journal, until_block: int | None, options: Options
    ) -> Keep3rV2:
        """The model of one Keep3r; with a ledger, an observer of credits watches it."""
        from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
        from keep3r_replay.protocols.keep3r_v2.replay.of_lake import replay_of

        replay = replay_of(lake, root, journal, until_block)
        if options.ledger:
            replay.observer = CreditObserver(replay)
        return replay

    def runs(self, replay: Replay) -> Runs | None:
        """Plain works, unless the version's works cannot be told from columns."""
        from keep3r_replay.protocols.keep3r_v2.replay.plain_works import plain_works

        return plain_works(replay)

    def finish(self, replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
        """Works with their classes, rewards, states at the end, and the ledger if it was kept."""
        from keep3r_replay.protocols.keep3r_v2.audit.finish import finish

        return finish(replay, lake, span, evidence)

    @property
    def tables(self) -> Mapping[str, pl.Schema]:
        """Schema of every result table."""
        from keep3r_replay.protocols.keep3r_v2.tables import TABLES

        return TABLES

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """None, likewise."""
        del lake, root, place
        return []

    def totals(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """What every keeper earned and every job paid over all contracts."""
        from keep3r_replay.protocols.keep3r_v2.audit.works import total_tables
        from keep3r_replay.replay.parts import lazily

        return total_tables(lazily(tables, "works"))

    def earnings(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """What keepers were paid for their works, by token."""
        from keep3r_replay.replay.several import earnings_of

        return earnings_of(tables["works"], "keeper", "credit", "payment")

    def ledger_summary(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Counts and sums of the ledger and of expiry."""
        from keep3r_replay.protocols.keep3r_v2.audit.ledger_summary import ledger_summary

        return {"ledger": ledger_summary(tables)}

    def ledger_words(self, ledger: Mapping[str, Any]) -> str:
        """Where credits came from and went, in whole KP3R."""
        from keep3r_replay.protocols.keep3r_v2.audit.ledger_summary import ledger_words

        return ledger_words(ledger)


AUDITS: Protocol = Keep3rV2Audits()
"""Keep3r V2 without its rooms."""
