"""A toy's chain that grows block by block: quick to extract, to replay and to put into a warehouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from tests.toy.history import COUNTER, History
from tests.toy.node import served
from tests.toy.registered import registered

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYMENT = [
    "deployment=none",
    *(
        f"++deployment.{setting}"
        for setting in ("name=toy-1", "chain_id=1337", "protocol=toy", f"counter='{COUNTER}'", "partition_blocks=4")
    ),
]


@pytest.fixture
def toy(monkeypatch):
    """The folder `toy` stands among the protocols, and a node serves its history; afterwards nothing of it is left."""
    with registered(monkeypatch), served(History()) as url, mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        yield


@pytest.fixture
def run():
    """Runs a command, which must end well; the deployment is the toy's where it is asked for."""
    from pipelines.cli import main

    def command(name: str, *arguments: str, ends: int = 0) -> None:
        more = DEPLOYMENT if name in {"extract", "update"} else []
        assert main([name, *more, *arguments]) == ends

    return command


@pytest.fixture
def grown(toy, tmp_path: Path, run):
    """Brings a lake in `tmp_path` to a block, and its results too."""

    def to(block: int, lake: str = "lake") -> None:
        run("extract", f"lake={tmp_path / lake}", f"to_block={block}")
        run("replay", f"lake={tmp_path / lake}", f"results={tmp_path / f'{lake}-results'}")

    return to
