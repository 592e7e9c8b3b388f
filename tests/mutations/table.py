"""The table of trials: one line a kind, and why logs cannot tell what is missed or late."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from mutations.reasons import reason
from mutations.trial import AT_PLACE, EARLY, LATE, MISSED, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mutations.trial import Outcome

HEADINGS = ("kind", "made", "at its place", "late", "missed", "before it", "accused innocents", "roots")


@dataclass
class Line:
    """What became of the changes of one kind."""

    made: int = 0
    at_place: int = 0
    late: int = 0
    missed: int = 0
    early: int = 0
    accused: int = 0
    roots: int = 0
    """The most of any change."""

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.made += 1
        self.at_place += outcome.verdict in {AT_PLACE, REFUSED}
        self.late += outcome.verdict == LATE
        self.missed += outcome.verdict == MISSED
        self.early += outcome.verdict == EARLY
        self.accused += outcome.accused
        self.roots = max(self.roots, outcome.roots)


def lines(outcomes: Iterable[Outcome]) -> dict[str, Line]:
    """Lines by kind, in the order of their names."""
    found: dict[str, Line] = {}
    for outcome in outcomes:
        found.setdefault(outcome.mutation.kind, Line()).add(outcome)
    return dict(sorted(found.items()))


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """The table in Markdown, then the sums, then why anything was missed or late."""
    by_kind = lines(outcomes)
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|---|" + "---|" * (len(HEADINGS) - 1)
    for kind, line in by_kind.items():
        numbers = (line.made, line.at_place, line.late, line.missed, line.early, line.accused, line.roots)
        yield f"| {kind} | " + " | ".join(map(str, numbers)) + " |"
    yield ""
    yield sums(outcomes)
    yield ""
    for kind, line in by_kind.items():
        if line.late or line.missed:
            yield f"- {kind}: {reason(kind) or 'NO REASON KNOWN'}"


def sums(outcomes: list[Outcome]) -> str:
    """All kinds in one sentence."""
    count = {
        verdict: sum(one.verdict == verdict for one in outcomes) for verdict in (AT_PLACE, REFUSED, LATE, MISSED, EARLY)
    }
    found = [one.roots for one in outcomes if one.roots]
    return (
        f"{len(outcomes)} changes of {len({one.mutation.kind for one in outcomes})} kinds: {count[AT_PLACE]} found at "
        f"their place, {count[REFUSED]} refused by the import, {count[LATE]} late, {count[MISSED]} missed, "
        f"{count[EARLY]} with a finding before them; {sum(one.accused for one in outcomes)} right payments accused; "
        f"median roots {median(found) if found else 0}, most {max(found, default=0)}"
    )
