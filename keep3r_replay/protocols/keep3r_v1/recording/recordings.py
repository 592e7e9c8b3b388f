"""Recorded histories of Keep3r V1 as the importer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keep3r_replay.chain.logs import take
from keep3r_replay.protocols.keep3r_v1.recording.meta import read_meta, recorded_deployment
from keep3r_replay.protocols.keep3r_v1.recording.readings import ReadingRows
from keep3r_replay.uniswap_v2.events import FACTORY_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from keep3r_replay.chain.logs import LogBatch
    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.lake.schemas import Reading
    from keep3r_replay.protocols.keep3r_v1.recording.meta import Meta


_META = Path("meta.json")


class Keep3rV1Recordings:
    """See `replay.rooms.Recordings`."""

    def deployment(self, path: Path, meta: Mapping[str, Any], logs: LogBatch) -> Deployment:
        """What the recording is of. Raises `InputError`."""
        content = read_meta(path, meta)
        return recorded_deployment(path, content, _created_pairs(content, logs))

    def readings(self, meta: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Iterable[Sequence[Reading]]]:
        """What turns a line of `views.jsonl.gz` into rows of `readings`."""
        of = ReadingRows(read_meta(_META, meta))
        return lambda line: [list(of.rows(line))]


def _created_pairs(meta: Meta, logs: LogBatch) -> dict[str, tuple[str, str]]:
    """Read pairs and their tokens from the factory's logs; a malformed one is left for decoding."""
    factory = np.frombuffer(bytes.fromhex(meta.factory[2:]), np.uint8)
    topic0 = np.frombuffer(FACTORY_EVENTS[0].topic0, np.uint8)
    mine = (logs.address == factory).all(axis=1) & (logs.topics[:, 0] == topic0).all(axis=1)
    found = take(logs, mine & (np.diff(logs.data_ends) == 64) & (logs.topic_count == 3))
    pairs = found.data.reshape(len(found), 2, 32)[:, 0, 12:]
    token0, token1 = found.topics[:, 1, 12:], found.topics[:, 2, 12:]
    return {
        f"0x{pair.tobytes().hex()}": (f"0x{first.tobytes().hex()}", f"0x{second.tobytes().hex()}")
        for pair, first, second in zip(pairs, token0, token1, strict=True)
    }
