"""Folders in a bucket that are worked on here: fetched, and what has changed put back, so that no half is a whole.

A manifest goes last. Where one stands, it is first replaced by one that lists no files, which no reader takes for
results: a run that is killed in between leaves what the next run begins anew, as on a disk.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from keep3r_replay.errors import LockedError
from keep3r_replay.lake.folders import MANIFEST, UNFINISHED
from keep3r_replay.lake.shapes import parsed

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.bucket import BucketPath

Content = dict[str, str]
"""SHA-256 of every file in a folder, by its name in it."""


def fetch(place: BucketPath, folder: Path) -> Content:
    """Bring all files of a place in a bucket into an empty folder. Raises `OSError`."""
    for name in place.sizes():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((place / name).read_bytes())
    return content_of(folder)


def content_of(folder: Path) -> Content:
    """What a folder holds; names that begin with a dot are of work under way."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not any(part.startswith(".") for part in name.split("/"))
    }


def publish(folder: Path, place: BucketPath, former: Content) -> None:
    """Put what has changed in a folder since it was fetched, manifests last.

    Args:
        folder: as it is now.
        place: where it was fetched from.
        former: what was fetched.

    Raises:
        LockedError: somebody else has written there since.
        OSError: a file cannot be written; its folder has no whole manifest then.
    """
    present = content_of(folder)
    changed = [name for name, digest in present.items() if former.get(name) != digest]
    gone = [name for name in former if name not in present]
    known = {*present, *former}
    manifests = sorted({_manifest_of(name, known) for name in (*changed, *gone)} & known)
    for name in manifests:
        _refuse_others(place, name, former)
    for name in manifests:
        if name in former:
            (place / name).write_bytes(_unfinished((place / name).read_bytes(), [*changed, *gone]))
    for name in changed:
        if name not in manifests:
            (place / name).write_bytes((folder / name).read_bytes())
    for name in gone:
        (place / name).unlink(missing_ok=True)
    for name in manifests:
        if name in present:
            (place / name).write_bytes((folder / name).read_bytes())


def _manifest_of(name: str, known: set[str]) -> str:
    """The manifest that lists a file: that of the nearest folder above it which has one."""
    above = name
    while above:
        above, _, _ = above.rpartition("/")
        if (manifest := f"{above}/{MANIFEST}".lstrip("/")) in known:
            return manifest
    return MANIFEST


def _refuse_others(place: BucketPath, name: str, former: Content) -> None:
    now = (place / name).read_bytes() if (place / name).is_file() else None
    if (hashlib.sha256(now).hexdigest() if now is not None else None) != former.get(name):
        raise LockedError(f"{place / name}: another run has written it in the meantime; run again")


def _unfinished(manifest: bytes, names: list[str]) -> bytes:
    content = parsed(manifest)
    content.pop("files", None)
    return (json.dumps(content | {UNFINISHED: names}, indent=1) + "\n").encode()
