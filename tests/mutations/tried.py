"""What became of the trials of a change: one line of a log each, so that a table can be made in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mutations.trial import Outcome

WITH, WITHOUT = "with readings", "without readings"


class Tried(NamedTuple):
    """One change, audited with the readings after it or without any."""

    recording: str
    readings: str
    kind: str
    where: str
    verdict: str
    roots: int
    accused: int
    finding: str


def tried(recording: str, readings: str, outcome: Outcome) -> Tried:
    """The line of an outcome."""
    mutation, first = outcome.mutation, outcome.first
    finding = (
        outcome.remark
        if first is None
        else f"{first.kind} block {first.block_number} log {first.log_index} {first.field}: {first.reason}"
    )
    where = f"block {mutation.block} log {mutation.log_index}"
    return Tried(recording, readings, mutation.kind, where, outcome.verdict, outcome.roots, outcome.accused, finding)


def append(log: Path, lines: list[Tried]) -> None:
    """Add lines to a log."""
    with log.open("a") as file:
        file.writelines("\t".join(map(str, line)) + "\n" for line in lines)


def read(log: Path) -> Iterator[Tried]:
    """The lines of a log."""
    for line in log.read_text().splitlines():
        recording, readings, kind, where, verdict, roots, accused, finding = line.split("\t")
        yield Tried(recording, readings, kind, where, verdict, int(roots), int(accused), finding)
