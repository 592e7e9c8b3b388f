"""What came since a former run is read once: the same rows as the lake's, and accounts counted on, not anew."""

from __future__ import annotations

import sys

import polars as pl
import pytest
from growing import lake_up_to
from histories import SAMPLE
from polars.testing import assert_frame_equal

import keep3r_replay as kr
from keep3r_replay.lake import recent
from keep3r_replay.lake.recent import RecentLake
from keep3r_replay.replay.accounts import accounts_of, count_on


@pytest.fixture(scope="module")
def lake():
    """The bundled history."""
    return kr.open_lake(SAMPLE / "lake")


@pytest.fixture(scope="module")
def middle(lake):
    """A block that half of the history lies before."""
    coverage = lake.manifest.coverage
    return (coverage.from_block + coverage.to_block) // 2


@pytest.mark.slow
@pytest.mark.parametrize("most_rows", [recent.MOST_ROWS, 0], ids=["held", "on_disk"])
def test_every_table_has_the_rows_that_the_lake_has(lake, middle, most_rows, monkeypatch):
    """From anywhere to anywhere, before the block and after it, with all columns or some."""
    monkeypatch.setattr(recent, "MOST_ROWS", most_rows)
    since = RecentLake(lake, middle)
    spans = [(None, None), (middle + 1, None), (middle + 1, middle + 9), (middle + 9, None), (middle - 9, middle + 9)]
    for table in lake.tables():
        column = "number" if table == "blocks" else "block_number"
        for first, last in spans:
            for columns in (None, [column]):
                asked = (table, columns, last, first)
                assert_frame_equal(since.scan(*asked).collect(), lake.scan(*asked).collect())


@pytest.mark.slow
def test_a_table_without_new_files_has_its_columns_and_no_row(lake, tmp_path):
    """Nothing came of a table whose last file ends before the block."""
    last = lake.manifest.coverage.to_block
    cut = lake_up_to(lake, last, tmp_path / "cut", size=100)
    since = RecentLake(cut, last - 1)
    rare = [name for name in cut.tables() if not cut.reaches(name, last, None)]
    assert rare
    for name in rare:
        assert_frame_equal(since.scan(name, from_block=last).collect(), cut.scan(name).head(0).collect())


@pytest.mark.slow
@pytest.mark.parametrize("told_until", [0, 40], ids=["to_the_block", "beyond_it"])
def test_accounts_are_counted_on_from_a_former_run(lake, middle, told_until, tmp_path):
    """What a run knew of accounts up to a block, and all that came, make what the whole history says of them."""
    former = accounts_of(lake_up_to(lake, middle + told_until, tmp_path / "former"))
    since = RecentLake(lake, middle)
    count_on(since, middle, lambda _: former.lazy())
    assert_frame_equal(accounts_of(since), accounts_of(lake))


def test_an_accounts_first_blocks_are_those_of_its_transactions(lake):
    """Counted another way: row by row."""
    signed: dict[str, int] = {}
    called: dict[str, int] = {}
    rows = lake.scan("transactions", ["block_number", "from", "to", "status"]).collect()
    for block, sender, target, status in rows.iter_rows():
        signed[sender] = min(block, signed.get(sender, block))
        if target is not None and status == 1:
            called[target] = min(block, called.get(target, block))
    found = accounts_of(lake)
    assert dict(found.filter(pl.col("signed_since").is_not_null()).select("address", "signed_since").rows()) == signed
    assert dict(found.filter(pl.col("called_since").is_not_null()).select("address", "called_since").rows()) == called


_opened: list[str] = []
"""Files that were opened while a test listens."""


@pytest.mark.slow
def test_only_files_that_are_new_are_read_to_be_hashed(lake, middle, tmp_path):
    """A run that goes on opens, of the lake's tables, no file that the former results were made of."""
    part = lake_up_to(lake, middle, tmp_path / "lake", size=100)
    kr.replay_on(part, tmp_path / "on")
    known = {entry.path for entry in part.manifest.files}
    whole = lake_up_to(lake, lake.manifest.coverage.to_block, tmp_path / "lake", size=100)
    is_listening = True

    def listen(event: str, arguments: tuple[object, ...]) -> None:
        if is_listening and event == "open":
            _opened.append(str(arguments[0]))

    sys.addaudithook(listen)
    found = kr.replay_on(kr.open_lake(whole.path, results=tmp_path / "on"), tmp_path / "on")
    is_listening = False
    assert found.after == middle
    names = {name.removeprefix(f"{whole.path}/") for name in _opened if name.startswith(f"{whole.path}/")}
    new = {entry.path for entry in whole.manifest.files} - known
    assert names - {"manifest.json", "deployment.json", "names.yaml", "proof.json"} == new
