"""Pages that show what commands print: each block that begins with `$ keep3r` is run, in order, in one empty folder.

    python -m tests.docs.printed_pages docs/tutorial.md ...     # write what the commands print now into the pages

A line `...` stands for any number of lines. Blocks of several commands show what the last one prints.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```[a-z]*\n((?:\$ keep3r [^\n]*\n)+)(.*?)^```$", re.MULTILINE | re.DOTALL)


class Told(NamedTuple):
    """Commands of a block, and the lines that the page says the last one prints."""

    commands: list[str]
    lines: list[str]


def told_in(page: Path) -> list[Told]:
    """The blocks of a page, in order."""
    return [
        Told([line.removeprefix("$ ") for line in commands.splitlines()], output.splitlines())
        for commands, output in _BLOCK.findall(page.read_text())
    ]


def printed_by(command: str) -> tuple[int, list[str]]:
    """Exit code and printed lines of a command, run in this folder."""
    run = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *shlex.split(command)[1:]],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, [line.rstrip() for line in run.stdout.splitlines()]


def agrees(said: list[str], printed: list[str]) -> bool:
    """Whether a page's lines are what was printed."""
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in said)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def written(page: Path) -> str:
    """The page with what its commands print now; blocks that hold `...` and still agree stay as they are."""

    def block(found: re.Match[str]) -> str:
        commands, said = found[1].splitlines(), found[2].splitlines()
        lines: list[str] = []
        for command in commands:
            _, lines = printed_by(command.removeprefix("$ "))
        if "..." in said and agrees(said, lines):
            return found[0]
        body = "\n".join([*commands, *lines])
        return f"```\n{body}\n```"

    return _BLOCK.sub(block, page.read_text())


if __name__ == "__main__":
    for target in [Path(name).resolve() for name in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            content = written(target)
        target.write_text(content)
