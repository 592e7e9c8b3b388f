"""What a protocol offers beside its replay: recordings, extraction, explanations, what-ifs, scenarios, pages."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from typing import Protocol as Interface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.chain.views import Question
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.lake.schemas import Reading
    from keep3r_replay.replay.contact import Configured


class Term(NamedTuple):
    """One line of an explanation: a value and where it comes from."""

    section: str
    name: str
    value: object
    source: str


class Explanation(NamedTuple):
    """One event explained."""

    event: str
    block_number: int
    log_index: int
    subjects: Mapping[str, str]
    terms: Sequence[Term]


class Proof(NamedTuple):
    """A log that must exist, because a contract's state says so.

    Attributes:
        contract: the emitter, in lower case.
        table, column, value: where the log stands: `events/ROLE.EVENT`, and a column that holds the value.
        why: what proves it, as the beginning of a sentence.
    """

    contract: str
    table: str
    column: str
    value: str
    why: str


class Recordings(Interface):
    """How a protocol's recorded histories become lakes."""

    def deployment(self, path: Path, meta: Mapping[str, Any], logs: LogBatch) -> Deployment:
        """What the recording is of, by the content of `meta.json` at `path` and its raw logs.

        Raises `InputError` for a `meta.json` that lacks something, or says something it must not.
        """

    def readings(self, meta: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Iterable[Sequence[Reading]]]:
        """What turns a line of `views.jsonl.gz` into rows of `readings`; it raises `ValueError` for a wrong line.

        Rows come in parts. Whoever gives the same object as for the line before spares the reader from looking at it.
        """


