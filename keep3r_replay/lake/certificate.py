"""`proof.json` of a lake: what was proved from one block hash, and whether it still is the lake that was proved."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import LakeError
from keep3r_replay.lake.shapes import block_hash, mapping, parsed, sequence, text, whole

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.manifest import Manifest
    from keep3r_replay.lake.reader import Lake

CERTIFICATE = "proof.json"
"""Lies beside the manifest, which does not name it: it is about the lake, not of it."""

LAYOUT = 2
"""Of the first the tables of events named no columns, and nothing said parameter by parameter what was proved."""

_KEPT = re.compile(r"proof/kept/(\d{9,}-\d{9,}\.parquet|state\.json)", re.ASCII)
_AWAY = "move it away, and run keep3r prove"


def read_certificate(lake: Path) -> dict[str, Any] | None:
    """The content of a lake's certificate; None if it has none.

    Raises:
        LakeError: what is there is no certificate, or one of a newer version.
    """
    file = lake / CERTIFICATE
    try:
        content = parsed(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise LakeError(file, f"cannot be read: {' '.join(str(error).split())[:80]}", remedy=_AWAY) from None
    try:
        if whole(mapping(content, CERTIFICATE)["layout"], "layout") > LAYOUT:
            raise LakeError(file, f"layout {content['layout']} is newer than this version's", remedy="update keep3r")
        anchor = mapping(content["anchor"], "anchor")
        block_hash(anchor["hash"], "hash")
        whole(anchor["block"], "block")
        whole(content["chain_id"], "chain_id")
        first, last = sequence(content["blocks"], "blocks")
        whole(last, "blocks", whole(first, "blocks"))
        text(content["deployment_sha256"], "deployment_sha256")
        for name, digest in mapping(content["files"], "files").items():
            text(digest, name)
        rests = mapping(content["rests_on"], "rests_on")
        for window in sequence(rests["windows"], "windows"):
            begin, end, ended_by, _ = sequence(window, "a window")
            whole(end, "a window", whole(begin, "a window"))
            block_hash(ended_by, "a window")
        for name, digest in mapping(rests["kept"], "kept").items():
            text(digest, _kept(name))
        for sentence in sequence(content["except"], "except"):
            text(sentence, "except")
    except (KeyError, TypeError, ValueError) as error:
        problem = f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
        raise LakeError(file, f"is no certificate: {problem}", remedy=_AWAY) from None
    return dict(content)


def _kept(name: str) -> str:
    if not _KEPT.fullmatch(name):
        raise ValueError(f"{ascii(name)[:60]} is no kept file")
    return name


def broken_by(lake: Lake, certificate: dict[str, Any]) -> str:
    """Say what of a lake is not what was proved; empty if all is. File contents are the manifest's to answer for."""
    proved, files = certificate["files"], {entry.path: entry.sha256 for entry in lake.manifest.files}
    described = hashlib.sha256((lake.path / "deployment.json").read_bytes()).hexdigest()
    if described != certificate["deployment_sha256"]:
        return "deployment.json is another one than was proved"
    problem = _contrary(lake, certificate)
    if problem:
        return problem
    for path in sorted({*proved, *files}):
        if path not in proved:
            return f"{path} was not there when the lake was proved"
        if path not in files:
            return f"{path} is no longer there"
        if files[path] != proved[path]:
            return f"{path} is another one than was proved"
    return _kept_otherwise(lake.path, certificate["rests_on"]["kept"])


def manifest_claims(manifest: Manifest) -> dict[str, Any]:
    """What a manifest says of the chain beside its files: hashes of blocks."""
    coverage = manifest.coverage
    return {
        "last_block_hash": "" if coverage is None else coverage.last_block_hash,
        "anchors": [list(each) for each in manifest.extraction.get("anchors", [])],
        "genesis": manifest.extraction.get("genesis", ""),
    }


def _contrary(lake: Lake, certificate: dict[str, Any]) -> str:
    """What of a certificate cannot be of this lake, or of its own anchor."""
    coverage, (first, last) = lake.manifest.coverage, certificate["blocks"]
    if certificate["chain_id"] != lake.deployment.chain_id:
        return f"it is of chain {certificate['chain_id']}"
    if coverage is None or first != coverage.from_block or last > coverage.to_block:
        return f"it is of blocks {first} to {last}, which the lake does not cover"
    if "manifest" not in certificate:
        return "it does not say which hashes of blocks the manifest named"
    if certificate["manifest"] != manifest_claims(lake.manifest):
        return "the manifest names other hashes of blocks than were proved"
    anchor, begin, ended_by = certificate["anchor"], first, ""
    for window_first, window_last, window_hash, _ in certificate["rests_on"]["windows"]:
        if window_first != begin:
            return f"no window holds block {begin}"
        begin, ended_by = window_last + 1, window_hash
    if (begin - 1, ended_by) != (anchor["block"], anchor["hash"]) or last > anchor["block"]:
        return "its windows do not lead to its anchor"
    return ""


def _kept_otherwise(lake: Path, kept: dict[str, str]) -> str:
    """What of the evidence that a certificate rests on is not as it was."""
    for name, digest in sorted(kept.items()):
        if not (lake / name).is_file():
            return f"{name}, on which it rests, is no longer there"
        with (lake / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                return f"{name}, on which it rests, is another one"
    return ""


def inputs_of(lake: Lake) -> dict[str, Any] | None:
    """What a replay says of how its inputs were proved: `anchor`, `anchor_block`, `blocks`, `except`, `broken`.

    None for a lake without a certificate.

    Raises:
        LakeError: what is there is no certificate.
    """
    certificate = read_certificate(lake.path)
    if certificate is None:
        return None
    return {
        "anchor": certificate["anchor"]["hash"],
        "anchor_block": certificate["anchor"]["block"],
        "blocks": certificate["blocks"],
        "except": certificate["except"],
        "broken": broken_by(lake, certificate),
        "certificate_sha256": hashlib.sha256((lake.path / CERTIFICATE).read_bytes()).hexdigest(),
    }
