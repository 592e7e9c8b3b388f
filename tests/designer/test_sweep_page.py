"""A sweep's page: a chart for each outcome with the history as it was, and the table of all what-ifs beside it."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import polars as pl
import pytest
from histories import SAMPLE

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from pipelines.cli import main


@pytest.mark.slow
def test_the_page_shows_what_the_table_holds(tmp_path):
    """Charts' points are the table's wei in whole KP3R; the dashed line is the ledger's own sum; nothing is fetched."""
    sweep, results = tmp_path / "sweep", tmp_path / "results"
    assert (
        main(["replay", "-m", f"results={sweep}", "overlay.liquidity_factor=1/2,1", f"export={tmp_path}/mine.json"])
        == 0
    )
    assert main(["replay", f"lake={SAMPLE}/lake", f"results={results}", "ledger=true"]) == 0
    table = pl.read_parquet(sweep / "sweep.parquet")
    page = (sweep / "sweep.html").read_text()
    charts = {
        name: json.loads(content)
        for name, content in re.findall(
            r'<figure class="chart" id="sweep-(\w+)">.*?<script type="application/json">(.*?)</script>', page, re.DOTALL
        )
    }
    wanted = {name for name in PROTOCOL.what_ifs.measured if not name.endswith("_baseline")} - {"parts_at_block"}
    assert set(charts) == wanted - {"dropped", "added"}, "of what is nothing everywhere there is no chart"
    least, most = (f"{Decimal(int(value)).scaleb(-18):,.6f}" for value in sorted(table["paid_what_if"], key=int))
    assert f"{least} to {most} KP3R" in page.partition("<figure")[0]
    for name in ("paid_what_if", "expired_what_if"):
        values = [int(value) for value in table[name]]
        assert charts[name]["data"]["columns"]["value"] == [
            float(f"{Decimal(value).scaleb(-18):.6f}") for value in values
        ]
    ledger = pl.read_parquet(results / "ledger.parquet")
    expired = -ledger.filter(pl.col("kind") == "expired")["amount"].cast(pl.Int128).sum()
    (dashed,) = [layer["encoding"]["y"]["datum"] for layer in charts["expired_what_if"]["layer"][1:]]
    assert f"{dashed:.6f}" == f"{Decimal(expired).scaleb(-18):.6f}"
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")
    assert rows == table.height == 2
    markup = page.partition("<script>")[0]
    assert not re.findall(r'(?:src|href)="(?!sweep|data:|#)[^"]*"', markup)
    assert pl.read_csv(sweep / "sweep.csv", infer_schema=False)["paid_what_if"].to_list() == [
        str(value) for value in table["paid_what_if"]
    ]
    assert [row["scenario"] for row in json.loads((tmp_path / "mine.json").read_text())] == table["scenario"].to_list()
