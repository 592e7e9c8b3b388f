"""What a person does with a page: sort, search, turn pages, copy, point, zoom, print; and what axe says of it."""

from __future__ import annotations

import json
import subprocess

import polars as pl
import pytest
from histories import ROOT

from keep3r_replay.report.html import address
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table
from pipelines import cli
from tests.report.chromium import Browser

pytestmark = pytest.mark.slow

DESK, PHONE = (1280, 900), (390, 844)
AXE = "4.10.3"
ADDRESSES = [f"0x{number:040x}" for number in range(1, 91)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser for the tests of this module."""
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A page with one table of ninety rows."""
    rows = [(address(each), f"{(number * 37) % 90:,}.5") for number, each in enumerate(ADDRESSES)]
    body = f"<h1>A table</h1>{table(('who', 'KP3R'), rows, frozenset({1}), total=('all', '4,050.0'))}"
    file = tmp_path_factory.mktemp("table") / "table.html"
    file.write_text(page("A table", body))
    return file


@pytest.fixture(scope="module")
def reports(results, tmp_path_factory):
    """The page of all, of one job, and of one keeper."""
    folder = tmp_path_factory.mktemp("reports")
    keeper = pl.read_parquet(results / "keeper_accounts.parquet").sort("works")["keeper"][-1]
    job = pl.read_parquet(results / "works.parquet")["job"][0]
    for name, more in (("all", []), ("job", [f"job={job}"]), ("keeper", [f"keeper={keeper}"])):
        assert cli.main(["report", f"results={results}", f"report={folder / name}.html", *more]) == 0
    return {name: folder / f"{name}.html" for name in ("all", "job", "keeper")}, job, keeper


def _shown(browser, column):
    return browser.value(
        f"[...document.querySelectorAll('tbody tr:not(.later)')].map(r => r.cells[{column}].textContent)"
    )


def test_a_table_sorts_searches_and_turns_its_pages(browser, listed):
    """By a press on its head, largest numbers first, then smallest; a search finds a whole address; the total stays."""
    browser.open(listed.as_uri(), *DESK, phone=False)
    assert len(_shown(browser, 1)) == 25
    browser.value("document.querySelectorAll('th button')[1].click()")
    assert _shown(browser, 1)[:2] == ["89.5", "88.5"]
    assert browser.value("document.querySelectorAll('th')[1].getAttribute('aria-sort')") == "descending"
    browser.value("document.querySelectorAll('th button')[1].click()")
    assert _shown(browser, 1)[0] == "0.5"
    browser.value("[...document.querySelectorAll('.pager button')].at(-1).click()")
    assert _shown(browser, 1)[0] == "25.5"
    browser.value(
        f"(i => {{ i.value = '{ADDRESSES[41]}'; i.dispatchEvent(new Event('input')) }})"
        "(document.querySelector('input[type=search]'))"
    )
    assert _shown(browser, 1) == [f"{(41 * 37) % 90}.5"]
    assert browser.value("document.querySelector('tfoot').textContent.trim()") == "all4,050.0"


def test_an_address_tells_itself_whole_and_is_copied(browser, listed):
    """The focus shows the whole of it; a press copies it and says so."""
    browser.open(listed.as_uri(), *DESK, phone=False)
    browser.value("document.querySelector('.address').focus()")
    assert browser.value("document.getElementById('tip').textContent") == ADDRESSES[0]
    browser.value(
        "window.kept = ''; navigator.clipboard.writeText = async (text) => { window.kept = text };"
        "document.querySelector('.address').click()"
    )
    assert browser.value("new Promise(done => setTimeout(() => done(1), 50)) && window.kept") == ADDRESSES[0]


def test_links_lead_to_the_explorer_of_the_chain(browser, history, results, tmp_path):
    """Beside each address one to its own page, where the book has an explorer of the lake's chain; else none."""
    book, page = tmp_path / "names.yaml", tmp_path / "page.html"
    command = ["report", f"results={results}", f"lake={history.lake.path}", f"names={book}", f"report={page}"]
    chain = history.lake.deployment.chain_id
    book.write_text(f"explorers:\n  {chain}: https://explorer.example/\n")
    assert cli.main(command) == 0
    browser.open(page.as_uri(), *DESK, phone=False)
    links = browser.value(
        "[...document.querySelectorAll('.explorer')].map(a => [a.href, a.previousElementSibling.dataset.whole])"
    )
    assert len(links) == browser.value(
        "[...document.querySelectorAll('.address')].filter(a => a.dataset.whole.length == 42 && !a.closest('a')).length"
    )
    assert {href for href, _ in links} == {f"https://explorer.example/address/{whole}" for _, whole in links}
    assert not [url for url in browser.requests if "explorer.example" in url]
    book.write_text(f"explorers:\n  {chain + 1}: https://explorer.example/\n")
    assert cli.main(command) == 0
    assert "data-explorer" not in page.read_text()


def test_print_shows_everything(browser, reports):
    """On paper every row stands, and what is folded is open; afterwards it is folded again."""
    browser.open(reports[0]["all"].as_uri(), *DESK, phone=False)
    folded = browser.value("document.querySelectorAll('details').length")
    assert folded > 3
    browser.value("dispatchEvent(new Event('beforeprint'))")
    assert browser.value("document.querySelectorAll('details[open]').length") == folded
    browser._call("Emulation.setEmulatedMedia", media="print")
    assert browser.value("[...document.querySelectorAll('tbody tr')].every(r => r.offsetHeight > 0)")
    browser._call("Emulation.setEmulatedMedia", media="")
    browser.value("dispatchEvent(new Event('afterprint'))")
    assert browser.value("document.querySelectorAll('details[open]').length") == 0


def test_a_chart_answers_to_pointer_keys_and_buttons(browser, reports):
    """Pointing tells date and values, arrows go on, the buttons zoom along the time and back."""
    browser.open(reports[0]["job"].as_uri(), *DESK, phone=False)
    browser.value(
        "(p => { const b = p.getBoundingClientRect(); p.dispatchEvent(new PointerEvent('pointermove', "
        "{clientX: b.left + b.width * .7, clientY: b.top + 90, bubbles: true})) })"
        "(document.querySelector('figure.chart .plot'))"
    )
    told = browser.value("document.getElementById('tip').textContent")
    assert told.startswith("UTC20")
    assert "in storage" in told
    assert "with what has been mined since" in told
    key = "document.querySelector('.plot').dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}))"
    browser.value(key)
    assert browser.value("document.getElementById('tip').textContent") != told
    axis = "document.querySelector('figure.chart').querySelectorAll('.role-axis-label text')"
    labels = f"[...{axis}].map(t => t.textContent).sort()"
    whole = browser.value(labels)
    browser.value("document.querySelector('[aria-label=\"zoom in\"]').click()")
    assert browser.value(labels) != whole
    browser.value("document.querySelector('[aria-label=\"all of the time\"]').click()")
    assert browser.value(labels) == whole


def test_a_partys_page_is_its_alone(reports):
    """From title to last table: nobody else's statement, and what was audited stands on it."""
    pages, job, keeper = reports
    for role, party in (("job", job), ("keeper", keeper)):
        text = pages[role].read_text()
        assert text.partition("<title>")[2].startswith(f"{role.capitalize()} {party}</title>")
        for words in ("keep3r verify", "sha256 of", "deployment.json", "What was audited"):
            assert words in text
    assert pages["job"].read_text().count('<section id="job-') == 1
    assert '<section id="job-' not in pages["keeper"].read_text()


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The script of axe-core, by npm."""
    folder = ROOT / ".node" / "axe"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-save", "--prefix", str(folder), f"axe-core@{AXE}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"axe-core could not be installed by npm: {done.stderr[-300:]}"
    return script.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("which", ["all", "job", "keeper"])
def test_axe_finds_nothing(browser, reports, axe, which, size, scheme):
    """No rule of accessibility is broken, contrast included, and nothing is wider than the screen."""
    browser._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(reports[0][which].as_uri(), *size, phone=size == PHONE)
    assert browser.value("document.documentElement.scrollWidth") <= size[0]
    browser.value(axe + ";1")
    answer = browser._call(
        "Runtime.evaluate",
        expression="axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map("
        "v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])))",
        awaitPromise=True,
        returnByValue=True,
    )
    assert json.loads(answer["result"]["value"]) == []
