"""`keep3r import`: a recorded history into a lake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keep3r_replay.counts import counted

from .config import load_config, setting
from .foreign import say_foreign

SUMMARY = "Turn a recorded history (meta.json and four .jsonl.gz) into a lake; every record is checked on the way."


@dataclass(frozen=True)
class ImportConfig:
    """Settings of `keep3r import`."""

    recording: str = setting("folder of the recording")
    lake: str = setting("folder of the lake: absent, empty, or a former import, which is replaced")


def main(argv: list[str]) -> int:
    """Import one recording; return the exit code."""
    config = load_config("import", ImportConfig, argv, summary=SUMMARY)
    from keep3r_replay.protocols.registry import protocol_recorded
    from keep3r_replay.recording.importer import import_recording

    done = import_recording(Path(config.recording), Path(config.lake), protocol_recorded)
    logs = f"{counted(done.logs, 'log')} of {counted(done.event_types, 'event type')}"
    rest = f"{counted(done.transactions, 'transaction')}, {counted(done.readings, 'reading')}"
    print(f"imported {done.name} ({done.of}): blocks {done.from_block} to {done.to_block}, {logs}, {rest}")
    print(f"lake: {config.lake}")
    say_foreign(Path(config.lake))
    return 0
