"""Names on a page: whom an address book knows is called so beside each of his addresses, and on charts."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from keep3r_replay.report.html import address, shortened, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUTTON = re.compile(r'<button type="button" class="address" title="(0x[0-9a-f]{40})">[^<]*</button>')
"""What `html.address` makes; nothing that comes from outside can look so, since it is escaped."""
_TITLE = re.compile(r"<title>[^<]*</title>")
_WHOLE = re.compile(r"(?<![0-9a-fx])0x[0-9a-f]{40}(?![0-9a-f])")
_CHART = re.compile(r'(<figure class="chart".*?<script type="application/json">)(.*?)(</script>)', re.DOTALL)
_SHORT = re.compile(r'(?<=")(0x[0-9a-f]{4}…[0-9a-f]{4})(?=[ "])')
_ON_CHARTS = 14
"""Characters of a name on a chart: a phone has room for no more beside its bars."""


def named(page: str, names: Mapping[str, str]) -> str:
    """A page whose addresses have their names; the page itself where nobody is named.

    Args:
        page: made by `report.page.page`.
        names: by address, in lower case.
    """
    if not names:
        return page
    page = _BUTTON.sub(lambda found: address(found[1], names.get(found[1], "")), page)
    page = _TITLE.sub(lambda found: _WHOLE.sub(lambda each: _titled(each[0], names), found[0]), page)
    # A chart has an address by its two ends: only where these are one address's are they its name's.
    ends = Counter(shortened(each) for each in {*_WHOLE.findall(page), *names})
    known = {shortened(each): name for each, name in names.items() if ends[shortened(each)] == 1}
    return _CHART.sub(
        lambda found: found[1] + _SHORT.sub(lambda each: _charted(each[1], known), found[2]) + found[3], page
    )


def linked(page: str, explorer: str) -> str:
    """A page that says where its chain's explorer is, so that its script puts a link beside every address.

    Args:
        page: made by `report.page.page`.
        explorer: its address without a slash at its end, as `lake.address_book` lets it pass; empty: no links.
    """
    return page.replace("<body>", f'<body data-explorer="{text(explorer)}">', 1) if explorer else page


def _titled(whole: str, names: Mapping[str, str]) -> str:
    return f"{text(names[whole])} ({shortened(whole)})" if whole in names else whole


def _charted(short: str, known: Mapping[str, str]) -> str:
    """A name, shortened, with the end of its address, so that two of one name stay two; as JSON in an element."""
    if short not in known:
        return short
    name = known[short]
    cut = name if len(name) <= _ON_CHARTS else f"{name[: _ON_CHARTS - 1]}…"
    return json.dumps(f"{cut} {short[6:]}", ensure_ascii=False)[1:-1].replace("<", "\\u003c")
