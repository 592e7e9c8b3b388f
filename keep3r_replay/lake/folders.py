"""Folders that are filled whole, and emptied of nothing that was not written here.

New content is built beside its place. Where there is nothing yet, one rename puts it there. Where former content
stands, the files that its manifest lists make room one by one; whatever else lies in the folder stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.address_book import FILE as NAMES
from keep3r_replay.lake.damaged import RESULTS, files_of_tables, listed_by_damaged
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.lake.strange import NO_PART, strange_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

MANIFEST = "manifest.json"
"""Lists the files that were written into a folder; the mark by which a folder is known as ours."""

PROOFS = frozenset({"proof", "proof.json"})
"""Lie beside a lake's manifest, which does not list them: a certificate, and what it rests on."""

UNFINISHED = "unfinished"
"""Stands in a manifest while files are being replaced: the names of the former files and of the new ones."""

_BUILDING = "building"
_PART = re.compile(r"\w[\w.-]*", re.ASCII)
_SUFFIXES = (".parquet", ".json")
_LONGEST_PATH = 3


@contextmanager
def replaced_folder(
    target: Path,
    staying: Callable[[], Collection[str]] = tuple,
    *,
    tables: Collection[str] = (),
    durable: bool = True,
) -> Iterator[Path]:
    """Give an empty folder to fill; its content takes the place of `target`'s if the block ends well.

    Files of `target` that `staying` names, which is asked at the end, are left as they are.

    Of what stands at `target` only the files that its manifest lists are replaced or removed: callers check first that
    it is theirs. Where the manifest is damaged, files named as those of `tables` are counted among them. A run that is
    killed while it replaces files leaves a manifest without `files`, and the next one goes on from that. A link stays a
    link, and what it leads to is filled. With `durable` it is on the disk afterwards; without, a power cut may take it,
    or leave files without their content.

    Raises:
        UsageError: a file would have to be replaced that no manifest lists.
        OSError: as the file system does.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(target)
    building = target.with_name(f".{target.name}.{_BUILDING}-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir()
        yield building
        if durable:
            _sync(building)
        if target.exists() and any(target.iterdir()):
            _replace_files(building, target, staying(), tables)
        else:
            building.rename(target)
        if durable:
            sync(target.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def replaced_file(target: Path) -> Iterator[Path]:
    """Give the name of a file to make; it takes the place of `target` if the block ends well, and goes otherwise.

    A link stays a link, and the file that it leads to is replaced: callers check first that it is theirs.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(target)
    building = target.with_name(f".{target.name}.{_BUILDING}-{os.getpid()}")
    building.unlink(missing_ok=True)
    try:
        yield building
        sync(building)
        building.replace(target)
        sync(target.parent)
    finally:
        building.unlink(missing_ok=True)


def clear_leftovers(target: Path) -> None:
    """Remove what killed runs were building for `target`; what a living process builds stays."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.{_BUILDING}-(\d+)")
    for place in target.parent.glob(".*"):
        left = pattern.fullmatch(place.name)
        if left and not _lives(int(left[1])):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)


def written_files(folder: Path) -> set[str]:
    """Return the files that the manifest in a folder lists, and the manifest: relative, with forward slashes.

    A manifest may come from anywhere: a name that leads out of the folder, or is none that is written here, does not
    count.
    """
    try:
        content: Any = parsed((folder / MANIFEST).read_bytes())
        files = content.get("files", {})
        names = {*files} if isinstance(files, dict) else {str(entry["path"]) for entry in files}
        names |= {str(name) for name in content.get(UNFINISHED, [])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        listed = listed_by_damaged(folder / MANIFEST)
        return set() if listed is None else _inside(folder, {*listed, MANIFEST})
    names |= {MANIFEST} | ({"deployment.json"} if "layout" in content else set())
    return _inside(folder, names)


def check_target(folder: Path, setting: str, wanted: str, is_ours: Callable[[Path], bool]) -> None:
    """Refuse to fill a folder that holds something else, before any work is done; an absent or empty one may be filled.

    Args:
        folder: what would be filled.
        setting: that names it, for messages.
        wanted: what it may hold, for messages.
        is_ours: tells whether it holds that.

    Raises:
        UsageError: it holds something else, or is no folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; say {setting}=FOLDER")
    if any(folder.iterdir()) and not is_ours(folder):
        raise UsageError(f"{folder}: holds something other than {wanted}; choose another folder")