class Extractor(Interface):
    """How a deployment is found and followed at a node; made for one client and one configured deployment."""

    @property
    def roots(self) -> Sequence[tuple[str, str]]:
        """Role and address of the contracts that the configuration is about; they must exist. May be empty."""

    def start(self, block: int, created_in: Callable[[str], int]) -> list[tuple[str, str]]:
        """Role and address of what the configuration and the contracts' state at `block` name.

        `created_in` finds the block in which a contract was created, by bisection.
        """

    def named_in(self, tables: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Role and address of every contract that decoded events (Arrow tables by name) name, in chain order.

        Where they are fetched, the tables `transactions` and `calls` are among them.
        """

    def describe(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        """The contract with its version and facts, and whom it leads to; None if it is not what its role says.

        The fact `from_block`, if the configuration knows it, saves the search for the contract's first block.
        """

    def initial_state(self, contract: Contract, block: int) -> dict[str, str]:
        """A contract's parameters at a block, as text by name of the view; empty if it has none."""

    def began_with(self, contract: Contract, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
        """Role and address of whom a contract's parameters at its beginning name, and no event does."""

    def tokens(
        self, contracts: Mapping[str, Contract], initial_state: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """Token addresses by name."""

    def transactions_to(self, contracts: Mapping[str, Contract]) -> Sequence[str]:
        """Addresses whose callers matter even where they leave no logs; empty where logs tell all."""

    def proofs(self, contracts: Mapping[str, Contract], block: int) -> Sequence[Proof]:
        """Logs up to a block that must exist, because the contracts' state there says so; empty if none does."""

    def views(self, lake: Lake, block: int) -> Sequence[Question]:
        """Questions whose answers are the readings at a block."""

    @property
    def configured(self) -> Sequence[Configured]:
        """The contracts that the configuration names, with what they must answer at first contact."""

    @property
    def codes(self) -> Mapping[str, str]:
        """Role and version, separated by a space, by the beginning of the hash of their code (`chain.code`)."""


class Outcome(NamedTuple):
    """What a what-if comes to.

    Attributes:
        summary: its numbers by name: counts, and amounts in wei as int or as text of digits.
        tables: frames by name.
        lines: for the terminal.
        about: what else `summary.json` says of it, by name: `version`, `state_hash`, ...
    """

    summary: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    lines: list[str]
    about: Mapping[str, Any] = MappingProxyType({})


class WhatIfs(Interface):
    """Replays with changed inputs. An object of it is sent to the workers of a sweep, so it holds nothing of a lake.

    A class that names this one as its base takes over what has a body here.
    """

    @property
    def measured(self) -> Mapping[str, Any]:
        """The numbers of an outcome that sweeps compare, by name, each with the polars type of its column."""

    @property
    def told(self) -> Sequence[str]:
        """Those of them that the terminal shows of a sweep, two at least; a chart draws the first amount."""

    @property
    def unit(self) -> str:
        """What amounts among them are in, as whole tokens of 18 decimals."""

    @property
    def other_lakes(self) -> Sequence[str]:
        """Changes whose value is the folder of another lake."""
        return ()

    def changes(self) -> Mapping[str, str]:
        """What an overlay can change, by name, each with its meaning in one line."""

    def check(self, overlay: Mapping[str, Any], lake: Lake) -> None:
        """Raise `UsageError` for a change that makes no sense for this lake."""

    def identity(self, overlay: Mapping[str, Any]) -> dict[str, Any]:
        """What of an overlay decides its results, wherever files lie: `overlay`, and fingerprints of other inputs.

        Raises `LakeError` if another lake is missing.
        """
        return {"overlay": dict(overlay)}

    def baseline(self, lake: Lake, until_block: int | None, starts: Mapping[str, Any]) -> Any:
        """The history as it was, loaded once for any number of overlays; it can be pickled.

        Args:
            lake: the history.
            until_block: its last block; None: all of it.
            starts: where a contract's replay begins in mid-history, by address.

        Raises:
            Keep3rReplayError: there is no such history.
            UsageError: the protocol's what-ifs begin with the history only.
        """

    def at(self, baseline: Any, lake: Lake) -> Any:  # noqa: ARG002 - a protocol may need it
        """The same baseline, for a lake that lies elsewhere."""
        return baseline

    def outcome(self, baseline: Any, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """What would have happened. An empty overlay gives the history as it was.

        Args:
            baseline: as `baseline` gives it; it stays as it is.
            overlay: values by name of the change.
            ledger: also keep the ledger, where the protocol's what-ifs have one.
            tables: make every table, not only the sums.

        Raises:
            UsageError: a change makes no sense, or names what the history does not hold.
        """

    def assumptions(self) -> Sequence[str]:
        """What stays given and what becomes a consequence, in lines."""


class Extras(NamedTuple):
    """What is written of a simulation beside its lake: folders for tables (CSV) and for charts (SVG); None: nothing."""

    trace: Path | None = None
    draw: Path | None = None


class Simulated(NamedTuple):
    """What a script came to: lines for the terminal, the protocol's own record of it, actors' names by address."""

    lines: list[str]
    record: Any
    names: dict[str, str]


class Scenarios(Interface):
    """Scripted histories."""

    @property
    def measure(self) -> Callable[[Mapping[str, Any]], dict[str, int]] | None:
        """Plays a script, and gives its outcome in whole numbers by name; None: nothing is measured of such ones."""

    @property
    def has_extras(self) -> bool:
        """Whether simulations have tables and charts to write beside their lake."""

    def simulate(self, script: Mapping[str, Any], source: str, lake: Path, extras: Extras | None = None) -> Simulated:
        """Play a script and write its lake.

        Args:
            script: the scenario's content, without the name of its protocol.
            source: what to call the script in an error.
            lake: folder of the lake; a former simulation there is replaced.
            extras: what else is written; nothing unless the scenarios have `has_extras`.

        Raises:
            UsageError: a mistake in the script, with its place in it, or the folder holds something else.
        """


class Chart(NamedTuple):
    """One chart: name (of its element and file), what it shows, and its specification (`report.plot`)."""

    name: str
    caption: str
    specification: dict[str, Any]


class Pages(Interface):
    """What people read of results: those of a replay, or of a what-if."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """One self-contained HTML page; the same results give the same bytes.

        Args:
            results: their folder.
            lake: what they were made from, where it is at hand.
            subject: address, or its beginning, of the only one that the page is about: of a job, or `keeper ` and of a
                keeper; empty: all.

        Raises:
            InputError: the results lack what the page shows.
            UsageError: there is no such subject, or no page about a single one.
        """

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """The page's charts one by one. Raises as `page` does, and `UsageError` where there are none."""
