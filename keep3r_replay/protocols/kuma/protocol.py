"""KUMA as the engine and the pipelines see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.kuma.audit.bonds import STATUSES
from keep3r_replay.protocols.kuma.audit.finish import finish
from keep3r_replay.protocols.kuma.audit.ledger import ledger_summary
from keep3r_replay.protocols.kuma.audit.rows import TABLES
from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.kuma.replay.build import build
from keep3r_replay.protocols.kuma.replay.protocol import KumaReplay
from keep3r_replay.protocols.kuma.replay.setters import TOLD
from keep3r_replay.protocols.kuma.what_if.room import KumaWhatIfs
from keep3r_replay.replay.anatomy import Anatomy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.protocol import Options, Protocol, Replay, Results
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation, Extractor, Pages, Recordings, Scenarios, WhatIfs
    from keep3r_replay.replay.statements import StatementKind
    from keep3r_replay.replay.timeline import Span


class _KumaProtocol:
    """See `replay.protocol.Protocol`."""

    name = "kuma"
    title = "KUMA"
    root = "kuma_bond_token"
    events: EventsByRole = EVENTS
    direct_calls: Mapping[str, Mapping[str, DirectCall]] = {}
    """Empty: a transaction's input is replayed, not compared with its event."""
    never_call: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    starts_anywhere = False
    predicted = frozenset(
        f"{role}.{event.name}"
        for role, versions in EVENTS.items()
        for events in versions.values()
        for event in events
        if (role, event.name) not in TOLD
    )
    tables: Mapping[str, pl.Schema] = TABLES
    words: Mapping[str, Mapping[str, str]] = {
        "calls": {
            "exact": "exact to the wei",
            "silent": "without a log, as predicted",
            "reverted": "reverted, for a known reason",
            "mismatch": "not as predicted",
        },
        "bonds": {name: name for name in STATUSES},
    }
    sql = "keep3r_replay.protocols.kuma.sql"

    @property
    def recordings(self) -> Recordings:
        """Recorded histories; loaded where one is imported."""
        from keep3r_replay.protocols.kuma.recording.meta import KumaRecordings

        return KumaRecordings()

    @property
    def statements(self) -> Mapping[str, StatementKind]:
        """None."""
        return {}

    @property
    def questions(self) -> Mapping[str, Question]:
        """Of keepers' delays; loaded where they are asked for."""
        from keep3r_replay.protocols.kuma.what_if.lateness import QUESTIONS

        return QUESTIONS

    @property
    def scenarios(self) -> Scenarios:
        """Scripted histories; loaded where they are asked for."""
        from keep3r_replay.protocols.kuma.scenario.simulator import KumaScenarios

        return KumaScenarios()

    @property
    def pages(self) -> Pages:
        """The page about results; loaded where it is asked for."""
        from keep3r_replay.protocols.kuma.report.page import KumaPages

        return KumaPages()

    @property
    def what_ifs(self) -> WhatIfs:
        """Replays with changed keepers, epochs, fees, rates or rules."""
        return KumaWhatIfs(self)

    def contracts_to_read(self, deployment: Deployment, root: Contract) -> frozenset[str] | None:
        """A lake holds one deployment: everything in it belongs to its bond token."""
        del deployment, root
        return None

    def begin(
        self, lake: Lake, root: Contract, journal: Journal, until_block: int | None, options: Options
    ) -> KumaReplay:
        """The model before the first event; where the lake holds all transactions, their input tells the calls."""
        del until_block
        deployment = lake.deployment
        kuma = build(deployment, root, str(lake.path / "deployment.json"))
        roles = {contract.address: contract.role for contract in deployment.contracts}
        replay = KumaReplay(kuma, roles, journal, inputs=lake.has("transactions"))
        replay.holds_all_transactions = deployment.transactions == "all"
        replay.keeps_ledger = options.ledger
        return replay

    def runs(self, replay: Replay) -> None:
        """None: every event goes to its handler."""

    def finish(self, replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
        """Bonds, late expiries, keepers, tokens; the ledger if it was kept."""
        assert isinstance(replay, KumaReplay)
        whole: Replay = replay
        if span.after is not None and evidence is not None:
            whole = evidence()
        assert isinstance(whole, KumaReplay)
        return finish(replay, whole, lake, span, ledger=replay.keeps_ledger)

    def totals(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """None: there is one bond token."""
        del tables
        return {}

    def earnings(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """None: nobody is paid on chain."""
        from keep3r_replay.replay.several import EARNINGS

        del tables
        return EARNINGS.to_frame()

    @property
    def anatomy(self) -> Anatomy:
        """No code is on record."""
        return Anatomy()

    def extractor(self, client: NodeClient, deployment: Mapping[str, Any]) -> Extractor:
        """Follows a configured deployment at a node. Raises `UsageError` for a configuration that makes no sense."""
        from keep3r_replay.protocols.kuma.extract.discovery import KumaExtractor

        return KumaExtractor(client, deployment)

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """Every term of a transaction's purchases, sales and refreshes."""
        from keep3r_replay.protocols.kuma.audit.explain import explain

        return explain(lake, self, root, place)

    def ledger_summary(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Entries, accounts and sums of the book."""
        return {"ledger": ledger_summary(tables)}

    def ledger_words(self, ledger: Mapping[str, Any]) -> str:
        """Empty: that it balances is all there is to say."""
        del ledger
        return ""


PROTOCOL: Protocol = _KumaProtocol()
"""KUMA, v1 and v1.1."""
