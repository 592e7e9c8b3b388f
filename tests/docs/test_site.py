"""The documentation as a site, and the pages that show what commands print."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from printed_pages import ROOT, agrees, printed_by, told_in

import keep3r_replay
from keep3r_replay.protocols.registry import protocol_named
from pipelines.cli import SUBCOMMANDS

if TYPE_CHECKING:
    from pathlib import Path

TOLD = ("tutorial.md", "subgraph.md", "month-of-a-job.md")
"""Pages that show what commands print, in the order of their reading."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built as strictly as a release is."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", TOLD)
def test_a_page_shows_what_its_commands_print(page, tmp_path, monkeypatch):
    """In an empty folder, one command after the other; `python -m tests.docs.printed_pages PAGE` writes it anew."""
    monkeypatch.chdir(tmp_path)
    blocks = told_in(ROOT / "docs" / page)
    assert len(blocks) > 1
    for block in blocks:
        ran = [printed_by(command) for command in block.commands]
        assert [code for code, _ in ran] == [0] * len(ran), block.commands
        assert agrees(block.lines, ran[-1][1]), "\n".join(ran[-1][1])


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_no_other_host(site):
    """No broken link, no page left out, and nothing that a page loads from elsewhere."""
    pages = [path.read_text() for path in sorted(site.rglob("*.html"))]
    assert len(pages) > 40
    for page in pages:
        for loaded in ('<script src="http', '<link rel="stylesheet" href="http', '<img src="http'):
            assert loaded not in page


@pytest.mark.slow
def test_the_reference_is_made_from_the_code(site):
    """Every subcommand, every result table of every protocol, and every function of the public face stands in it."""
    commands, tables, api = (
        (site / "reference" / name / "index.html").read_text() for name in ("commands", "tables", "api")
    )
    for name in SUBCOMMANDS:
        assert f"keep3r {name}" in commands
    for protocol in ("keep3r_v1", "keep3r_v2", "kuma"):
        for table in protocol_named(protocol).tables:
            assert f'id="{protocol}-{table}"' in tables
    for name in keep3r_replay.__all__:
        if not name.startswith("__"):
            assert f".{name}" in api, name


def test_what_is_left_out_may_be_anything_and_nothing_else():
    """Three dots stand for lines; every other line is compared whole."""
    assert agrees(["a", "...", "c"], ["a", "b", "b", "c"])
    assert agrees(["...", "c"], ["c"])
    assert not agrees(["a", "...", "c"], ["a", "b"])
    assert not agrees(["a"], ["a", "b"])
