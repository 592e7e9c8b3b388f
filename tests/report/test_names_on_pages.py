"""Names of an address book on a page: beside each address, in its title and on its charts, whatever they hold."""

from __future__ import annotations

import html
import json
import re

from keep3r_replay.lake.address_book import LONGEST, is_name
from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.frame import head
from keep3r_replay.report.html import address, shortened
from keep3r_replay.report.named import named

FIRST, SECOND, THIRD = ("0x" + pair * 20 for pair in ("1a", "2b", "3c"))
HOSTILE = ("<script>alert(1)</script>", "<img src=x onerror=a()>&amp;", "</script>`${a}`", "a" * LONGEST)


def _page(*addresses: str) -> str:
    chart = drawn(Chart("who", "caption", {"data": [shortened(each) for each in addresses]}))
    buttons = "".join(map(address, addresses))
    return f"<title>Job {addresses[0]}</title>{head(f'Job {addresses[0]}', '')}{buttons}{chart}"


def _labels(page: str) -> list[str]:
    (chart,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    return json.loads(chart)["data"]


def test_a_name_stands_wherever_its_address_does():
    """In the title, the head, the text and the chart; who has no name keeps the address alone."""
    page = named(_page(FIRST, SECOND), {FIRST: "strategy"})
    assert page.startswith(f"<title>Job strategy ({shortened(FIRST)})</title>")
    assert page.count('<span class="called">strategy</span> <button') == 2
    assert page.count(f'title="{FIRST}"') == 2
    assert _labels(page) == ["strategy …1a1a", shortened(SECOND)]


def test_a_page_without_names_is_the_same():
    """An empty book, and one of others, change nothing."""
    page = _page(FIRST, SECOND)
    assert named(page, {}) == page
    assert named(page, {THIRD: "nobody here"}) == page


def test_names_are_text_and_never_markup():
    """Markup, quotes that a book may hold, and the longest names are shown as they are, escaped."""
    for name in HOSTILE:
        assert is_name(name)
        page = named(_page(FIRST), {FIRST: name})
        assert f'<span class="called">{html.escape(name)}</span>' in page
        assert page.count("<script") == page.count("</script>") == 1
        assert "<img" not in page
        (label,) = _labels(page)
        assert label.endswith(" …1a1a")
        assert len(label) <= 20
        assert label[:13] == name[:13]


def test_an_address_that_looks_like_a_named_one_gets_no_name():
    """Two addresses with the same ends are one on a chart: neither is called by a name there."""
    forged = FIRST[:6] + "f" * 32 + FIRST[-4:]
    page = named(_page(FIRST, forged), {FIRST: "strategy"})
    assert _labels(page) == [shortened(FIRST)] * 2
    assert page.count('class="called"') == 2
