"""`keep3r state` where the folder `results` holds those of another lake."""

from __future__ import annotations

import pytest
from histories import DATA, SAMPLE
from lakes import imported

from pipelines.cli import main


@pytest.mark.slow
def test_results_that_nobody_named_are_let_be(tmp_path, monkeypatch, capsys):
    """Those in the usual folder count if they are of the lake; named ones of another lake are refused."""
    monkeypatch.chdir(tmp_path)
    other = imported(DATA / "open-v1-gov-305")
    assert main(["replay", f"lake={SAMPLE / 'lake'}"]) == 0
    assert main(["state", f"lake={other}", "block=300"]) == 0
    capsys.readouterr()
    (tmp_path / "results").rename(tmp_path / "mine")
    assert main(["state", f"lake={other}", "block=300", "results=mine"]) == 2
    assert "these are results of another lake" in capsys.readouterr().err
