"""Results on disk: Parquet tables, `summary.json`, and a manifest that says what they were made from."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake import folders
from keep3r_replay.lake.damaged import RESULTS, listed_by_damaged
from keep3r_replay.lake.folders import replaced_folder
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.lake.strange import NO_PART, strange_parts
from keep3r_replay.replay.alone import only_run_on
from keep3r_replay.replay.code import code_hash
from keep3r_replay.replay.parts import Grown, check_same, cut, names_of
from keep3r_replay.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.audited import Audit
    from keep3r_replay.replay.parts import Table

MANIFEST = "manifest.json"
SUMMARY = "summary.json"
LAYOUT = 1
"""Number of the layout of results on disk; it grows with any change that older code would misread."""
KEPT = "kept_"
"""What the names of tables begin with that are not to be asked: what a later run needs to go on from the results."""
AGAIN = "replay the lake again, to the same folder or another"
_AT_ONCE = 32
"""Files that are written at once: few enough that their rows, once more in memory, are nothing."""
_IN_PLACE = "move away what stands there, then replay the lake again"
_ELSEWHERE = "replay the lake again, to another folder or after removing this one"


def write_results(audit: Audit, folder: Path, configuration: dict[str, Any], known: Collection[str] = ()) -> None:
    """Write an audit's results to `folder`, whole or not at all; former results there are replaced.

    `known` are the names of all tables that the protocol's results may have. The same lake and configuration give the
    same bytes: nothing in them tells where or when they were made.
    Raises `UsageError` if the folder holds something else.
    """
    write(
        folder,
        {**audit.tables.stored, **{f"{KEPT}{name}": table for name, table in audit.kept.items()}},
        audit.summary,
        {
            "configuration": configuration,
            **made_from(audit.lake),
            "lake_files": [
                [entry.path, entry.from_block, entry.to_block, entry.sha256] for entry in audit.lake.manifest.files
            ],
            "state_hash": audit.summary["state_hash"],
            **({"proof": audit.summary["inputs"]} if "inputs" in audit.summary else {}),
        },
        known=known,
    )


def write(
    folder: Path,
    tables: Mapping[str, Table],
    summary: Mapping[str, Any],
    origin: Mapping[str, Any],
    *,
    known: Collection[str] = (),
    durable: bool = True,
) -> None:
    """Write results of any kind to `folder`, whole or not at all; former results there are replaced, other files stay.

    Args:
        folder: where to.
        tables: by name, a Parquet file each, or a folder of several (`parts`).
        summary: what `summary.json` holds.
        origin: what they were made from, for `manifest.json`: `made_from` a lake, `configuration`, `state_hash`.
        known: names of tables that former results may have had, beside those.
        durable: see `replaced_folder`.

    Raises:
        InputError: tables begin with files of former results that are not there any more.
        UsageError: the folder holds something else.
        LockedError: another run works on it.
    """
    check_target(folder)
    staying: set[str] = set()
    with only_run_on(folder), replaced_folder(folder, lambda: staying, tables=known, durable=durable) as building:
        files: dict[str, Any] = {}
        new: dict[str, pl.DataFrame] = {}
        for name, table in sorted(tables.items()):
            files |= _laid_out(building, folder, name, table, staying, new)
        files |= _written(building, new)
        content = _json(summary)
        (building / SUMMARY).write_bytes(content)
        files[SUMMARY] = {"sha256": hashlib.sha256(content).hexdigest()}
        made_by = {"layout": LAYOUT, "versions": versions(), "code": code_hash()}
        manifest = {"kind": RESULTS, **made_by, **origin, "files": files}
        (building / MANIFEST).write_bytes(_json(manifest))


def _laid_out(
    building: Path, folder: Path, name: str, table: Table, staying: set[str], new: dict[str, pl.DataFrame]
) -> dict[str, Any]:
    """The files of a table, in order, with what the manifest says of those that there are; rows of others go to `new`.

    Former files are copied to `building`, or noted as `staying` where they stand in `folder` already.
    """
    former = () if isinstance(table, pl.DataFrame) else table.parts
    rest = table if isinstance(table, pl.DataFrame) else table.rest
    if isinstance(table, Grown):
        check_same(table.folder, table.parts)
    files: dict[str, Any] = {}
    names = names_of(name, table.height)
    rows = cut(rest, len(names) - len(former))
    if "/" in names[0]:
        (building / names[0]).parent.mkdir()
    for number, file in enumerate(names):
        if number < len(former):
            assert former[number].file == file
            files[file] = {"rows": former[number].rows, "sha256": former[number].sha256}
            if isinstance(table, Grown) and table.folder.resolve() == folder.resolve():
                staying.add(file)
            elif isinstance(table, Grown):
                shutil.copyfile(table.folder / file, building / file)
            continue
        files[file] = None
        new[file] = rows[number - len(former)]
    return files


def _written(building: Path, parts: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Write files, several at once, which costs half of one after the other; what the manifest says of each."""
    names = list(parts)
    for start in range(0, len(names), _AT_ONCE):
        # The bytes depend on how rows lie in memory otherwise.
        chosen = {name: parts[name].rechunk().lazy() for name in names[start : start + _AT_ONCE]}
        pl.collect_all(
            [
                rows.sink_parquet(building / name, compression="zstd", compression_level=1, lazy=True)
                for name, rows in chosen.items()
            ]
        )
    return {
        name: {"rows": part.height, "sha256": hashlib.sha256((building / name).read_bytes()).hexdigest()}
        for name, part in parts.items()
    }


