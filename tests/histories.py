"""Recordings for the tests: where they are, and changed copies of them."""

from __future__ import annotations

import gzip
import json
import os
import re
from functools import cache, cached_property
from pathlib import Path

from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
SAMPLE = ROOT / "data" / "sample"

ONE_A_VERSION = frozenset(
    {
        "open-v2.0-fuzz-gov-102",
        "open-v2.1-fuzz-dense-104",
        "open-v2.2-fuzz-mixed-101",
        "open-v2.3-fuzz-mixed-101",
        "open-v2.3s-fuzz-mixed-101",
        "open-kuma-clean-1",
        "open-kuma11-clean-1",
        "open-v1-gov-305",
    }
)
"""The recordings that `./test fast` replays, one a version of each protocol, by the name they were made under."""

_BLOCK = re.compile(rb'"block":\s*(\d+)')


def bundled() -> list[Path]:
    """The recordings in the repository whose version has a model."""
    return [SAMPLE / "recording", *_modelled(DATA)]


def one_a_version() -> list[Path]:
    """The recordings in the repository, one of each version that has a model."""
    return [path for path in bundled() if not repeats(path)]


def beside() -> list[Path]:
    """The other recordings in the folder KEEP3R_RECORDINGS, or else in ../shared/recordings, whose version has a model.

    What the repository holds is left out, so that `bundled` and `beside` name each recording once.
    """
    folder = recordings_beside()
    known = {recorded_as(path) for path in bundled()}
    return [path for path in _modelled(folder) if path.name not in known] if folder.is_dir() else []


def recordings_beside() -> Path:
    """The folder of all recordings; it need not be there."""
    return Path(os.environ.get("KEEP3R_RECORDINGS") or ROOT.parent / "shared" / "recordings")


def recorded_as(recording: Path) -> str:
    """The name that a recording was made under."""
    return str(_meta(recording)["name"])


def is_recording(value: object) -> bool:
    """Whether a value is the path of a recording."""
    return isinstance(value, Path) and (value / "meta.json").is_file()


def repeats(recording: Path) -> bool:
    """Whether `./test fast` has another recording of this version."""
    return recorded_as(recording) not in ONE_A_VERSION


@cache
def _meta(recording: Path) -> dict[str, object]:
    meta: dict[str, object] = json.loads((recording / "meta.json").read_bytes())
    return meta


def _modelled(folder: Path) -> list[Path]:
    found = (path.parent for path in sorted(folder.glob("*/meta.json")))
    return [path for path in found if _meta(path)["version"] in RULES]


def name_of(recording: Path) -> str:
    """A recording's name for a test's id."""
    return "sample" if recording.parent == SAMPLE else recording.name.removeprefix("open-")


class History:
    """A recording as records that a test may change (`logs`, `blocks`, `transactions`) and write elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = _lines(folder / "logs.jsonl.gz")
        self.blocks = _lines(folder / "blocks.jsonl.gz")
        self.transactions = _lines(folder / "txs.jsonl.gz")
        self._parsed: dict[int, object] = {}
        self.readings = range(2**32)
        """Blocks whose readings `write` keeps."""

    def copy(self) -> History:
        """The same history again, with records of its own."""
        twin = object.__new__(History)
        twin.folder, twin.readings, twin._parsed = self.folder, self.readings, self._parsed
        twin.__dict__["views"] = self.views
        twin.logs = [{**log, "topics": [*log["topics"]]} for log in self.logs]
        twin.blocks, twin.transactions = ([dict(each) for each in part] for part in (self.blocks, self.transactions))
        return twin

    @cached_property
    def views(self) -> list[tuple[int, bytes]]:
        """The lines of readings, each with its block."""
        lines = gzip.decompress((self.folder / "views.jsonl.gz").read_bytes()).splitlines()
        return [(int(_BLOCK.search(line).group(1)), line) for line in lines]

    def reading(self, block: int, *path: str) -> object:
        """What the readings after `block` hold under `path` (section, subject, ...); None if nothing."""
        part: object = self._read(block)
        for key in path:
            part = next((part[name] for name in part if name.lower() == key.lower()), None) if part else None
        return part

    def _read(self, block: int) -> object:
        if block not in self._parsed:
            self._parsed[block] = next((json.loads(line) for number, line in self.views if number == block), None)
        return self._parsed[block]

    def reading_after(self, block: int, *path: str) -> int | None:
        """The first block from `block` on whose readings hold `path`."""
        later = (number for number, _ in self.views if number >= block)
        return next((number for number in later if self.reading(number, *path) is not None), None)

    def log(self, block: int, index: int) -> dict:
        """The log at a place."""
        return self._by_place[block, index]

    @cached_property
    def _by_place(self) -> dict[tuple[int, int], dict]:
        return {place(log): log for log in self.logs}

    def write(self, folder: Path) -> Path:
        """Write the history as a recording whose `meta.json` tells of as many lines as there are."""
        folder.mkdir(parents=True, exist_ok=True)
        meta = json.loads((self.folder / "meta.json").read_bytes())
        for name, records in (("logs", self.logs), ("blocks", self.blocks), ("txs", self.transactions)):
            if name in meta.get("counts", {}):
                meta["counts"][name] = len(records)
        (folder / "meta.json").write_text(json.dumps(meta))
        for name, records in (("logs", self.logs), ("blocks", self.blocks), ("txs", self.transactions)):
            text = "".join(json.dumps(record) + "\n" for record in records)
            (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), 1))
        kept = b"".join(line + b"\n" for block, line in self.views if block in self.readings)
        (folder / "views.jsonl.gz").write_bytes(gzip.compress(kept, 1))
        return folder


def place(log: dict) -> tuple[int, int]:
    """Block and index of a log."""
    return int(log["blockNumber"], 16), int(log["logIndex"], 16)


def word(log: dict, position: int) -> int:
    """A word of a log's data."""
    return int(log["data"][2 + 64 * position : 2 + 64 * (position + 1)], 16)


def set_word(log: dict, position: int, value: int) -> None:
    """Change a word of a log's data."""
    start = 2 + 64 * position
    log["data"] = log["data"][:start] + f"{value:064x}" + log["data"][start + 64 :]


def swap_contents(first: dict, second: dict) -> None:
    """Let two logs change places: what they say moves, where they stand stays."""
    for key in ("address", "topics", "data"):
        first[key], second[key] = second[key], first[key]


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
