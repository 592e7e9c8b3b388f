"""Which code made a result."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_MAPPED = ("pipelines", "conf", "data")
"""Folders that stand beside the package in a checkout and within it in a wheel: what they hold decides no result."""


@cache
def code_hash() -> str:
    """SHA-256 over the package's Python files: the same in a checkout as in what is installed."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in _MAPPED:
            continue
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
