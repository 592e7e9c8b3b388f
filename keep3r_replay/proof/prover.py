"""Proving a lake window by window, down from the anchor; what is proved stays proved when a run is interrupted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keep3r_replay.lake.writer import write_bytes
from keep3r_replay.proof.header import header_from_rlp
from keep3r_replay.proof.kept import FOLDER, keep_window, kept_name
from keep3r_replay.proof.records import WINDOW, Evidence, WindowRecord
from keep3r_replay.proof.window import prove_window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

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
    """

    windows: list[WindowRecord] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    resumed: int = 0
    headers: int = 0

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
        notes: go on from the notes of former runs, and leave some; without them all is proved anew and nothing written.
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
        window: int = WINDOW,
        progress: Callable[[int, int, int], None],
    ) -> None:
        self._subject = subject
        self._tellers = tellers
        self._anchor = anchor
        self._marks = frozenset(marks)
        self._keep = keep
        self._notes = notes
        self._window = window
        self._progress = progress

    def run(self) -> Proved:
        """Prove all windows.

        Raises:
            ContradictedError: nothing below some block can be proved.
            NodeError: nobody has what is needed.
        """
        proved = Proved()
        first, last = self._subject.first, self._anchor.number
        trusted = self._anchor.hash
        for start, end in windows_of(first, last, self._window):
            record = self._noted(start, end, trusted)
            if record is not None:
                proved.resumed += 1
            else:
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
        if evidence is not None:
            keep_window(self._subject.lake.path, first, last, evidence)
        note = json.dumps(record._asdict(), indent=1) + "\n"
        write_bytes(_note(self._subject.lake.path, first, last), note.encode())
        return record

    def _noted(self, first: int, last: int, trusted: bytes) -> WindowRecord | None:
        """What a former run noted of a window, if that led to the same hash over the same rows."""
        lake = self._subject.lake.path
        if not self._notes or (self._keep and not (lake / kept_name(first, last)).is_file()):
            return None
        try:
            told: Any = json.loads(_note(lake, first, last).read_bytes())
            record = WindowRecord(**told)
        except (OSError, ValueError, TypeError):
            return None
        end = min(last, self._subject.last)
        subject = self._subject
        rows = subject.rows.digest(subject.tables, first, end, subject.identity) if first <= end else ""
        same = (record.first, record.last, record.hash, record.digest) == (first, last, f"0x{trusted.hex()}", rows)
        marked = {each for each in self._marks if max(first - 1, 0) <= each <= last}
        return record if same and marked <= {number for number, _ in record.marked} else None


def _note(lake: Path, first: int, last: int) -> Path:
    return lake / FOLDER / "windows" / f"{first:09d}-{last:09d}.json"
