"""The page on what-ifs says what the program says."""

from __future__ import annotations

import re

import pytest
from histories import ROOT, SAMPLE

from keep3r_replay.protocols.keep3r_v2.rooms import Keep3rV2WhatIfs
from keep3r_replay.protocols.keep3r_v2.what_if.assumptions import FOLLOWS, GIVEN, NARROWS, idle_lines
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.results import make_what_if

PAGE = (ROOT / "docs" / "what-if.md").read_text()


def test_the_page_and_the_result_hold_one_table_of_given_and_follows():
    """Every line that is printed with a result stands in the page."""
    lines = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.splitlines()]
    for row in (*GIVEN, *FOLLOWS):
        assert list(row) in lines, row


def test_the_page_names_every_change():
    """Every field of an overlay stands in the table of changes."""
    names = set(re.findall(r"`(\w+)`", PAGE))
    assert set(Overlay.__dataclass_fields__) <= names


def test_the_page_names_every_column_of_the_comparison(baseline_of):
    """Columns of the compared tables stand in the page, those of two sides by their stem."""
    _, tables = make_what_if([baseline_of(SAMPLE / "recording")], Overlay())
    for name in ("compared_works", "compared_jobs", "compared_keepers", "reverted_calls"):
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
        words = set(re.findall(r"\w+", line))
        stems = {column.removesuffix("_baseline").removesuffix("_what_if") for column in tables[name].columns}
        assert stems - {"paid", "reverted", "dropped", "added"} <= words, name


@pytest.mark.parametrize("name", NARROWS)
def test_a_change_that_only_narrows_another_says_that_it_changes_nothing(name):
    """One line names it where what it narrows is absent, none where that is there."""
    (line,) = idle_lines({name: 1})
    assert line.startswith(f"overlay.{name} ")
    assert not any(idle_lines({name: 1, other: 1}) for other in NARROWS[name])
    assert {name, *NARROWS[name]} <= set(Overlay.__dataclass_fields__)


def test_a_result_says_what_changed_nothing(baseline_of):
    """The lines that are printed with a what-if name a job whose works were to be dropped without a share."""
    room, base = Keep3rV2WhatIfs(), baseline_of(SAMPLE / "recording")
    job = base.names["job"][0]
    lines = room.outcome([base], {"drop_job": job}, ledger=False).lines
    assert any(line.startswith("overlay.drop_job alone changes nothing") for line in lines)
