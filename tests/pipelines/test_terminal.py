"""What reaches a terminal, and which places a path may name."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from histories import DATA

import keep3r_replay
from keep3r_replay.errors import LakeError
from pipelines.cli import main
from pipelines.terminal import printable

EVIL = "evil\x1b]0;owned\x07\x1b[2Jname\r\x9b31m\u202egnp"


def test_what_steers_a_terminal_is_written_out() -> None:
    """Every control character but line and tab is shown, and plain text of any language stays."""
    assert printable("a\x1b[31mb\rc\x7f\x85\u202ed") == "a\\x1b[31mb\\x0dc\\x7f\\x85\\u202ed"
    assert printable("Zürich\t読\n") == "Zürich\t読\n"


@pytest.mark.slow
def test_a_hostile_name_does_not_reach_a_terminal(tmp_path: Path) -> None:
    """Names of a hostile lake, an error's text and a folder's name are shown on a terminal without their sequences."""
    lake = tmp_path / EVIL
    assert main(["import", f"recording={DATA / 'open-v2.2-nb-mining-twap'}", f"lake={lake}"]) == 0
    facts = json.loads((lake / "deployment.json").read_text())
    facts["name"] = EVIL
    facts["contracts"][0]["role"] = EVIL
    (lake / "deployment.json").write_text(json.dumps(facts))
    for command in (["status", f"lake={lake}"], ["status", f"lake={lake}/none"], [EVIL]):
        ours, theirs = pty.openpty()
        subprocess.run([sys.executable, "-m", "pipelines.cli", *command], stdout=theirs, stderr=theirs, check=False)
        os.close(theirs)
        told = os.read(ours, 100_000).decode()
        os.close(ours)
        assert "evil\\x1b]0;owned" in told
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(told)
        assert "\r" not in told.replace("\r\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "url", ["ftp://bucket/lake", "ftp:/bucket/lake", "https://user:pa55word@example.org/lake", "file:///tmp/lake"]
)
@pytest.mark.parametrize(
    "command", ["status lake=", "verify lake=", "import recording=. lake=", "replay lake=x results=", "sql 1 database="]
)
def test_a_url_is_refused_in_one_line(
    command: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a path belongs, a URL is a usage error of one line that does not repeat it, and no folder is made."""
    monkeypatch.chdir(tmp_path)
    assert main(f"{command}{url}".split()) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "is a URL" in told
    assert "pa55word" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_told_so_too() -> None:
    """The public face refuses a URL by an error of its own."""
    for url in ("ftp://bucket/lake", Path("ftp://bucket/lake")):
        with pytest.raises(LakeError, match="is a URL"):
            keep3r_replay.open_lake(url)
