"""The page on structure names what there is: rooms, files, functions, and the amount that it follows."""

from __future__ import annotations

import ast
import re

import polars as pl
from histories import ROOT

import keep3r_replay as kr

PAGE = (ROOT / "docs" / "structure.md").read_text()
PACKAGE = ROOT / "keep3r_replay"
PLACES = (ROOT, PACKAGE, PACKAGE / "protocols" / "keep3r_v2", PACKAGE / "protocols" / "keep3r_v2" / "replay")
BESIDE = PACKAGE / "protocols" / "keep3r_v2" / "what_if"
MADE = {"keep3r_replay/protocols/toy/", "protocols/NAME/contract/", "keep3r_replay/protocols/NAME/"}
"""What the page says as an example of a name."""


def test_every_path_is_there():
    """Each file and folder that the page names exists, from the root, the package or Keep3r V2's folder on."""
    named = {path for path in re.findall(r"`([\w./]+(?:\.py|/))`", PAGE) if path not in MADE}
    assert len(named) > 30
    rooms = {"sql/", "queries/", "audits/", "__init__.py", "counter.py", "protocol.py"}
    missing = [
        path
        for path in sorted(named - rooms)
        if not any((place / path).exists() for place in (*PLACES, BESIDE, ROOT / "conf"))
    ]
    assert missing == []


def test_every_room_of_the_package_stands_in_the_table():
    """Each folder and file at the top of the package is named in the table of rooms."""
    table = PAGE.partition("## The way")[0]
    rooms = [path for path in PACKAGE.iterdir() if path.name not in {"__pycache__", "__main__.py", "py.typed"}]
    missing = [path.name for path in rooms if not re.search(rf"[`/]{re.escape(path.name)}[`/]", table)]
    assert missing == []


def test_functions_stand_where_the_page_says():
    """`on_work`, `pay_keeper`, `worked` and `bonded_payment` are functions of the files that are named with them."""
    keep3r_v2 = PACKAGE / "protocols" / "keep3r_v2"
    for file, names in (
        ("replay/calls/work.py", {"on_work"}),
        ("contract/work.py", {"pay_keeper", "worked", "bonded_payment"}),
    ):
        tree = ast.parse((keep3r_v2 / file).read_text())
        assert names <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert all(f"`{name}`" in PAGE for name in names)


def test_the_amount_is_that_of_the_sample():
    """The payment that the page follows is the sample's, in the column that it names."""
    amount, block, log = re.search(r"paid (\d+) wei of KP3R in block (\d+), log (\d+)", PAGE).groups()
    works = kr.open_lake().scan("events/keep3r.KeeperWork").collect()
    place = (pl.col("block_number") == int(block)) & (pl.col("log_index") == int(log))
    assert "column `payment`" in PAGE
    assert [int(payment) for payment in works.filter(place)["payment"]] == [int(amount)]
