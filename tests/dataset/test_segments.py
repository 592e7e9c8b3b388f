"""How a growing partition is cut into files."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.dataset.segments import segments_to_write
from keep3r_replay.dataset.spec import ExtractionSpec


def spec(size: int = 100_000) -> ExtractionSpec:
    """A deployment with partitions of this size."""
    return ExtractionSpec("x", "toy", 1, 0, size)


def test_a_growing_partition_is_cut_into_tenths() -> None:
    """Tenths, hundredths and thousandths are segments once they are full, the rest is one; a whole partition is one."""
    segments = spec().segments_of(200_000, 221_234)
    assert segments == [
        (200_000, 209_999),
        (210_000, 219_999),
        (220_000, 220_999),
        (221_000, 221_099),
        (221_100, 221_199),
        (221_200, 221_234),
    ]
    assert spec().segments_of(200_000, 299_999) == [(200_000, 299_999)]
    assert spec(50).segments_of(0, 30) == [(0, 30)]


@given(
    st.integers(0, 999), st.lists(st.integers(1, 700), min_size=1, max_size=40), st.sampled_from([1_000, 4_096, 10_000])
)
def test_any_number_of_runs_gives_the_segments_of_one(first: int, steps: list[int], size: int) -> None:
    """Whatever the runs were, the segments are those of one run to the same block."""
    deployment = spec(size)
    there: list[tuple[int, int]] = []
    last = first - 1
    for step in steps:
        last = min(last + step, size - 1)
        if there and there[-1][1] == last:
            break
        wanted = deployment.segments_of(first, last)
        for begin, end in segments_to_write(there, wanted):
            there = [span for span in there if not begin <= span[0] <= end] + [(begin, end)]
        assert there == wanted
        assert all(a[1] + 1 == b[0] for a, b in itertools.pairwise(there))


def test_small_runs_write_in_proportion_to_what_is_new() -> None:
    """Over a partition of small runs a block is written six times on average, and no partition has many files."""
    choose = random.Random(1)
    deployment = spec()
    there: list[tuple[int, int]] = []
    last, written, most = -1, 0, 0
    while last < 99_999:
        last = min(last + choose.randrange(30, 70), 99_999)
        for begin, end in segments_to_write(there, deployment.segments_of(0, last)):
            there = [span for span in there if not begin <= span[0] <= end] + [(begin, end)]
            written += end - begin + 1
        most = max(most, len(there))
    assert written < 6 * 100_000
    assert most <= 28


def test_a_range_that_spans_segments_is_written_as_one() -> None:
    """What was rolled back in the middle of a segment is continued as one file, until the segment is full."""
    assert segments_to_write([(0, 999), (1_000, 1_550)], spec().segments_of(0, 1_620)) == [
        (1_000, 1_599),
        (1_600, 1_620),
    ]
    assert segments_to_write([(0, 999), (1_000, 1_550)], spec().segments_of(0, 1_999)) == [(1_000, 1_999)]
