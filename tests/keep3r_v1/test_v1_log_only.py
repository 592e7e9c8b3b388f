"""Keep3r V1 without the calls that leave no log: an image still proves its payment, and nothing else convicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from tests.keep3r_v1.expected import CLASSES
from tests.keep3r_v1.recorded import recorded, recordings

pytestmark = pytest.mark.slow

CONVICTING = {"work_stale", "work_excess", "impossible", "work_own", "receipt_own"}
LEFT = {
    "with_logs": {
        "work_exact": {"work_exact": 650, "undetermined": 666},
        "work_deep": {"work_deep": 5, "undetermined": 2},
        "work_stale": {"work_stale": 5, "undetermined": 6},
        "work_own": {"work_exact": 3, "undetermined": 52},
        "work_excess": {"undetermined": 9},
        "receipt_measured": {"receipt_measured": 99, "undetermined": 105},
        "receipt_own": {"undetermined": 46},
    },
    "logs": {
        "work_exact": {"work_exact": 531, "undetermined": 785},
        "work_deep": {"work_exact": 5, "undetermined": 2},
        "work_stale": {"work_exact": 4, "undetermined": 7},
        "work_own": {"work_exact": 4, "undetermined": 51},
        "work_excess": {"undetermined": 9},
        "receipt_measured": {"receipt_measured": 46, "undetermined": 158},
        "receipt_own": {"undetermined": 46},
    },
}
"""Payments by the class that everything tells, and by the one that is left; the table in docs/keep3r_v1.md."""


class WithLogs(Lake):
    """A lake as if only transactions that carry logs had been fetched."""

    def scan(self, table: str, *arguments: Any, **options: Any) -> pl.LazyFrame:
        """A table; of the transactions only those with logs."""
        frame = super().scan(table, *arguments, **options)
        if table != "transactions":
            return frame
        carrying = super().scan("logs").select("block_number", "transaction_index").unique()
        return frame.join(carrying, on=["block_number", "transaction_index"], how="semi", maintain_order="left")


def less(lake: Lake, what: str) -> Lake:
    """The lake with less in it: only transactions with logs, or none at all."""
    if what == "with_logs":
        return WithLogs(lake.path, replace(lake.deployment, transactions="with_logs"), lake.manifest)
    files = tuple(entry for entry in lake.manifest.files if entry.table != "transactions")
    return Lake(lake.path, lake.deployment, replace(lake.manifest, files=files))


def classes(folder, what: str) -> Counter[tuple[str, str]]:
    """Payments by the class that everything tells and the one that is left; model and chain must agree."""
    whole = recorded(folder)
    found = audit(less(whole.lake, what), PROTOCOL)
    assert found.summary["events"]["mismatched"] == 0
    assert found.summary["readings"]["mismatched"] == 0
    assert not [each for each in found.findings if each.severity == "error"]
    true = whole.works.select("block_number", "log_index", pl.col("class").alias("true"))
    both = found.tables["works"].join(true, on=["block_number", "log_index"])
    assert both.height == whole.works.height
    return Counter(both.select("true", "class").iter_rows())


@pytest.mark.parametrize("what", LEFT)
def test_nobody_is_convicted_for_what_is_missing(what):
    """Of the bundled recording every log is as predicted, no reading differs, and only images keep a class."""
    for true, left in classes(recordings()[0], what):
        assert left in {true, "undetermined"} or (true, left) in {
            ("work_own", "work_exact"),
            ("work_deep", "work_exact"),
            ("work_stale", "work_exact"),
        }
        assert left not in CONVICTING or (left, what) == ("work_stale", "with_logs")


@pytest.mark.slow
@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_is_as_the_docs_say(what):
    """Over the six recordings the table of the docs comes out."""
    folders = [path for path in recordings() if path.name in CLASSES]
    total: Counter[tuple[str, str]] = Counter()
    for folder in folders:
        total.update(classes(folder, what))
    expected = {(true, left): count for true, each in LEFT[what].items() for left, count in each.items()}
    counted = {pair: count for pair, count in total.items() if pair[0] in LEFT[what]}
    if len(folders) == len(CLASSES):
        assert counted == expected
    else:
        assert all(count <= expected[pair] for pair, count in counted.items())
