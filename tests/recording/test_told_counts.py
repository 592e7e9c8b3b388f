"""What a recording says of itself in meta.json must be what its files hold."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from histories import SAMPLE

from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return a copy of the bundled recording."""
    return shutil.copytree(SAMPLE / "recording", tmp_path / "recording")


def test_an_empty_file_is_not_taken_for_no_logs(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of logs that was cut to nothing is refused in one line (exit 1), and no lake appears."""
    (recording / "logs.jsonl.gz").write_bytes(b"")
    assert main(["import", f"recording={recording}", f"lake={recording.parent / 'lake'}"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "logs.jsonl.gz: is empty" in told
    assert not (recording.parent / "lake").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("counts", {"logs": 1134}),
        ("counts", {"txs": 906}),
        ("counts", {"blocks": "591"}),
        ("counts", 7),
        ("lastBlock", 591),
        ("lastBlock", {}),
    ],
)
def test_other_counts_than_told_are_refused(
    recording: Path, capsys: pytest.CaptureFixture[str], place: str, told: object
) -> None:
    """Counts and last block in meta.json that are not those of the files are refused in one line (exit 1)."""
    meta = json.loads((recording / "meta.json").read_text())
    (recording / "meta.json").write_text(json.dumps(meta | {place: told}))
    assert main(["import", f"recording={recording}", f"lake={recording.parent / 'lake'}"]) == 1
    error = capsys.readouterr().err
    assert f"meta.json: {place}: " in error
    assert error.count("\n") == 1
