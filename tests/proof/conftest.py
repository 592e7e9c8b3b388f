"""The recorded chain's lake: extracted once, copied for every test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.proof.proving import extract

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake as the extraction left it; not to be changed."""
    lake = tmp_path_factory.mktemp("proof") / "lake"
    extract(lake)
    return lake


@pytest.fixture
def lake(extracted: Path, tmp_path: Path) -> Path:
    """A copy of the lake."""
    shutil.copytree(extracted, tmp_path / "lake", ignore=shutil.ignore_patterns(".lock"))
    return tmp_path / "lake"
