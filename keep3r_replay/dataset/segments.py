"""Which segments of a growing partition a run writes: those that are not there as they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.dataset.state import Range


def segments_to_write(there: Sequence[Range], wanted: Sequence[Range]) -> list[Range]:
    """Return what is to be written so that a partition is in the wanted segments.

    Args:
        there: closed ranges that have files, ascending and adjoining; empty where nothing has.
        wanted: the segments that there should be, from the same block on and up to a later one.

    Returns:
        Closed ranges, ascending, up to the last wanted block. Each range that is there lies in one of them or in none:
        where one spans several wanted segments, as in a lake that was rolled back, these are written as one. What is
        there in parts of a wanted segment, and to its end, stays as it is.
    """
    segments: list[Range] = []
    for segment in wanted:
        if segments and any(span[0] <= segments[-1][1] < span[1] for span in there):
            segments[-1] = (segments[-1][0], segment[1])
        else:
            segments.append(segment)
    end = there[-1][1] if there else -1
    return [segment for segment in segments if segment[1] > end]
