"""`proof.json` of a lake: what was proved from one block hash, and whether it still is the lake that was proved."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import LakeError
from keep3r_replay.lake.shapes import mapping, sequence, text, whole

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

CERTIFICATE = "proof.json"
"""Lies beside the manifest, which does not name it: it is about the lake, not of it."""

LAYOUT = 1
_ANEW = "run keep3r prove again"


def read_certificate(lake: Path) -> dict[str, Any] | None:
    """The content of a lake's certificate; None if it has none.

    Raises:
        LakeError: what is there is no certificate, or one of a newer version.
    """
    file = lake / CERTIFICATE
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise LakeError(file, f"cannot be read: {' '.join(str(error).split())[:80]}", remedy=_ANEW) from None
    try:
        if whole(mapping(content, CERTIFICATE)["layout"], "layout") > LAYOUT:
            raise LakeError(file, f"layout {content['layout']} is newer than this version's", remedy="update keep3r")
        anchor = mapping(content["anchor"], "anchor")
        text(anchor["hash"], "hash")
        whole(anchor["block"], "block")
        first, last = sequence(content["blocks"], "blocks")
        whole(last, "blocks", whole(first, "blocks"))
        text(content["deployment_sha256"], "deployment_sha256")
        for name, digest in mapping(content["files"], "files").items():
            text(digest, name)
        for sentence in sequence(content["except"], "except"):
            text(sentence, "except")
    except (KeyError, TypeError, ValueError) as error:
        raise LakeError(file, f"is no certificate: {error}", remedy=_ANEW) from None
    return dict(content)


def broken_by(lake: Lake, certificate: dict[str, Any]) -> str:
    """Say what of a lake is not what was proved; empty if all is. File contents are the manifest's to answer for."""
    proved, files = certificate["files"], {entry.path: entry.sha256 for entry in lake.manifest.files}
    described = hashlib.sha256((lake.path / "deployment.json").read_bytes()).hexdigest()
    if described != certificate["deployment_sha256"]:
        return "deployment.json is another one than was proved"
    for path in sorted({*proved, *files}):
        if path not in proved:
            return f"{path} was not there when the lake was proved"
        if path not in files:
            return f"{path} is no longer there"
        if files[path] != proved[path]:
            return f"{path} is another one than was proved"
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
