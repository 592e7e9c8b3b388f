"""Recorded histories of Keep3r V2 as an import asks for them. See `replay.rooms.Recordings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keep3r_replay.chain.logs import LogBatch, take
from keep3r_replay.protocols.keep3r_v2.events import PAIR_MANAGER_FACTORY_EVENTS
from keep3r_replay.protocols.keep3r_v2.recording.meta import checked_meta, recorded_deployment
from keep3r_replay.protocols.keep3r_v2.recording.readings import ReadingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.lake.schemas import Reading


class Keep3rV2Recordings:
    """What a recording's `meta.json` and the lines of its `views.jsonl.gz` mean."""

    def deployment(self, path: Path, meta: Mapping[str, Any], logs: LogBatch) -> Deployment:
        """The contracts that `meta.json` names, and the pair managers that the factory's logs tell of."""
        checked = checked_meta(path, meta)
        return recorded_deployment(path, checked, _created_pairs(checked.pairManagerFactory, logs))

    def readings(self, meta: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Iterable[Sequence[Reading]]]:
        """What turns a line into rows."""
        second = meta.get("helper2")
        of = ReadingRows(meta["keep3r"].lower(), meta["helper"].lower(), second.lower() if second else None)
        return lambda line: [list(of.rows(line))]


def _created_pairs(factory: str, logs: LogBatch) -> dict[str, str]:
    """Pair managers and their pools from the factory's logs; a malformed one is left for decoding."""
    created = next(event for event in PAIR_MANAGER_FACTORY_EVENTS if event.name == "PairCreated")
    address = np.frombuffer(bytes.fromhex(factory[2:]), np.uint8)
    topic0 = np.frombuffer(created.topic0, np.uint8)
    mine = (logs.address == address).all(axis=1) & (logs.topics[:, 0] == topic0).all(axis=1)
    found = take(logs, mine & (np.diff(logs.data_ends) == 64))
    words = found.data.reshape(len(found), 2, 32)[:, :, 12:]
    return {f"0x{manager.tobytes().hex()}": f"0x{pool.tobytes().hex()}" for pool, manager in words}