def foreign_names(folder: Path) -> list[str]:
    """Return what lies at the top of a folder and holds nothing that was written here, sorted."""
    ours = {name.split("/")[0] for name in written_files(folder)} | {".lock"}
    if "deployment.json" in ours:
        ours |= PROOFS | {NAMES}
    return sorted(each.name for each in folder.iterdir() if each.name not in ours)


def _inside(folder: Path, names: Collection[str]) -> set[str]:
    """Those of the names that are such as are written here, and lead nowhere else: each folder is followed once."""
    plain = {
        name
        for name in names
        if name.count("/") < _LONGEST_PATH
        and name.endswith(_SUFFIXES)
        and all(_PART.fullmatch(part) for part in name.split("/"))
    }
    top = folder.resolve()
    above = {name: name.rpartition("/")[0] for name in plain}
    staying = {each for each in {*above.values()} if (folder / each).resolve() == top / each}
    return {name for name in plain if above[name] in staying}


def _replace_files(building: Path, target: Path, staying: Collection[str], tables: Collection[str]) -> None:
    """Put the files of one folder in the place of those that were written into another, but for those that stay."""
    former = written_files(target)
    new = {path.relative_to(building).as_posix() for path in building.rglob("*") if path.is_file()}
    if listed_by_damaged(target / MANIFEST) is not None:
        # What it does not list any more, but a replay writes, was written by one: longer tables may have been in parts.
        former |= {name for name in new if (target / name).is_file()}
        former |= files_of_tables(target, {*tables, *(name.partition(".")[0] for name in {*new, *former})})
    for name in sorted(new):
        _check_place(target, name, former)
    for strange in strange_parts(target, {*former, *new}):
        raise UsageError(f"{target / strange}: {NO_PART}")
    _mark_unfinished(target, building, sorted({*former, *new, *staying}))
    # A table of one file may become a folder of its name, and the other way round.
    for name in sorted(former - new - {*staying}):
        _remove(target, name)
    for name in sorted(new - {MANIFEST}):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (building / name).replace(target / name)
    for folder in {(target / name).parent for name in new}:
        sync(folder)
    (building / MANIFEST).replace(target / MANIFEST)
    sync(target)


def _check_place(target: Path, name: str, former: Collection[str]) -> None:
    """Refuse a name at which something lies that was not written here."""
    place = target / name
    *folders, _ = name.split("/")
    above = [target.joinpath(*folders[: count + 1]) for count in reversed(range(len(folders)))]
    strange = [each for each in above if each.is_symlink() or (each.is_file() and str(each.name) not in former)]
    if place.is_dir() and not place.is_symlink():
        known = {target / each for each in former}
        strange += [each for each in place.rglob("*") if each not in known]
        strange += [] if any(each in known for each in place.rglob("*")) else [place]
    elif name not in former and os.path.lexists(place) and not strange:
        strange = [place]
    if strange:
        raise UsageError(f"{strange[0]}: nobody here wrote this, and it would be replaced; move it away")


def _remove(target: Path, name: str) -> None:
    """Remove a file, and the folders that are empty without it: what is left of one may hold somebody's files."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        (target / name).unlink()
    for above in (target / name).relative_to(target).parents[:-1]:
        with contextlib.suppress(OSError):
            (target / above).rmdir()


def _mark_unfinished(target: Path, building: Path, names: list[str]) -> None:
    """Leave a manifest that lists both the former and the new files, and that no reader takes for a whole one."""
    damaged = listed_by_damaged(target / MANIFEST) is not None
    content = {"kind": RESULTS} if damaged else parsed((target / MANIFEST).read_bytes())
    content.pop("files", None)
    marked = building / f"{MANIFEST}.{UNFINISHED}"
    marked.write_text(json.dumps(content | {UNFINISHED: names}, indent=1) + "\n")
    sync(marked)
    marked.replace(target / MANIFEST)
    sync(target)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return process != os.getpid()


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
