"""The report's table of entry points: which function works came through, by which relay, from how many senders."""

from __future__ import annotations

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.report.results import amounts, wei
from keep3r_replay.report.html import code
from keep3r_replay.report.tables import table

_SHOWN = 20
_KEY = ["transaction_to", "selector", "relay"]


def entry_points(works: pl.DataFrame) -> str:
    """A section of the page: those with the most works first; a work of a relay stands at what the relay called."""
    groups = {
        key: part
        for key, part in works.group_by(_KEY, maintain_order=True)
        if key[0] is not None  # the lake lacks their transactions
    }
    if not groups:
        return ""
    order = sorted(groups, key=lambda key: (-groups[key].height, [str(each or "") for each in key]))
    rows = [
        (
            *(code(str(each)) if each else "-" for each in key),
            f"{part.height:,}",
            f"{part['sender'].n_unique():,}",
            f"{part['job'].n_unique():,}",
            *amounts([wei(part.filter(pl.col("explanation") != TOKEN_PAYMENT)["payment"])]),
        )
        for key, part in ((key, groups[key]) for key in order[:_SHOWN])
    ]
    headers = ("entry point", "function", "by relay", "works", "senders", "jobs", "paid, KP3R")
    more = f"<p>The first {_SHOWN} of {len(order):,}.</p>" if len(order) > _SHOWN else ""
    return f"<h2>Entry points</h2>{table(headers, rows, frozenset({3, 4, 5, 6}))}{more}"
