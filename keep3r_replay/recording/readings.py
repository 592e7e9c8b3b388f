"""`views.jsonl.gz` of a recording as the lake's table `readings`, in order of blocks."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from keep3r_replay.lake.schemas import READINGS, Reading
from keep3r_replay.recording.files import each_line
from keep3r_replay.recording.tables import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.recording.tables import Blocks


def read_readings(
    path: Path, blocks: Blocks, parts_of: Callable[[Mapping[str, Any]], Iterable[Sequence[Reading]]]
) -> Any:
    """Read `views.jsonl.gz` into the lake's table, in order of blocks; `parts_of` gives the rows of a line, in parts.

    Raises:
        InputError: a line is wrong, of a block that is not there, or out of order.
    """
    rows, answers = array("I"), _Answers()
    places, counts = array("I"), array("I")
    before = -1
    for number, line in enumerate(each_line(path, dict[str, Any])):
        told = len(rows)
        try:
            answers.number(parts_of(line), rows)
        except ValueError as error:
            refuse(path, number, str(error))
        block = line["block"]
        if not blocks.first <= block <= blocks.last:
            refuse(path, number, f"block {block} is not in blocks.jsonl.gz")
        if block < before:
            refuse(path, number, f"block {block} follows block {before}: out of order")
        before = block
        places.append(block)
        counts.append(len(rows) - told)
    numbers = pa.array(np.repeat(np.asarray(places), np.asarray(counts)))
    chosen = pa.array(np.asarray(rows))
    return pa.table([numbers, *(each.take(chosen) for each in answers.columns())], READINGS)


class _Part(NamedTuple):
    """Rows that belong together, and their numbers."""

    rows: Sequence[Reading]
    numbers: array[int]


class _Answers:
    """Every answer once, in the order in which it first came: most are those of the block before.

    Numbers stand for rows, for hundreds of thousands of rows would keep the garbage collector busy.
    """

    def __init__(self) -> None:
        self._numbers: dict[Reading, int] = {}
        self._before: dict[int, _Part] = {}

    def number(self, parts: Iterable[Sequence[Reading]], rows: array[int]) -> None:
        """Append the numbers of a line's rows; a part that is the very object it was in the line before is known."""
        numbers, before = self._numbers, self._before
        present: dict[int, _Part] = {}
        for part in parts:
            known = before.get(id(part))
            if known is None:
                known = _Part(part, array("I", [numbers.setdefault(each, len(numbers)) for each in part]))
            present[id(part)] = known
            rows.extend(known.numbers)
        self._before = present

    def columns(self) -> list[Any]:
        """The answers as columns of the table, without its first, the block."""
        columns = zip(*self._numbers, strict=True) if self._numbers else ((),) * len(Reading._fields)
        return [pa.array(each, field.type) for each, field in zip(columns, list(READINGS)[1:], strict=True)]
