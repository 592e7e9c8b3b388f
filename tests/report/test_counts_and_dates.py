"""How pages say numbers of things, lengths of time, and when a block was."""

from __future__ import annotations

import re

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.counts import counted, noun
from keep3r_replay.report.html import lasting
from keep3r_replay.report.places import Calendar, block_times
from keep3r_replay.report.plot import around, by_powers
from keep3r_replay.report.sweep import baseline_of, outcome_words
from pipelines.cli import main

_ONE_OF_MANY = re.compile(
    r"(?<![\d.,#:\w])1 (?:works|payments|findings|notices|root causes|bonds|jobs|keepers|calls|events|logs|readings|"
    r"receipts|answers|purchases|places|transactions|tables|views|files)\b"
)
"""One thing told as if it were several."""


def test_one_is_told_as_one() -> None:
    """Of one the noun stands alone, of all else in the plural, with commas between thousands."""
    assert [counted(count, "work") for count in (0, 1, 2, 2400)] == ["0 works", "1 work", "2 works", "2,400 works"]
    assert counted(1, "payment is", "payments are") == "1 payment is"
    assert noun(2, "entry", "entries") == "entries"


def test_a_block_has_the_date_that_a_table_tells() -> None:
    """A place is told with the time of its block where any table knows it, and without where none does."""
    tables = [
        pl.DataFrame({"block_number": [7, 9], "timestamp": [1_651_406_400, None]}),
        pl.DataFrame({"block_number": [9]}),
    ]
    assert block_times([7, 9, 11], tables, None) == {7: 1_651_406_400}
    calendar = Calendar.of(tables, None, [None, 11])
    assert calendar.at(7, 3) == '<time>2022-05-01 12:00</time> <span class="block">block 7 log 3</span>'
    assert calendar.at(9) == '<span class="block">block 9</span>'
    assert "log" not in calendar.at(7, 2**31)
    assert calendar.at(None) == ""
    assert calendar.span(8, 11) == "blocks 8 to 11"
    assert "2022-05-01 12:00" in calendar.span(1, 11)


def test_a_length_of_time_is_sorted_by_its_seconds() -> None:
    """It is told in words, and its key is the number of seconds."""
    assert lasting(86_400) == '<span data-key="86400">1 day</span>'
    assert lasting(None) == ""


def test_an_axis_by_powers_begins_at_zero() -> None:
    """Its marks are zero and powers of ten around all that is drawn; nothing at all has an axis too."""
    axis = by_powers("paid", "KP3R", [0.0, 0.03, 250.0])
    assert axis["scale"]["domain"] == [0, 1000.0]
    assert axis["axis"]["values"] == [0, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    assert by_powers("paid", "KP3R", [])["scale"]["domain"] == [0, 1.0]


def test_what_hardly_changes_is_drawn_as_hardly_changing() -> None:
    """A price that moves by a millionth gets an axis of some percent; one that moves by a tenth the axis of its own."""
    low, high = around([3.000001, 3.000002])["domain"]
    assert low < 2.95
    assert high > 3.05
    assert around([3.0, 3.3]) == {}


def test_an_outcome_has_the_baseline_of_its_own_kind() -> None:
    """An amount's baseline is an amount: a count of the same name is another outcome, and is told as a count."""
    amount = pl.Decimal(38, 0)
    sweep = pl.DataFrame(schema={"paid": pl.Int64, "paid_what_if": amount, "paid_baseline": amount})
    assert baseline_of(sweep, "paid_what_if") == "paid_baseline"
    assert baseline_of(sweep.drop("paid_baseline"), "paid_what_if") is None
    assert baseline_of(pl.DataFrame(schema={"paid": amount, "paid_what_if": amount}), "paid_what_if") == "paid"
    assert (outcome_words("paid"), outcome_words("paid_what_if")) == ("works paid", "paid")


@pytest.fixture(scope="module")
def what_ifs(tmp_path_factory):
    """A page of a what-if of each protocol, made with its lake."""
    folder = tmp_path_factory.mktemp("what-ifs")
    changes = {
        "v2": ("", "overlay.liquidity_factor=1/4"),
        "v1": (DATA / "open-v1-gov-305", "overlay.feed_factor=2"),
        "kuma": (DATA / "open-kuma11-clean-1", "overlay.expire=all"),
    }
    pages = {}
    for name, (recording, change) in changes.items():
        lake = [f"lake={folder / name}"] if recording else []
        if recording:
            assert main(["import", f"recording={recording}", *lake]) == 0
        results, page = folder / f"{name}-results", folder / f"{name}.html"
        assert main(["replay", "mode=what_if", change, f"results={results}", *lake]) == 0
        assert main(["report", f"results={results}", f"report={page}", *lake]) == 0
        pages[name] = page.read_text()
    return pages


@pytest.mark.slow
def test_every_block_of_a_what_if_has_its_date(what_ifs) -> None:
    """Of every protocol: with the lake at hand no block is named without its time, the range of blocks neither."""
    for page in what_ifs.values():
        places = re.findall(r'(<time>[^<]*</time> )?<span class="block">', page)
        assert len(places) > 5
        assert all(places)
        assert re.search(r"<h1>What if.*blocks [\d,]+ to [\d,]+, <time>\d{4}-.*?</time> to <time>.*? UTC", page)
        assert "block / log" not in page


@pytest.mark.slow
def test_no_page_of_a_what_if_says_one_of_many(what_ifs) -> None:
    """One work is no works: in no words of a page, its tables or its cover."""
    for page in what_ifs.values():
        words = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
        assert _ONE_OF_MANY.findall(re.sub(r"<[^>]*>", " ", words)) == []
