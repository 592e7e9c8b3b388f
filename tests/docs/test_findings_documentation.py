"""The page on findings names every kind that the engine has, and the limit that the code has."""

from __future__ import annotations

import re

from histories import ROOT

from keep3r_replay.replay import causes

PAGE = (ROOT / "docs" / "findings.md").read_text()


def test_every_kind_of_the_engine_stands_in_the_table():
    """A kind that a file of the engine writes is explained on the page."""
    written: dict[str, None] = {}
    for file in sorted((ROOT / "keep3r_replay" / "replay").glob("*.py")):
        for kind in re.findall(r'"([a-z]+_(?:event|call|mismatch|logs|sum|transaction|gas|time))"', file.read_text()):
            written[kind] = None
    missing = [kind for kind in written if f"`{kind}`" not in PAGE]
    assert len(written) >= 8
    assert missing == []


def test_the_number_of_replays_is_that_of_the_code():
    """The page says how many replays the causes of one audit may cost."""
    assert f"At most {causes._MOST_REPLAYS} replays" in PAGE
