"""Recordings of KUMA for the tests, and what is known of them beside the product."""

from __future__ import annotations

import gzip
import json
import os
from functools import lru_cache
from pathlib import Path

from histories import DATA, ROOT
from lakes import imported

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.protocol import PROTOCOL
from keep3r_replay.replay import audit as engine

FAILED = 0


def recordings() -> list[Path]:
    """Recordings of KUMA in the repository, and those beside it (KEEP3R_RECORDINGS or ../shared/recordings)."""
    beside = Path(os.environ.get("KEEP3R_RECORDINGS") or ROOT.parent / "shared" / "recordings")
    found = {path.parent.name: path.parent for folder in (beside, DATA) for path in folder.glob("*/meta.json")}
    return [path for _, path in sorted(found.items()) if meta(path).get("protocol") == "KUMA"]


def meta(recording: Path) -> dict:
    """A recording's `meta.json`."""
    return json.loads((recording / "meta.json").read_bytes())


def lines(recording: Path, name: str) -> list[dict]:
    """The records of one of a recording's files."""
    return [json.loads(line) for line in gzip.decompress((recording / f"{name}.jsonl.gz").read_bytes()).splitlines()]


def truth(recording: Path) -> dict:
    """Late expiries as rerunning the contracts measured them: for judging only."""
    return json.loads((recording / "late_expiry_truth.json").read_bytes())


@lru_cache(maxsize=2)
def audited(recording: Path):
    """The audit of a recording, with its ledger; made once as long as its tests run together."""
    return engine.audit(Lake.open(imported(recording)), PROTOCOL, ledger=True)
