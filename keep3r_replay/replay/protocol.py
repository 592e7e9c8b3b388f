"""What a protocol offers the engine, and what the engine tells a contract under replay.

A protocol is one folder in `protocols/`. The engine knows none: it is handed one, and asks it for what stands below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from keep3r_replay.replay.history import Block, EventHandler, Place, Row, Span, Transaction

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.journal import Finding, Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.anatomy import Anatomy
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.parts import Kept, Table
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation, Extractor, Pages, Recordings, Scenarios, WhatIfs
    from keep3r_replay.replay.runs import Runs
    from keep3r_replay.replay.statements import StatementKind

__all__ = [
    "Answer",
    "Block",
    "EventHandler",
    "Options",
    "Place",
    "Protocol",
    "Replay",
    "Results",
    "Row",
    "Span",
    "Transaction",
]

Answer = Callable[[], object]
"""The model's counterpart of a view; it may raise `Revert`."""


class Replay(Interface):
    """One contract under replay: a model, fed with what the chain says, in chain order."""

    @property
    def context(self) -> Any:
        """First argument of every handler."""

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by the name of the event's table without `events/`: `keep3r.KeeperWork`."""

    @property
    def transactions(self) -> pl.Expr | None:
        """Which rows of table `transactions` are handed to it, failed ones and ones without logs too; None: none."""

    def begin_block(self, block: Block) -> None:
        """Enter a block that has events, readings or a transaction that the replay asked for."""

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction; it is None where the replay did not ask for it, or the lake lacks it."""

    def end_transaction(self) -> None:
        """Leave the present transaction: its events have all been handled."""

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Answer | None:
        """The model's counterpart of a view, or of a storage value (`source` is `storage`); None if it has none."""

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Why a differing answer may be due to what logs can not tell; empty if nothing excuses it."""

    def state(self) -> dict[str, Any]:
        """The model's state as plain values, of which the state hash is made."""

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """What a person asks of the state, subjects by kind (`{"job": "0x..."}`); an overview if none is named.

        Raises `UsageError` for a kind or a subject that it does not know.
        """

    def snapshot(self) -> dict[str, Any]:
        """The whole state, with what the inference remembers, as plain values for JSON."""

    def kept(self) -> Mapping[str, Table]:
        """Append-only tables that snapshots count on instead of repeating them, by name; empty where there are none."""

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take over a snapshot; `kept` gives the tables of `kept()` as they were written."""

    def recall(self, block: int, kept: KeptTables) -> None:
        """After `restore`: take back what a former replay wrote down for its results up to the end of `block`.

        `kept` gives tables of its results, and those of `Results.kept`, by name. From then on the replay is one of the
        history from its beginning.
        """

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """Stand where readings at the end of `block` say: values by (contract, view, arguments).

        What no reading tells may be taken from the lake's earlier events. Raises `UsageError` where the protocol cannot
        start in mid-history.
        """


class KeptTables(Interface):
    """The tables of former results, and those of `Results.kept`; raises `KeyError` where there is no such table."""

    def __call__(self, name: str) -> pl.LazyFrame:
        """A table, to be queried."""

    def first(self, name: str, rows: int | None = None) -> Kept:
        """Its first rows, or all, to be added to."""

    def until(self, name: str, block: int) -> Kept:
        """The rows up to a block of a table in chain order."""


@dataclass(frozen=True)
class Options:
    """What else a replay does: compare readings, keep the ledger, take snapshots every so many events (0: none).

    With `reading_blocks` only the readings of these blocks are compared. With `keeps` a snapshot stands at the end,
    too, and with it all that a later run needs to go on from there. Without `columns` every event goes to its handler,
    also where the protocol can take plain ones from columns; the results are the same.
    """

    readings: bool = True
    reading_blocks: frozenset[int] | None = None
    ledger: bool = False
    snapshot_every: int = 0
    keeps: bool = False
    columns: bool = True


@dataclass(frozen=True)
class Results:
    """What a protocol makes of a finished replay.

    Attributes:
        tables: by name, each with the schema that `Protocol.tables` declares; what only grows may be `Grown`.
        counts: subject -> class -> how many: `{"works": {"exact": 189, ...}}`.
        findings: beside those that the journal holds.
        sums: further numbers for the summary, by name.
        mismatched_logs: places (block, log index) of events that these findings say are wrong.
        unpredicted: events of the contract that the model did not predict.
        kept: what tables and state do not tell of what was written down, and `Replay.recall` takes back: frames by
            name.
    """

    tables: Mapping[str, Table]
    counts: dict[str, dict[str, int]]
    findings: list[Finding] = field(default_factory=list)
    sums: dict[str, Any] = field(default_factory=dict)
    mismatched_logs: tuple[Place, ...] = ()
    unpredicted: int = 0
    kept: Mapping[str, Table] = field(default_factory=dict)


class Protocol(Interface):
    """A protocol, stateless. Its folder's module `protocol` holds one as `PROTOCOL`."""

    name: str
    """Name of its folder, which stands in a lake's `deployment.json`."""
    title: str
    """Its name for people."""
    root: str
    """The role that gets one replay per contract."""
    events: EventsByRole
    """Events by role and version; the version is empty where a role has only one."""
    direct_calls: Mapping[str, Mapping[str, DirectCall]]
    """Calls by role and selector (eight hexadecimal digits)."""
    never_call: frozenset[str]
    """Roles of contracts that never call a root, whatever a transaction asks of them."""
    closed: frozenset[str]
    """Roles of contracts whose events and views depend on their own former events, and on nothing else of a lake."""
    starts_anywhere: bool
    """Whether readings tell enough of the state for a replay to start in mid-history."""
    predicted: frozenset[str]
    """Tables of events (`keep3r.KeeperWork`) that the model predicts."""
    words: Mapping[str, Mapping[str, str]]
    """Terminal words of classes, from the surest to the least sure, by subject: `{"works": {"exact": "...", ...}}`."""
    sql: str
    """Package that holds `views.sql`, `queries/` and `audits/`; empty where there is none."""

    @property
    def tables(self) -> Mapping[str, pl.Schema]:
        """Schema of every result table that `finish` may give; the docs of tables are held against it."""

    @property
    def recordings(self) -> Recordings:
        """Import of recorded histories."""

    @property
    def what_ifs(self) -> WhatIfs | None:
        """Replays with changed inputs; None where there are none."""

    @property
    def statements(self) -> Mapping[str, StatementKind]:
        """What is stated of a job or a keeper, by name; empty where nothing is."""

    @property
    def questions(self) -> Mapping[str, Question]:
        """What people ask of a history, by name; empty where nothing is asked."""

    @property
    def scenarios(self) -> Scenarios | None:
        """Scripted histories; None where there are none."""

    @property
    def pages(self) -> Pages | None:
        """Pages about results; None where there are none."""

    def contracts_to_read(self, deployment: Deployment, root: Contract) -> frozenset[str] | None:
        """Contracts whose events and readings go with this root, where the lake holds several; None: all of them."""

    def begin(self, lake: Lake, root: Contract, journal: Journal, until_block: int | None, options: Options) -> Replay:
        """The model of one contract before its first event.

        Raises `InputError` where the lake lacks what the model needs, or is of a version without one.
        """

    def runs(self, replay: Replay) -> Runs | None:
        """What takes the replay's plain events many at a time; None: each goes to its handler."""

    def finish(self, replay: Replay, lake: Lake, span: Span, evidence: Callable[[], Replay] | None) -> Results:
        """Classes, tables and findings of a replay that went over `span`.

        `evidence` gives the replay of the whole history where `span` is only a part of it; None if it is all.
        """

    def extractor(self, client: NodeClient, settings: Mapping[str, Any]) -> Extractor:
        """Follows a deployment at a node: its settings are what a YAML file of `conf/deployment` says beside the rest.

        They are checked here: raises `UsageError` for settings that make no sense.
        """

    @property
    def anatomy(self) -> Anatomy:
        """Known code and storage of its contracts, for proofs of state."""

    def totals(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Tables over all roots, made from those of each, which stand one below the other in `tables`."""

    def earnings(self, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """What accounts were paid by results, with the schema `replay.several.EARNINGS`; no row where nobody is."""

    def ledger_summary(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """What `summary.json` says of the ledger, by name."""

    def ledger_words(self, ledger: Mapping[str, Any]) -> str:
        """What the terminal tells of a ledger, by its part of `summary.json`; empty: that it balances is all."""

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """Every term of the events at a place: block, log index (None: all of the transaction), transaction hash."""
