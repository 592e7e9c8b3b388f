"""`keep3r verify results=R`: the run that made results, repeated, and what came out otherwise."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import keep3r_replay
from keep3r_replay.collector import no_collections
from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.repetition import Repetition

FINDINGS = 3
_EARNINGS = "earnings"


def verify_results(folder: Path, lake_folder: str | None) -> int:
    """Repeat the run that made results; 0 if every row is the same, 3 if one differs or a strange file is among them.

    Raises:
        InputError: there are no results, or the lake lacks what the run needs.
        UsageError: they are of another lake, or of a run that cannot be repeated.
    """
    from keep3r_replay.protocols.registry import protocols_in
    from keep3r_replay.replay.results import manifest_of

    manifest = manifest_of(folder)
    lake = keep3r_replay.open_lake(lake_folder)
    if manifest["configuration"].get("mode") == _EARNINGS:
        parts = {name: folder / name for name in protocols_in(lake)}
        lakes = {name: keep3r_replay.open_lake(lake.path / name) for name in parts}
        return max(_verify(parts[name], lakes[name], manifest_of(parts[name])) for name in parts)
    return _verify(folder, lake, manifest)


def _verify(folder: Path, lake: Lake, manifest: Mapping[str, Any]) -> int:
    from keep3r_replay.replay.repetition import repetition
    from keep3r_replay.replay.results import lake_fingerprint

    if any(manifest["inputs"].get(name) != digest for name, digest in lake_fingerprint(lake).items()):
        raise UsageError(
            f"{folder}: results of another lake, or of an earlier state of it, than {lake.path}; say lake=FOLDER"
        )
    if manifest["configuration"].get("started_after"):
        raise UsageError(f"{folder}: results that began in mid-history; a run from the beginning can be repeated")
    with TemporaryDirectory() as place, no_collections():
        again = Path(place) / "again"
        _repeat(manifest, lake, again)
        found = repetition(folder, again)
    print("\n".join(_lines(folder, found)))
    return FINDINGS if found.differing or found.strange else 0


def _repeat(manifest: Mapping[str, Any], lake: Lake, folder: Path) -> None:
    """Make the results anew, as they are configured."""
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.what_if.history import Source

    told = manifest["configuration"]
    if told["mode"] == "what_if":
        Source(protocol_of(lake), lake, told["until_block"]).baseline().run(
            folder, told["overlay"], ledger=told["ledger"]
        )
        return
    tables = {path.split("/")[0] for path, *_ in manifest["lake_files"]}
    given = lake if "transactions" in tables else lake.without("transactions", "calls")
    keep3r_replay.replay(
        given,
        ledger=told["ledger"],
        until_block=told["until_block"],
        strict=told["mode"] == "strict",
        snapshot_every=told["snapshot_every"],
    ).write(folder)


def _lines(folder: Path, found: Repetition) -> list[str]:
    """What to print: rows that differ, and the versions that may be why."""
    from keep3r_replay.lake.strange import NO_PART
    from keep3r_replay.replay.results import SUMMARY

    lines = [f"{folder / file}: holds something other than was written" for file in found.altered]
    lines += [f"{folder / file}: {NO_PART}" for file in found.strange]
    lines += found.rows
    for name, count in found.differing.items():
        one, many = ("entry", "entries") if name == SUMMARY else ("row", "rows")
        lines.append(f"{name}: 1 {one} differs" if count == 1 else f"{name}: {count} {many} differ")
    versions = ", ".join(f"{name} was {then}, is {now}" for name, then, now in found.versions)
    if found.bytes_only:
        lines.append(f"same rows in other bytes: {', '.join(found.bytes_only)}")
    if found.differing or found.bytes_only:
        lines.append(f"versions: {versions or 'the same as then'}")
    if not found.differing:
        lines.append(f"repeated: {folder}, every row the same{f' ({versions})' if versions else ''}")
    return lines
