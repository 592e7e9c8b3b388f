"""Where a proof writes in a lake: what must not stand there, and which of the files there a proof has written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.errors import InputError, LakeError
from keep3r_replay.lake.certificate import CERTIFICATE, read_certificate
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.proof.kept import FOLDER, STATE, WINDOW_NAME, kept_name, read_state

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_NOTES, _KEPT = f"{FOLDER}/windows", f"{FOLDER}/kept"
_SUFFIXES = {_NOTES: ".json", _KEPT: ".parquet"}
_AWAY = "move it away"


def note_name(first: int, last: int) -> str:
    """A window's note, relative to the lake."""
    return f"{_NOTES}/{first:09d}-{last:09d}.json"


def check_places(lake: Path) -> set[str]:
    """Refuse what a proof would write through, or replace without having written it; nothing is touched.

    Returns:
        The notes and kept files that the lake's certificate names, relative to the lake: what a proof has written there
        even if it can no longer be read. Empty without a certificate.

    Raises:
        LakeError: a folder or file that a proof writes is a link or something else, or `proof.json` is no certificate.
    """
    for folder in (FOLDER, _NOTES, _KEPT):
        place = lake / folder
        if place.is_symlink():
            raise LakeError(place, "is a link, which leads out of the proof's place", remedy="put the folder there")
        if os.path.lexists(place) and not place.is_dir():
            raise LakeError(place, "is no folder, and a proof writes into one of this name", remedy=_AWAY)
    files = [CERTIFICATE, f"{_KEPT}/{STATE}", *(path.relative_to(lake).as_posix() for path in _named(lake))]
    for place in (lake / name for name in files):
        if os.path.lexists(place) and (place.is_symlink() or not place.is_file()):
            kind = "link" if place.is_symlink() else "folder"
            raise LakeError(place, f"is a {kind}, and a proof writes a file of this name", remedy=_AWAY)
    certificate = read_certificate(lake)
    if certificate is None:
        return set()
    rests: dict[str, Any] = certificate["rests_on"]
    return {*rests["kept"], *(note_name(first, last) for first, last, *_ in rests["windows"])}


def strangers(lake: Path, listed: Collection[str], written: Iterable[tuple[int, int]], *, keep: bool) -> list[str]:
    """Find the files that are named as a proof's and that no proof wrote; see `check_places`.

    Args:
        lake: its folder.
        listed: what the certificate names.
        written: windows that the proof at hand will write.
        keep: whether it writes what it rests on, too.

    Returns:
        Those that are in nobody's way, relative to the lake, sorted.

    Raises:
        LakeError: one would have to be replaced.
    """
    found = sorted(path.relative_to(lake).as_posix() for path in _named(lake) if not _is_ours(lake, path, listed))
    if keep and f"{_KEPT}/{STATE}" not in listed and (lake / _KEPT / STATE).is_file():
        try:
            read_state(lake / _KEPT / STATE)
        except InputError:
            found.append(f"{_KEPT}/{STATE}")
    wanted = {f"{_KEPT}/{STATE}"} if keep else set[str]()
    for first, last in written:
        wanted |= {note_name(first, last)} | ({kept_name(first, last)} if keep else set())
    for name in found:
        if name in wanted:
            raise LakeError(lake / name, "no proof wrote this, and it would be replaced", remedy=_AWAY)
    return found


def clear_notes(lake: Path) -> None:
    """Remove what former runs noted of windows: whoever gives a lake can write such notes."""
    for path in _named(lake):
        if path.suffix == _SUFFIXES[_NOTES] and _is_ours(lake, path, ()):
            path.unlink()


def clear_old(lake: Path, windows: Iterable[tuple[int, int]], listed: Collection[str], *, kept: bool) -> None:
    """Remove notes and kept files of proofs that a certificate does not rest on; without `kept` kept files stay."""
    staying = {name for first, last in windows for name in (note_name(first, last), kept_name(first, last))}
    for path in _named(lake):
        stays = path.relative_to(lake).as_posix() in staying or (not kept and path.suffix == _SUFFIXES[_KEPT])
        if not stays and _is_ours(lake, path, listed):
            path.unlink()


def _named(lake: Path) -> Iterator[Path]:
    """What is named as a window's note or kept file, whatever it is."""
    for folder, suffix in _SUFFIXES.items():
        for path in sorted((lake / folder).glob(f"*{suffix}")):
            if WINDOW_NAME.fullmatch(path.stem):
                yield path


def _is_ours(lake: Path, path: Path, listed: Collection[str]) -> bool:
    """Whether a proof wrote a file that is named so: certificate or note name it, or it holds what a proof writes."""
    if path.is_symlink() or not path.is_file():
        return False
    if path.relative_to(lake).as_posix() in listed:
        return True
    try:
        if path.suffix == _SUFFIXES[_KEPT]:
            note = lake / _NOTES / f"{path.stem}{_SUFFIXES[_NOTES]}"
            return _is_ours(lake, note, ()) or pq.read_schema(path).names[:2] == ["number", "header"]
        note = parsed(path.read_bytes())
        return "hash" in note and lake / note_name(note["first"], note["last"]) == path
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError):
        return False
