"""An address book: what a file may say, whom a text means, and how addresses are told."""

from __future__ import annotations

import polars as pl
import pytest

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.address_book import AddressBook, book_text, books_of, is_name, read_book
from keep3r_replay.report.export import with_names
from keep3r_replay.report.times import date, duration, moment, seconds_of

ONE, TWO, THREE = (f"0x{digit * 40}" for digit in "12a")
BOOK = AddressBook({ONE: "tender", TWO: "Tender two", THREE: "oracle keeper"}, {1: "https://explorer.example"})


def _written(tmp_path, text):
    (tmp_path / "names.yaml").write_text(text)
    return read_book(tmp_path / "names.yaml")


def test_a_book_is_read_with_and_without_quotes(tmp_path):
    """YAML takes a bare 0x for a number and would lose its text; a book keeps it, in lower case."""
    text = f'{ONE}: tender\n"{THREE.upper().replace("0X", "0x")}": oracle keeper\nexplorers:\n  1: https://e.example/\n'
    book = _written(tmp_path, text)
    assert book.names == {ONE: "tender", THREE: "oracle keeper"}
    assert book.link(1, "tx", "0xab") == "https://e.example/tx/0xab"
    assert book.link(5, "tx", "0xab") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0x12: short\n", "line 1: '0x12' is no address"),
        (f"{ONE}: a\n{ONE}: b\n", "line 2: 0x1111111111111111111111111111111111111111 has two names"),
        (f"{ONE}: a\n{TWO}: A\n", f"line 2: 'A' is also the name of {ONE}; two of one name"),
        (f"{ONE}: null\n", "line 1: says no name"),
        (f"{ONE}: ~\n", "line 1: says no name"),
        (f"{ONE}:\n", "line 1: says no name"),
        (f"{ONE}: {'x' * 30}\n", "line 1: a name is 1 to 29"),
        (f'{ONE}: "a\\x1b[31m"\n', "line 1: a name is"),
        (f"{ONE}: 0xabc\n", "line 1: a name is"),
        (f"{ONE}: [a]\n", "line 1: a name is"),
        ("- a\n", "holds no names"),
        ("a: [\n", "is no YAML"),
        ("explorers: {1: file:///etc}\n", "an explorer is a URL"),
        ("explorers: {one: https://a.example}\n", "is no chain's number"),
    ],
)
def test_what_is_no_book_is_refused_with_its_line(tmp_path, text, told):
    """A mistake in a book is one line that says where."""
    with pytest.raises(InputError, match=r"names\.yaml") as refused:
        _written(tmp_path, text)
    assert told in str(refused.value)


def test_the_more_special_book_is_right(tmp_path):
    """That in a lake is overruled by the one beside it, and both by the one that is named."""
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "names.yaml").write_text(f"{ONE}: inside\n{TWO}: two\n{THREE}: three\n")
    (tmp_path / "names.yaml").write_text(f"{ONE}: beside\n{TWO}: too\n")
    (tmp_path / "mine.yaml").write_text(f"{ONE}: mine\n")
    assert books_of(lake, None).names == {ONE: "beside", TWO: "too", THREE: "three"}
    assert books_of(lake, str(tmp_path / "mine.yaml")).names == {ONE: "mine", TWO: "too", THREE: "three"}


def test_a_name_or_its_beginning_stands_for_an_address():
    """Whole names come first, whatever their case; what nobody is called stays as it is."""
    assert BOOK.address("TENDER") == ONE
    assert BOOK.address("tender t") == TWO
    assert BOOK.address("ora") == THREE
    assert [BOOK.address(text) for text in ("0x11", "", "nobody")] == ["0x11", "", "nobody"]
    with pytest.raises(UsageError, match="2 names begin so"):
        BOOK.address("ten", "job")


def test_overlays_take_whole_names_only():
    """A beginning would change what words of an overlay mean that are no names."""
    overlay = {"liquidity_job": "tender", "bonds": [{"keeper": "Oracle Keeper", "add": "1"}], "expiry": "ora"}
    wanted = {"liquidity_job": ONE, "bonds": [{"keeper": THREE, "add": "1"}], "expiry": "ora"}
    assert BOOK.resolved(overlay, "overlay") == wanted


def test_a_text_tells_names_and_its_columns_stay():
    """The beginning of the address stands beside the name; behind a column of addresses nothing moves."""
    assert BOOK.told(f"job {ONE}: 5") == "job tender (0x11111111): 5"
    assert BOOK.told(f"{ONE}  5\n0x{'9' * 40}  6") == f"{'tender (0x11111111)':<42}  5\n0x{'9' * 40}  6"
    assert BOOK.told(f"{ONE}{'0' * 24}") == f"{ONE}{'0' * 24}"
    assert AddressBook().told(ONE) == ONE


def test_exports_have_a_column_of_names():
    """Behind each column of addresses in which somebody has a name, and behind no other."""
    table = pl.DataFrame({"job": [ONE, f"0x{'9' * 40}"], "other": [f"0x{'9' * 40}", None], "class": ["exact", "own"]})
    named = with_names(table, BOOK.names)
    assert named.columns == ["job", "job_name", "other", "class"]
    assert named["job_name"].to_list() == ["tender", None]
    assert with_names(table, {}).columns == table.columns


def test_a_written_book_is_read_again(tmp_path):
    """What can be no name is left out; the rest comes back."""
    assert _written(tmp_path, book_text({**BOOK.names, f"0x{'7' * 40}": "0xabc"})).names == BOOK.names
    assert not any(map(is_name, ["", " a", "a" * 30, 'a"', "a\n", 5]))


def test_times_and_durations_are_said_one_way():
    """UTC, to the minute; lengths in their two largest units, cut."""
    assert moment(1651363200) == "2022-05-01 00:00"
    assert date(1651363199) == "2022-04-30"
    assert moment(10**18) == "1,000,000,000,000,000,000 s"
    lengths = {
        0: "0 seconds",
        59: "59 seconds",
        3600: "1 hour",
        90061: "1 day 1 hour",
        86405: "1 day",
        -60: "-1 minute",
    }
    assert {each: duration(each) for each in lengths} == lengths


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2022-05-01", 1651363200),
        ("2022-05-01 13:30", 1651411800),
        ("2022-05-01T13:30:15Z", 1651411815),
        ("2022-05-01 13:30 UTC", 1651411800),
    ],
)
def test_a_time_is_read(text, seconds):
    """Days begin at midnight, UTC."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "2022", "2022-13-01", "2022-02-30", "yesterday", "2022-05-01 25:00", "1651363200"]
)
def test_what_is_no_time_is_refused(text):
    """In one line, with the setting's name."""
    with pytest.raises(UsageError, match="at="):
        seconds_of(text)
