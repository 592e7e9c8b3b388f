"""The commands of the README work as they stand, in their order."""

from __future__ import annotations

import shlex

import pytest
from histories import ROOT

from pipelines.cli import SUBCOMMANDS, main

README = (ROOT / "README.md").read_text()
_COMMAND = "    keep3r "


def _commands(after):
    """The commands of the block of lines behind a sentence, without what is said of them."""
    block = README.split(after)[1].lstrip("\n").split("\n\n")[0]
    return [line.removeprefix(_COMMAND).partition("  #")[0].strip() for line in block.splitlines()]


@pytest.mark.slow
def test_a_newcomer_copies_them_one_after_the_other(tmp_path, monkeypatch, capfd):
    """Every one ends well in a folder that holds nothing but what those before it left."""
    monkeypatch.chdir(tmp_path)
    commands = _commands("in this order, on the bundled sample:")
    for command in commands:
        assert main(shlex.split(command)) == 0, (command, capfd.readouterr().err)
    assert len(commands) > 10


def test_every_subcommand_stands_in_the_readme():
    """What the program offers is found there, in one of the two lists or in a line about them."""
    for name in SUBCOMMANDS:
        assert f"keep3r {name}" in README, name
