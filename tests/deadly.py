"""Changes of a scenario that end the process which reads them: in a module of its own, for workers import it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Deadly(dict):
    """An overlay's changes; a process other than the test's dies of them, the first `deaths` times."""

    def __init__(self, changes: dict[str, object], log: Path, deaths: int = 1 << 16) -> None:
        super().__init__(changes)
        self.log, self.deaths, self.parent = log, deaths, os.getpid()

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (dict(self.items()), self.log, self.deaths, self.parent)

    def __iter__(self) -> Iterator[str]:
        if os.getpid() != self.parent:
            done = self.log.read_text() if self.log.exists() else ""
            if len(done) < self.deaths:
                self.log.write_text(done + "x")
                os._exit(9)
        return super().__iter__()


def _again(changes: dict[str, object], log: Path, deaths: int, parent: int) -> Deadly:
    twin = Deadly(changes, log, deaths)
    twin.parent = parent
    return twin