def check_target(folder: Path) -> None:
    """Refuse a folder that holds something other than results, before any work is done. Raises `UsageError`."""
    if is_damaged(folder) and not bears_mark(folder):
        raise UsageError(
            f"{folder}: damaged results, whose {MANIFEST} cannot be read; remove the folder, or say another"
        )
    folders.check_target(folder, "results", "results of a replay", bears_mark)
    if is_results(folder) and (strange := strange_parts(folder, folders.written_files(folder))):
        raise UsageError(f"{folder / strange[0]}: {NO_PART}")


def is_damaged(folder: Path) -> bool:
    """Whether a folder holds what is left of results: their summary and tables, but no manifest that can be read."""
    return _manifest(folder) is None and (folder / SUMMARY).is_file() and any(folder.glob("*.parquet"))


def check_whole(folder: Path) -> None:
    """Read every file of results once and hold it against the manifest.

    Raises:
        InputError: there are none, or a file is missing or holds something other than was written.
    """
    files = manifest_of(folder).get("files")
    if not isinstance(files, dict) or SUMMARY not in files:
        raise InputError(folder, "damaged results: their manifest lists no files", remedy=AGAIN)
    for name in files:
        content_of(folder, str(name), files)


def content_of(folder: Path, name: str, files: Mapping[str, Any]) -> bytes:
    """The bytes of a file of results. Raises `InputError` if they are not those that the manifest tells of."""
    try:
        content = (folder / name).read_bytes()
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InputError(folder / name, f"damaged results: {error.strerror}", remedy=_IN_PLACE) from None
    except OSError as error:
        raise InputError(folder / name, f"damaged results: {error.strerror}", remedy=AGAIN) from None
    facts = files[name]
    if not isinstance(facts, dict) or hashlib.sha256(content).hexdigest() != facts.get("sha256"):
        raise InputError(folder / name, "damaged results: holds something other than was written", remedy=AGAIN)
    return content


def bears_mark(folder: Path) -> bool:
    """Whether a folder holds results of a replay, be their manifest damaged."""
    return is_results(folder) or listed_by_damaged(folder / MANIFEST) is not None


def is_results(folder: Path) -> bool:
    """Whether a folder holds results of a replay."""
    return _manifest(folder) is not None


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of results: `protocol` if it is named, `configuration`, `inputs`, `files` and more.

    Raises:
        InputError: there are no results in the folder, or they have a layout that this version does not know.
    """
    manifest = _manifest(folder)
    if manifest is None and is_damaged(folder):
        remedy = AGAIN if bears_mark(folder) else _ELSEWHERE
        raise InputError(folder / MANIFEST, "damaged results: the manifest cannot be read", remedy=remedy)
    if manifest is None:
        raise InputError(folder, "holds no results of a replay", remedy="make them with keep3r replay")
    layout = manifest.get("layout")
    if layout != LAYOUT:
        older = layout is None or (isinstance(layout, int) and layout < LAYOUT)
        remedy = "replay the lake again" if older else "update keep3r"
        raise InputError(folder, f"results of layout {layout}, this version reads {LAYOUT}", remedy=remedy)
    return manifest


def versions() -> dict[str, str]:
    """Versions of what decides the bytes of results, beside the code itself: ours, and those of polars and pyarrow."""
    return {"keep3r_replay": __version__, "polars": pl.__version__, "pyarrow": pa.__version__}


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        content: Any = parsed((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("kind") == RESULTS else None


def made_from(lake: Lake) -> dict[str, Any]:
    """What a manifest says of a lake: the protocol that it names, if it does, and `inputs`, its fingerprint."""
    protocol = {"protocol": lake.deployment.protocol} if lake.deployment.protocol else {}
    return {**protocol, "inputs": lake_fingerprint(lake)}


def lake_fingerprint(lake: Lake) -> dict[str, str]:
    """SHA-256 of the lake's deployment and manifest, which in turn holds those of all its files."""
    return {
        name: hashlib.sha256((lake.path / name).read_bytes()).hexdigest()
        for name in ("deployment.json", "manifest.json")
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
