"""What `verify` and `status` tell, as one JSON object."""

from __future__ import annotations

import json
import shutil

from histories import SAMPLE

from keep3r_replay.lake.reader import Lake
from pipelines.cli import main


def test_a_lake_s_verdict_is_told_as_json(tmp_path, capsys):
    """A whole lake holds; one with a changed file does not, and the object names it; the exit code is the same."""
    lake = tmp_path / "lake"
    shutil.copytree(SAMPLE / "lake", lake)
    assert main(["verify", f"lake={lake}", "format=json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["lake"], len(told["told"])) == (True, str(lake), 1)
    file = lake / Lake.open(lake).manifest.files[0].path
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert main(["verify", f"lake={lake}", "format=json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is False
    assert str(file) in told["told"][0]


def test_coverage_is_told_as_json(capsys):
    """The counts are those of the manifest."""
    assert main(["status", f"lake={SAMPLE / 'lake'}", "format=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows["readings"] == sum(each.rows for each in Lake.open(SAMPLE / "lake").manifest.of_table("readings"))
