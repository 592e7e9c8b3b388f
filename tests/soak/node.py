"""The synthetic chain behind a node with faults, and extractions from it: plain, and killed at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

from chain.small_node import SmallNode, results
from soak.faults import BREAKAGES, LIES
from soak.synthetic import CHAIN_ID, POOL, Chain

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.dataset.extraction import Extraction, Outcome
from keep3r_replay.dataset.lock import only_one_run
from keep3r_replay.dataset.spec import ExtractionSpec, Request
from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path


class FaultyNode(SmallNode):
    """Serves a chain; a share of its answers has one of the faults that are `on`. `served` counts them by name."""

    def __init__(self, chain: Chain, seed: int) -> None:
        super().__init__(self._reply)
        self.chain = chain
        self.on: Sequence[str] = ()
        self.share = 0.0
        self.left = 1 << 60
        self.served: dict[str, int] = {}
        self._choose = random.Random(seed)

    def _reply(self, asked: Any, handler: BaseHTTPRequestHandler) -> Any:
        self.requests.clear()
        fault = self._choose.choice(self.on) if self.on and self.left > 0 and self._choose.random() < self.share else ""
        if fault in BREAKAGES:
            content = json.dumps(results(asked, lambda call: {"result": self.chain.answer(call)})).encode()
            self._count(fault)
            BREAKAGES[fault](handler, content)
            return None
        if fault in LIES:
            return results(asked, lambda call: self._lie(fault, call))
        return results(asked, lambda call: {"result": self.chain.answer(call)})

    def _lie(self, fault: str, call: dict[str, Any]) -> Any:
        true = {"result": self.chain.answer(call)}
        said = LIES[fault](call, true)
        if said != true:
            self._count(fault)
        return said

    def _count(self, fault: str) -> None:
        self.served[fault] = self.served.get(fault, 0) + 1
        self.left -= 1


def extract(lake: Path, url: str, *, partition: int = 1_000, attempts: int = 12, **request: Any) -> Outcome:
    """Extract the pool's history once; errors are raised as the command would tell them."""
    spec = ExtractionSpec("soak", "keep3r_v2", CHAIN_ID, 0, partition, settings={"pools": [POOL]})
    client = NodeClient([url], timeout=0.5, attempts=attempts)
    asked = Request(**({"confirmations": 0} | request))
    with only_one_run(lake, create=True):
        return Extraction(lake, spec, PROTOCOL, client, asked, lambda _: None, lambda *_: None).run()


def extract_and_kill(lake: Path, url: str, seconds: float, **request: Any) -> bool:
    """Begin an extraction in a process of its own and kill it after some time; return whether it still ran."""
    child = os.fork()
    if child == 0:
        try:
            extract(lake, url, **request)
        except Keep3rReplayError:
            pass
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def content(lake: Path) -> dict[str, bytes]:
    """Return every file of a lake but the lock."""
    files = (path for path in sorted(lake.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in files}
