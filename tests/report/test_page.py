from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest

from keep3r_replay.protocols.keep3r_v2.report.page import make_report
from keep3r_replay.protocols.keep3r_v2.report.results import Results
from pipelines import cli
from tests.report.chromium import Browser

pytestmark = pytest.mark.slow

DESK, PHONE = (1280, 900), (390, 844)
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def report(results, tmp_path_factory):
    """The page of a random history."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    assert cli.main(["report", f"results={results}", f"report={file}"]) == 0
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser for the tests of this module."""
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize(("size", "phone"), [(DESK, False), (PHONE, True)], ids=["desk", "phone"])
def test_charts_are_there(browser, report, results, size, phone):
    """Every chart is drawn, in its place, within the screen's width."""
    browser.open(report.as_uri(), *size, phone=phone)
    charts = browser.value(
        "[...document.querySelectorAll('figure.chart')].map(f => {"
        "const b = f.querySelector('svg').getBoundingClientRect();"
        "return {name: f.id, left: b.left, right: b.right, height: b.height, "
        "marks: f.querySelectorAll('svg path').length}})"
    )
    jobs = Results(results).jobs()
    expected = {f"{kind}-{job}" for job in jobs for kind in ("credits", "ledger", "waste")} | {"keepers-earned"}
    assert {chart["name"] for chart in charts} == expected
    for chart in charts:
        assert chart["marks"] > 10
        assert chart["left"] >= 0
        assert chart["right"] <= size[0]
        assert chart["height"] > 100
    assert browser.value("document.documentElement.scrollWidth") <= size[0]
    assert float(browser.value("getComputedStyle(document.body).fontSize").removesuffix("px")) >= 14


def test_text_in_charts_is_readable_on_a_phone(browser, report):
    """No letter of a chart is smaller than 11 pixels on a phone's screen, and none is cut off at its edges."""
    browser.open(report.as_uri(), *PHONE, phone=True)
    letters = "[...document.querySelectorAll('figure.chart svg text')].filter(t => t.textContent)"
    assert browser.value(f"Math.min(...{letters}.map(t => parseFloat(getComputedStyle(t).fontSize)))") >= 11
    ends = browser.value(f"{letters}.map(t => t.getBoundingClientRect()).map(b => [b.left, b.right])")
    assert min(left for left, _ in ends) >= 0
    assert max(right for _, right in ends) <= PHONE[0]


def test_page_is_alone_and_silent(browser, report):
    """The page asks for nothing but itself, and the console stays empty."""
    browser.console.clear()
    browser.requests.clear()
    browser.open(report.as_uri(), *DESK, phone=False)
    assert browser.console == []
    assert [url for url in browser.requests if not url.startswith(("data:", report.as_uri()))] == []


def test_text_from_the_chain_is_escaped(browser, results, tmp_path):
    """Markup in findings or in a deployment's name is shown, never obeyed."""
    page = Results(results)
    page.summary = {**page.summary, "deployment": HOSTILE, "verdict": "findings"}
    columns = page.tables["findings"].schema
    row = {name: HOSTILE if kind == pl.String else None for name, kind in columns.items()} | {"block_number": 1}
    page.tables = {**page.tables, "findings": pl.DataFrame([row], schema=columns)}
    file = tmp_path / "hostile.html"
    file.write_text(make_report(page, page.jobs()[:1]))
    browser.console.clear()
    browser.open(file.as_uri(), *DESK, phone=False)
    assert browser.console == []
    assert browser.value("document.title") == f"Keep3r replay: {HOSTILE}"
    assert browser.value("document.querySelector('h1').textContent") == HOSTILE
    assert browser.value("document.querySelectorAll('[onerror], main script:not([type])').length") == 0


def test_same_results_give_the_same_bytes(report, results):
    """The page says nothing of when it was made: a second one is the same."""
    page = Results(results)
    assert make_report(page, page.jobs()[:8]) == report.read_text()


def test_numbers_on_the_page_are_the_ledgers(report, results):
    """The sums at the top are those of the results, rounded to two decimals, half to even."""
    sums = json.loads((results / "summary.json").read_bytes())["ledger"]["sums"]
    spent = -int(sums["spent"])
    assert f"{(Decimal(spent) / 10**18).quantize(Decimal('0.01'), ROUND_HALF_EVEN):,}" in report.read_text()


def test_one_job_and_charts_as_files(results, tmp_path, capsys):
    """`job=` narrows the page to a job; `charts=` writes each chart, as PNG or SVG, the same bytes each time."""
    job = Results(results).jobs()[1]
    written = []
    for format_, magic in (("png", b"\x89PNG"), ("svg", b"<svg"), ("svg", b"<svg")):
        folder = tmp_path / f"{format_}{len(written)}"
        page = tmp_path / "one.html"
        arguments = [f"results={results}", f"report={page}", f"job={job[:12]}", f"charts={folder}", f"format={format_}"]
        assert cli.main(["report", *arguments]) == 0
        assert page.read_text().count('<section id="job-') == 1
        files = sorted(folder.iterdir())
        assert len(files) == 3
        assert all(file.read_bytes().startswith(magic) for file in files)
        written.append([file.read_bytes() for file in files])
    assert written[1] == written[2]
    assert "3 files" in capsys.readouterr().out


def test_mistakes_are_one_line(results, tmp_path, capsys):
    """No results, results without ledger and an unknown job are one line each."""
    assert cli.main(["report", f"results={tmp_path}", f"report={tmp_path / 'x.html'}"]) == 1
    assert cli.main(["report", f"results={results}", "job=0xnone", f"report={tmp_path / 'x.html'}"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert not (tmp_path / "x.html").exists()
