"""How much commands tell, and how."""

from __future__ import annotations

import io
import shutil
import sys
import time

import pytest
from histories import SAMPLE

from pipelines import manners
from pipelines.cli import main

LAKE = SAMPLE / "lake"


class _Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self):
        """It is one."""
        return True


def test_verdicts_have_colours_where_a_person_watches(monkeypatch):
    """Green and red on a terminal; none with NO_COLOR, in a file, or for a line that is no verdict; nothing steers."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    told = {}
    for name, stream in (("terminal", _Terminal()), ("file", io.StringIO())):
        monkeypatch.setattr(sys, "stdout", stream)
        manners.say("CLEAN  x\x1b[2J\nFINDINGS  y\nworks 5" if name == "terminal" else "CLEAN  x")
        told[name] = stream.getvalue()
    assert told == {
        "terminal": "\x1b[32mCLEAN\x1b[0m  x\\x1b[2J\n\x1b[31mFINDINGS\x1b[0m  y\nworks 5\n",
        "file": "CLEAN  x\n",
    }
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", plain := _Terminal())
    manners.say("CLEAN  x")
    assert plain.getvalue() == "CLEAN  x\n"


def test_what_takes_long_says_so_on_a_terminal_only(monkeypatch):
    """After the silence a line, gone before anything is printed; nothing with -q, nothing in a file."""
    monkeypatch.setattr(manners, "_SILENCE", 0.01)
    monkeypatch.setattr(manners, "_BETWEEN", 0.01)
    for stream, arguments, told in ((_Terminal(), [], True), (_Terminal(), ["-q"], False), (io.StringIO(), [], False)):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "stdout", out := io.StringIO())
        assert manners.take_flags([*arguments, "lake=x"]) == ["lake=x"]
        with manners.waiting("replaying"):
            time.sleep(0.1)
            print("done")
        assert ("replaying, 0 s" in stream.getvalue()) is told
        assert not told or stream.getvalue().endswith("\r\033[K")
        assert out.getvalue() == "done\n"
    manners.take_flags([])


@pytest.mark.slow
def test_assumptions_are_told_when_asked_for(tmp_path, capfd):
    """A what-if prints what matters; -v adds what stays given; -q prints nothing, and all of them write the results."""
    told = {}
    for flag in ("", "-v", "-q"):
        command = ["replay", "mode=what_if", "overlay.liquidity_factor=1/2", f"results={tmp_path}/what_if{flag}"]
        assert main([*command, *([flag] if flag else [])]) == 0
        told[flag] = capfd.readouterr().out
        assert (tmp_path / f"what_if{flag}" / "summary.json").is_file()
    assert "given, unless" not in told[""]
    assert "given, unless" in told["-v"]
    assert told["-q"] == ""
    assert main(["overpaid", "-q"]) == 0
    assert "not by the formula" in capfd.readouterr().out


@pytest.mark.slow
def test_damaged_results_are_said_to_be_damaged(tmp_path, capfd):
    """By every command that reads them: a table that was changed, one that is gone, a manifest that is."""
    assert main(["replay", f"results={tmp_path}/whole", "ledger=true"]) == 0
    for harm in ("changed", "gone", "manifest"):
        folder = tmp_path / harm
        shutil.copytree(tmp_path / "whole", folder)
        if harm == "changed":
            (folder / "works.parquet").write_bytes(b"PAR1" + (folder / "works.parquet").read_bytes()[4:-1])
        elif harm == "gone":
            (folder / "works.parquet").unlink()
        else:
            (folder / "manifest.json").write_text("{")
        for command in (
            ["report", f"results={folder}", f"report={tmp_path}/r.html"],
            ["warehouse", f"results={folder}", f"database={tmp_path}/{harm}.duckdb"],
            ["findings", f"results={folder}"],
            ["compare", f"results={tmp_path}/whole,{folder}"],
        ):
            assert main(command) == 1
            assert "damaged results" in capfd.readouterr().err, command
    assert main(["replay", f"results={tmp_path}/manifest"]) == 2
    assert "damaged results" in capfd.readouterr().err


def test_help_calls_required_what_is(capsys):
    """A lake to verify is, a deployment that has a default is not; a lake that is missing names every way to one."""
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert "required without results" in lines["lake"]
    assert "(required" not in lines["deployment"]
    for command in ("status lake=/nowhere", "verify lake=/nowhere", "job lake=/nowhere"):
        assert main(command.split()) == 1
        told = capsys.readouterr().err
        assert all(each in told for each in ("no such lake", "import", "extract", "simulate")), told
