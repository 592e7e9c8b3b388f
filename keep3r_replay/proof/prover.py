"""Proving a lake window by window, down from the anchor; what is proved stays proved when a run is interrupted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.lake.shapes import parsed
from keep3r_replay.lake.writer import write_bytes
from keep3r_replay.proof.header import header_from_rlp
from keep3r_replay.proof.kept import digest_of, keep_window, kept_name
from keep3r_replay.proof.places import clear_notes, note_name
from keep3r_replay.proof.records import WINDOW, Evidence, WindowRecord
from keep3r_replay.proof.window import prove_window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from keep3r_replay.proof.contradictions import Contradiction
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.subject import Subject
    from keep3r_replay.proof.tellers import Tellers


@dataclass
class Proved:
    """What a run came to.

    Attributes:
        windows: their records, ascending.
        contradictions: in what the lake contradicts the anchor.
        resumed: windows that a former run had proved already.
        headers: headers that this run verified.
        noted: windows without a contradiction that this run itself has proved, by first and last block.
    """

    windows: list[WindowRecord] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    resumed: int = 0
    headers: int = 0
    noted: dict[tuple[int, int], WindowRecord] = field(default_factory=dict)

    def marked(self) -> dict[int, Header]:
        """The marked headers by number, as far as the windows hold them."""
        return {
            int(number): header_from_rlp(bytes.fromhex(str(content)))
            for window in self.windows
            for number, content in window.marked
        }


def windows_of(first: int, last: int, size: int = WINDOW) -> list[tuple[int, int]]:
    """Cut a closed range where windows of `size` blocks begin, descending."""
    starts = [first, *range((first // size + 1) * size, last + 1, size)]
    return [(start, min(last, (start // size + 1) * size - 1)) for start in starts][::-1]


class Prover:
    """Proves one lake.

    Args:
        subject: the lake.
        tellers: who tells of the chain.
        anchor: header of the trusted block.
        marks: blocks whose headers proofs of state need.
        keep: leave the evidence beside the lake.
        notes: leave notes; without them nothing is written.
        resume: believe the notes of a former run; otherwise they are removed, and all is proved anew.
        former: what this process has proved already: its windows stay proved where their rows are the same.
        window: blocks of a window.
        progress: is told how many blocks of how many are proved, and the logs that these hold.
    """

    def __init__(
        self,
        subject: Subject,
        tellers: Tellers,
        anchor: Header,
        *,
        marks: Collection[int] = (),
        keep: bool,
        notes: bool,
        resume: bool = False,
        former: Proved | None = None,
        window: int = WINDOW,
        progress: Callable[[int, int, int], None],
    ) -> None:
        self._subject = subject
        self._tellers = tellers
        self._anchor = anchor
        self._marks = frozenset(marks)
        self._keep = keep
        self._notes = notes
        self._resume = resume
        self._former = former.noted if former is not None else {}
        self._window = window
        self._progress = progress

    def run(self) -> Proved:
        """Prove all windows.

        Raises:
            ContradictedError: nothing below some block can be proved.
            NodeError: nobody has what is needed.
        """
        proved = Proved(noted=dict(self._former))
        if self._notes and not self._resume and not self._former:
            clear_notes(self._subject.lake.path)
        first, last = self._subject.first, self._anchor.number
        trusted = self._anchor.hash
        for start, end in windows_of(first, last, self._window):
            record = self._own(start, end, trusted)
            if record is None and (record := self._noted(start, end, trusted)) is not None:
                proved.resumed += 1
            if record is None:
                record = self._prove(start, end, trusted, proved)
                proved.headers += end - start + 1
            proved.windows.insert(0, record)
            trusted = bytes.fromhex(record.parent[2:])
            self._progress(last - start + 1, last - first + 1, record.logs)
        proved.contradictions.sort()
        return proved

    def _prove(self, first: int, last: int, trusted: bytes, proved: Proved) -> WindowRecord:
        evidence = Evidence() if self._keep else None
        record, wrong = prove_window(self._subject, self._tellers, first, last, trusted, evidence, self._marks)
        proved.contradictions += wrong
        if wrong or not self._notes:
            return record
        lake = self._subject.lake.path
        if evidence is not None:
            keep_window(lake, first, last, evidence)
        note = json.dumps({**record._asdict(), "kept": digest_of(lake / kept_name(first, last))}, indent=1) + "\n"
        write_bytes(lake / note_name(first, last), note.encode())
        proved.noted[first, last] = record
        return record

    def _own(self, first: int, last: int, trusted: bytes) -> WindowRecord | None:
        """What this process has proved of a window already."""
        record = self._former.get((first, last))
        return record if record is not None and self._holds(record, trusted) else None

    def _noted(self, first: int, last: int, trusted: bytes) -> WindowRecord | None:
        """What a former run noted of a window, if that led to the same hash over the same rows."""
        if not self._notes or not self._resume:
            return None
        lake = self._subject.lake.path
        try:
            told: Any = parsed((lake / note_name(first, last)).read_bytes())
            kept = told.pop("kept")
            record = msgspec.convert([told[name] for name in WindowRecord._fields], WindowRecord)
            headers = {number: header_from_rlp(bytes.fromhex(str(rlp))).number for number, rlp in record.marked}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError):
            return None
        if any(number != found for number, found in headers.items()) or (record.first, record.last) != (first, last):
            return None
        # Evidence that was damaged since is fetched again.
        if self._keep and (not kept or kept != digest_of(lake / kept_name(first, last))):
            return None
        return record if self._holds(record, trusted) else None

    def _holds(self, record: WindowRecord, trusted: bytes) -> bool:
        """Whether a record is of this hash, of the lake's rows as they are, and has the marked headers."""
        subject, end = self._subject, min(record.last, self._subject.last)
        rows = ""
        if record.first <= end:
            rows = subject.rows.digest(subject.tables, record.first, end, subject.identity)
        marked = {each for each in self._marks if max(record.first - 1, 0) <= each <= record.last}
        same = (record.hash, record.digest) == (f"0x{trusted.hex()}", rows)
        return same and marked <= {number for number, _ in record.marked}
