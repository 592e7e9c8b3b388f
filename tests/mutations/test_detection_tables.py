"""The tables of trials, their log, and the page that holds them."""

from __future__ import annotations

from histories import ROOT

from mutations.reasons import reason
from mutations.table import tables
from mutations.tried import WITH, WITHOUT, Tried, append, read
from mutations.verdicts import AT_PLACE, LATE, MISSED, REFUSED

PAGE = ROOT / "docs" / "detection.md"


def _line(readings, verdict, kind="uniswap_v3_pool.Mint removed", recording="a", roots=1):
    return Tried(recording, readings, kind, "block 1 log 2", verdict, roots, 0, "kind block 1 log 2 field: why")


LINES = [
    _line(WITH, AT_PLACE),
    _line(WITHOUT, LATE, roots=2),
    _line(WITH, REFUSED, "direct call: gas used one more", "b"),
    _line(WITHOUT, REFUSED, "direct call: gas used one more", "b"),
    _line(WITH, MISSED, "a kind that nothing excuses", "b", 0),
    _line(WITHOUT, MISSED, "a kind that nothing excuses", "b", 0),
]


def _rows(text):
    """Cells of the rows of tables in Markdown, headings left out."""
    return [line[2:-2].split(" | ") for line in text if line.startswith("| ") and not line.endswith("cannot tell |")]


def test_a_log_is_read_as_it_was_written(tmp_path):
    """Parts of a run add up to one run."""
    append(tmp_path / "log", LINES[:2])
    append(tmp_path / "log", LINES[2:])
    assert list(read(tmp_path / "log")) == LINES


def test_tables_count_what_was_found_late_and_missed():
    """A refusal is found at its place; a change is counted once, with and without readings; a reason is always said."""
    rows = {row[0]: row[1:] for row in _rows(tables(LINES))}
    assert rows["a"] == ["1", "1", "1", "0", "0", "1, 1", "0", "1", "0", "2, 2"]
    assert rows["all"] == ["3", "3", "2", "0", "1", "1, 1", "1", "1", "1", "1.5, 2"]
    assert rows["uniswap_v3_pool.Mint removed"][:-1] == ["1", "1", "0", "0", "0", "1", "0"]
    assert rows["a kind that nothing excuses"][-1] == "NO REASON KNOWN"
    assert "direct call: gas used one more" not in rows


def test_the_page_gives_the_commands_reasons():
    """Each kind on the page was made as often as it was found, late or missed, and has the reason that is printed."""
    rows = _rows(PAGE.read_text().splitlines())
    kinds = [row for row in rows if len(row) == 9]
    assert kinds
    for kind, made, *counts, why in kinds:
        assert [sum(map(int, counts[:3])), sum(map(int, counts[3:]))] == [int(made)] * 2, kind
        assert why == reason(kind).replace("docs/pools.md", "[pools](pools.md)"), kind


def test_the_page_sums_up():
    """The line of all recordings is the sum of theirs, and no more changes than the table of kinds tells went wrong."""
    rows = _rows(PAGE.read_text().splitlines())
    *parts, whole = (row for row in rows if len(row) == 11 and row[0] != "recording")
    assert whole[0] == "all"
    for column in (1, 3, 4, 5, 7, 8, 9):
        assert int(whole[column]) == sum(int(part[column]) for part in parts)
    kinds = [row for row in rows if len(row) == 9]
    for column, of_kind in ((4, 3), (5, 4), (8, 6), (9, 7)):
        assert int(whole[column]) == sum(int(row[of_kind]) for row in kinds)
