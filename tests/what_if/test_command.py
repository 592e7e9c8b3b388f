"""`keep3r replay mode=what_if` as a person calls it."""

from __future__ import annotations

import json

import polars as pl
import pytest
from histories import SAMPLE

from pipelines.cli import main

LAKE = f"lake={SAMPLE / 'lake'}"


@pytest.mark.slow
def test_an_overlay_by_name_by_file_and_by_single_changes_is_the_same(tmp_path):
    """Three ways to say half of the liquidity give one state and the same tables."""
    file = tmp_path / "mine.yaml"
    file.write_text("liquidity_factor: 1/2\n")
    ways = ("overlay=half_liquidity", f"overlay={file}", "overlay.liquidity_factor=1/2")
    for place, way in enumerate(ways):
        assert main(["replay", "mode=what_if", LAKE, f"results={tmp_path / str(place)}", way]) == 0
    files = [
        {path.name: path.read_bytes() for path in sorted((tmp_path / str(place)).iterdir())}
        for place in range(len(ways))
    ]
    assert files[0] == files[1] == files[2]
    outcome = json.loads(files[0]["summary.json"])["outcome"]
    assert outcome["reverted"] > 0
    assert int(outcome["paid_what_if"]) < int(outcome["paid_baseline"])


@pytest.mark.slow
def test_an_address_without_quotes_in_a_file_is_an_address(tmp_path, capsys):
    """YAML takes 0x... for a number; the overlay knows better."""
    job = pl.read_parquet(SAMPLE / "lake" / "events" / "keep3r.KeeperWork" / "*.parquet")["job"][0]
    file = tmp_path / "mine.yaml"
    file.write_text(f"drop_works: [{job}]\n")
    assert main(["replay", "mode=what_if", LAKE, f"results={tmp_path / 'r'}", f"overlay={file}"]) == 0
    assert job in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["overlay.nonsense=1"], "overlay.nonsense"),
        (["overlay=nonsense"], "no overlay of that name"),
        (["overlay.fees=1"], "overlay.fees: no such change; did you mean fee?"),
        (["overlay.fee=\u0663"], "'overlay.fee' has characters that are no plain value"),
        (["overlay.new=[\u00e9]"], "'overlay.new' has characters that are no plain value"),
        (
            ["overlay.bond_keeper='\u00e9'", "overlay.bond_add=1"],
            "overlay.bond_keeper=\u00e9: no keeper of the history",
        ),
        (["overlay=missing.yaml"], "missing.yaml: cannot be read"),
        (["overlay.expiry=never"], "no such rule"),
        (["start_block=5"], "no readings after this block"),
        (["mode=audit", "overlay.fee=1"], "say mode=what_if"),
    ],
)
def test_a_mistake_is_one_line(arguments, says, tmp_path, capsys):
    """It names what is wrong and ends with a failure."""
    assert main(["replay", "mode=what_if", LAKE, f"results={tmp_path / 'r'}", *arguments]) in {1, 2}
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
