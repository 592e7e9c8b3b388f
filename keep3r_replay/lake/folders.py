"""Folders that appear whole or not at all: built beside their place, then moved there by a rename."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUILDING = "building"
_FORMER = "former"


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `target` if the block ends well, and vanishes otherwise.

    Whatever stands at `target` is replaced: callers check first that they may. Raises OSError as the file system does.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.{_BUILDING}-{os.getpid()}")
    former = target.with_name(f".{target.name}.{_FORMER}-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir()
        yield building
        _sync(building)
        replaces = target.exists()
        if replaces:
            # rename() replaces only an empty folder, so the former one steps aside first.
            target.rename(former)
        try:
            building.rename(target)
        except OSError:
            if replaces:
                former.rename(target)
            raise
        _sync_one(target.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync_one(path)
    _sync_one(folder)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
