"""One proof of one lake, from the anchor to the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.chain.forks import forks_of
from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.certificate import CERTIFICATE, LAYOUT, broken_by, read_certificate
from keep3r_replay.lake.schemas import ReadingRow
from keep3r_replay.proof.anchoring import anchor_of
from keep3r_replay.proof.certificate import certificate_of, resumed_of, write_certificate
from keep3r_replay.proof.contradictions import Contradiction, Lie
from keep3r_replay.proof.history_files import HistoryFolder
from keep3r_replay.proof.kept import KeptTeller, check_kept, keep_state, kept_size
from keep3r_replay.proof.mending import TrueBlock
from keep3r_replay.proof.places import check_places, clear_old, strangers
from keep3r_replay.proof.planning import Plan, plan_of
from keep3r_replay.proof.prover import Proved, Prover, windows_of
from keep3r_replay.proof.records import WINDOW
from keep3r_replay.proof.rows import rows_as
from keep3r_replay.proof.state import StateProver, marks_of
from keep3r_replay.proof.subject import Subject
from keep3r_replay.proof.tellers import Tellers
from keep3r_replay.replay.anatomy import Anatomy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.node import NodeTeller
    from keep3r_replay.proof.proved_state import StateProved
    from keep3r_replay.proof.teller import Teller
    from keep3r_replay.replay.protocol import Protocol


_ANEW = "run keep3r prove again"


class Settings(NamedTuple):
    """What is asked for: the anchor as hash or number, the rest as `keep3r prove` has it, and blocks of a window."""

    anchor: str
    keep: bool = False
    offline: bool = False
    state: bool = True
    window: int = WINDOW
    resume: bool = False


@dataclass
class Outcome:
    """What a proof came to.

    Attributes:
        anchor: the trusted block.
        blocks: of the lake that are proved.
        proved: windows, with their counts.
        state: what was proved of state; None if it was not asked for.
        contradictions: in what the lake, or everybody who tells, contradicts the anchor.
        lies: what single tellers told, and others refuted.
        certificate: what `proof.json` holds; None where something contradicts.
        kept_bytes: size of what is kept.
        offline: whether it was verified from what was kept.
        readings: of the lake's blocks that were proved.
    """

    anchor: Header
    blocks: tuple[int, int]
    proved: Proved
    state: StateProved | None
    contradictions: list[Contradiction]
    lies: list[Lie]
    certificate: dict[str, Any] | None = None
    kept_bytes: int = 0
    offline: bool = False
    readings: Sequence[ReadingRow] = ()


class Proving:
    """Proves a lake.

    Args:
        lake: whose files are whole.
        protocols: that it is of.
        nodes: who is asked.
        source: folder of history files, which are asked before the nodes.
        settings: what is asked for.
        say: is told what happens, in lines for a person.
        progress: is told blocks proved, blocks to prove, and logs.
        former: what this process has proved of the lake already, before it was mended.

    Raises:
        UsageError: the lake covers nothing, or the anchor is no block's hash or number.
    """

    def __init__(
        self,
        lake: Lake,
        protocols: Sequence[Protocol],
        nodes: Sequence[NodeTeller],
        source: Path | None,
        settings: Settings,
        say: Callable[[str], None],
        progress: Callable[[int, int, int], None],
        former: Proved | None = None,
    ) -> None:
        coverage = lake.manifest.coverage
        if coverage is None:
            raise UsageError(f"{lake.path}: covers no block; extract it first")
        self._coverage = coverage
        self._lake = lake
        self._settings = settings
        self._say = say
        self._progress = progress
        self._former = former
        self._events = {role: versions for each in protocols for role, versions in each.events.items()}
        self._anatomy = Anatomy(
            {start: of for each in protocols for start, of in each.anatomy.codes.items()},
            {start: cells for each in protocols for start, cells in each.anatomy.storage.items()},
        )
        self._listed: set[str] = set()
        self._asked = self._whom(nodes, source)
        self._tellers = Tellers(self._asked, forks_of(lake.deployment.chain_id).bloom_complete_from)

    def _whom(self, nodes: Sequence[NodeTeller], source: Path | None) -> list[Teller]:
        if self._settings.offline:
            names = self._certificate()["rests_on"]["kept"]
            check_kept(self._lake.path, names)
            kept = KeptTeller(self._lake.path, names)
            if kept.last < 0:
                raise UsageError(f"{self._lake.path}: keeps no headers; run keep3r prove with keep=true first")
            return [kept]
        files: list[Teller] = [] if source is None else [HistoryFolder(source)]
        return [*files, *nodes]

    def _certificate(self) -> dict[str, Any]:
        certificate = read_certificate(self._lake.path)
        if certificate is None:
            raise UsageError(f"{self._lake.path}: has no certificate; run keep3r prove with keep=true first")
        return certificate

    def true_blocks(self, proved: Proved, numbers: Iterable[int]) -> list[TrueBlock]:
        """Blocks of proved windows as they truly are, for mending; those whose receipts nobody has are left out."""
        found: list[TrueBlock] = []
        for window in proved.windows:
            inside = sorted(number for number in numbers if window.first <= number <= window.last)
            if not inside:
                continue
            headers = self._tellers.headers(inside[0], window.last, bytes.fromhex(window.hash[2:]))
            wanted = [headers[number - inside[0]] for number in inside]
            told = zip(wanted, self._tellers.receipts(wanted), self._tellers.transactions(wanted), strict=True)
            for header, receipts, raws in told:
                if not isinstance(receipts, Contradiction) and not isinstance(raws, Contradiction):
                    found.append(TrueBlock(header, receipts, raws))
        return found

    def plan(self) -> Plan:
        """What a proof would cost, by a few samples. Raises as `run` does."""
        anchor = self.anchor()
        subject = Subject(self._lake, self._events, min(self._coverage.to_block, anchor.number))
        return plan_of(subject, self._asked[0], anchor.number)

    @property
    def lies(self) -> list[Lie]:
        """What was told so far, and refuted."""
        return self._tellers.lies

    def anchor(self) -> Header:
        """The trusted block's header; see `anchoring.anchor_of`."""
        return anchor_of(self._settings.anchor, self._asked, self._coverage.from_block, self._tellers.lies)

    def run(self) -> Outcome:
        """Prove, and write the certificate where nothing contradicts.

        Raises:
            ContradictedError, NodeError, UsageError: see the parts.
            LakeError: something that no proof wrote stands where this one writes; nothing is touched.
        """
        settings, path = self._settings, self._lake.path
        self._listed = set() if settings.offline else check_places(path)
        anchor = self.anchor()
        if not settings.offline:
            written = windows_of(self._coverage.from_block, anchor.number, settings.window)
            for name in strangers(path, self._listed, written, keep=settings.keep):
                self._say(f"{path / name}: no proof wrote this; it stays")
        subject = Subject(self._lake, self._events, min(self._coverage.to_block, anchor.number))
        readings = self._readings(subject)
        marks = marks_of(subject, readings) if settings.state else set()
        prover = Prover(
            subject,
            self._tellers,
            anchor,
            marks=marks,
            keep=settings.keep,
            notes=not settings.offline,
            resume=settings.resume,
            former=self._former,
            window=settings.window,
            progress=self._progress,
        )
        proved = prover.run()
        state = self._prove_state(subject, proved, readings) if settings.state else None
        wrong = sorted([*proved.contradictions, *(state.contradictions if state is not None else [])])
        outcome = Outcome(anchor, (subject.first, subject.last), proved, state, wrong, self._tellers.lies)
        outcome.offline, outcome.readings = settings.offline, readings
        if not wrong:
            self._certify(subject, outcome)
        elif not settings.offline and any(each.of_lake for each in wrong):
            # What stood there was of another lake, or false: it must not outlast the refutation.
            (self._lake.path / CERTIFICATE).unlink(missing_ok=True)
        return outcome

    def _prove_state(self, subject: Subject, proved: Proved, readings: list[ReadingRow]) -> StateProved:
        state = StateProver(subject, self._tellers, self._anatomy, proved.marked()).run(readings)
        if self._settings.keep and not proved.contradictions and not state.contradictions:
            keep_state(self._lake.path, state.kept)
        return state

    def _readings(self, subject: Subject) -> list[ReadingRow]:
        if not self._lake.has("readings"):
            return []
        return rows_as(ReadingRow, subject.rows.of("readings", subject.first, subject.last))

    def _certify(self, subject: Subject, outcome: Outcome) -> None:
        given = self._settings.anchor.lower().startswith("0x")
        if self._settings.offline:
            self._verify(subject, outcome, given_as_hash=given)
            return
        content = certificate_of(
            subject,
            outcome.anchor,
            given_as_hash=given,
            proved=outcome.proved,
            readings=outcome.readings,
            state=outcome.state,
            kept=self._settings.keep,
            resumed=outcome.proved.resumed,
        )
        windows = [(each.first, each.last) for each in outcome.proved.windows]
        clear_old(self._lake.path, windows, self._listed, kept=self._settings.keep)
        write_certificate(self._lake.path, content)
        outcome.certificate = content
        outcome.kept_bytes = kept_size(self._lake.path)

    def _verify(self, subject: Subject, outcome: Outcome, *, given_as_hash: bool) -> None:
        """Hold what follows from the kept evidence against the certificate."""
        file, certificate = self._lake.path / CERTIFICATE, self._certificate()
        if certificate["layout"] < LAYOUT:
            raise InputError(file, "is of an earlier version, which said less", remedy=_ANEW)
        problem = broken_by(self._lake, certificate)
        if problem:
            raise InputError(file, f"is of another lake: {problem}", remedy=_ANEW)
        asked_for_state = certificate.get("state") is not None
        said_of_anchor, resumed = certificate["anchor"].get("given_as"), resumed_of(certificate)

        def follows(given: bool) -> dict[str, Any]:
            return certificate_of(
                subject,
                outcome.anchor,
                given_as_hash=given,
                proved=outcome.proved,
                readings=outcome.readings,
                state=outcome.state if asked_for_state else None,
                kept=True,
                resumed=resumed,
            )

        # Whence the anchor was, and what was believed then, is the certificate's own word: both only take from it.
        found, content = follows(said_of_anchor == "hash"), follows(given_as_hash)
        if certificate != found:
            names = sorted({*found, *certificate})
            differing = ", ".join(name for name in names if found.get(name) != certificate.get(name))
            raise InputError(file, f"says something else than the kept evidence: {differing}", remedy=_ANEW)
        outcome.certificate = content
        outcome.kept_bytes = kept_size(self._lake.path)
