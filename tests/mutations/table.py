"""The tables of trials: sums a recording, then a line a kind that was not always found, and why logs cannot tell it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from mutations.reasons import reason
from mutations.tried import WITH, WITHOUT
from mutations.verdicts import AT_PLACE, EARLY, LATE, MISSED, REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mutations.tried import Tried

FOUND = ("at its place", "late", "missed")
VERDICTS = (frozenset({AT_PLACE, REFUSED}), frozenset({LATE}), frozenset({MISSED}))


def tables(lines: Sequence[Tried]) -> Iterator[str]:
    """Both tables in Markdown, a sentence on what must not be, and one on the kinds that the second leaves out."""
    yield from _table(
        ("recording", "changes", "kinds", *_heads((*FOUND, "roots: median, most"))),
        [*_grouped(lines, lambda line: line.recording), ("all", lines)],
        lambda group: [str(len(group) // 2), str(len({line.kind for line in group})), *_numbers(group, roots=True)],
    )
    early, accused = sum(line.verdict == EARLY for line in lines), sum(line.accused for line in lines)
    kinds = _grouped(lines, lambda line: line.kind)
    others = [(kind, group) for kind, group in kinds if any(line.verdict in {LATE, MISSED} for line in group)]
    yield ""
    yield f"Findings before their change: {early}. Right payments elsewhere that were called wrong: {accused}."
    yield f"Of {len(kinds) - len(others)} kinds every change was found at its place, with readings and without."
    yield ""
    yield from _table(
        ("kind", "made", *_heads(FOUND), "why logs cannot tell"),
        others,
        lambda group: [str(len(group) // 2), *_numbers(group, roots=False), reason(group[0].kind) or "NO REASON KNOWN"],
    )


def _heads(names: Iterable[str]) -> list[str]:
    return [
        f"{readings}: {name}" if place == 0 else name
        for readings in (WITH, WITHOUT)
        for place, name in enumerate(names)
    ]


def _numbers(group: Sequence[Tried], *, roots: bool) -> Iterator[str]:
    """How many were found at their place, late and not at all; and how many roots they had."""
    for readings in (WITH, WITHOUT):
        lines = [line for line in group if line.readings == readings]
        yield from (str(sum(line.verdict in verdicts for line in lines)) for verdicts in VERDICTS)
        if roots:
            found = [line.roots for line in lines if line.roots]
            yield f"{median(found):g}, {max(found)}" if found else "-"


def _grouped(lines: Iterable[Tried], name: Callable[[Tried], str]) -> list[tuple[str, list[Tried]]]:
    groups: dict[str, list[Tried]] = {}
    for line in lines:
        groups.setdefault(name(line), []).append(line)
    return sorted(groups.items())


def _table(
    heads: Sequence[str],
    groups: Iterable[tuple[str, Sequence[Tried]]],
    cells: Callable[[Sequence[Tried]], Iterable[str]],
) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---|" * (len(heads) - 1)
    for name, group in groups:
        yield "| " + " | ".join((name, *cells(group))) + " |"
