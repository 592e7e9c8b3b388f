"""Recordings of Keep3r V1, their audits, and what only a judge may read of them."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from histories import DATA, ROOT, History
from lakes import imported

from keep3r_replay.journal import Journal
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v1.replay.build import replay_of
from keep3r_replay.replay.audit import audit
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.roots import roots

BUNDLED = DATA / "open-v1-gov-305"
KP3R = "0x1ceb5cb57c4d4e2b2433641b95dd330a33185a44"


def recordings() -> list[Path]:
    """The recording in the repository, and those beside it or in KEEP3R_RECORDINGS."""
    folder = Path(os.environ.get("KEEP3R_RECORDINGS") or ROOT.parent / "shared" / "recordings")
    others = [path.parent for path in sorted(folder.glob("*/meta.json"))] if folder.is_dir() else []
    return [BUNDLED, *(path for path in others if is_v1(path) and path.name != BUNDLED.name)]


def is_v1(folder: Path) -> bool:
    """Whether a recording is of Keep3r V1."""
    return json.loads((folder / "meta.json").read_bytes()).get("protocol") == "Keep3r V1"


class Call(NamedTuple):
    """A payment in a call trace: function, gas that its first limit was asked for (None: none), its validation."""

    function: str
    gas: int | None
    limit: int | None
    validated: bool


class Recorded:
    """A recording, its lake, its audit, and the judge's truth."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = Lake.open(imported(folder))
        self.audit = audit(self.lake, PROTOCOL)
        self.works = self.audit.tables["works"]

    @cached_property
    def meta(self) -> dict:
        """All of `meta.json`."""
        return json.loads((self.folder / "meta.json").read_bytes())

    @cached_property
    def transactions(self) -> list[dict]:
        """All of `txs.jsonl.gz`, reasons of failures included."""
        return _lines(self.folder / "txs.jsonl.gz")

    @cached_property
    def traces(self) -> dict[tuple[int, int], list[Call]]:
        """Payments by transaction, as the call traces show them."""
        found = {}
        for line in _lines(self.folder / "works.jsonl.gz"):
            if line["status"] == "0x1":
                found[line["block"], line["txIndex"]] = _payments(line["calls"])
        return found

    def helper_at(self, block: int, transaction: int) -> str:
        """The helper that was truly in force."""
        timeline = self.meta["helperTimeline"]
        earlier = [each for each in timeline if (each["block"], each["txIndex"]) <= (block, transaction)]
        return earlier[-1]["helper"].lower()


def _payments(calls: list[dict]) -> list[Call]:
    payments, validated = [], False
    for call in calls:
        if call["fn"].startswith("is"):
            validated = True
        elif call["fn"] in {"worked", "workReceipt", "receipt", "receiptETH"} and not call["error"]:
            payments.append(Call(call["fn"], None, None, validated))
        elif call["fn"] == "getQuoteLimit" and payments and payments[-1].gas is None and call["limit"] is not None:
            payments[-1] = payments[-1]._replace(gas=int(call["gasMeasured"]), limit=int(call["limit"]))
    return payments


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@cache
def recorded(folder: Path) -> Recorded:
    """A recording with its audit, made once."""
    return Recorded(folder)


def replayed(lake: Lake, *, inputs: bool = True):
    """The replay of a lake's Keep3r V1 from beginning to end, without readings, and its journal."""
    journal = Journal()
    replay = replay_of(lake.deployment, roots(lake, PROTOCOL)[0], "deployment.json", journal, inputs=inputs)
    run(lake, replay)
    return replay, journal


def audited_copy(history: History, folder: Path):
    """The audit of a changed copy of a recording."""
    from keep3r_replay.protocols.registry import protocol_recorded
    from keep3r_replay.recording.importer import import_recording

    import_recording(history.write(folder / "recording"), folder / "lake", protocol_recorded)
    return audit(Lake.open(folder / "lake"), PROTOCOL)
