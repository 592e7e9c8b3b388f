"""How tests are shared out among workers: those of one recording to one worker, the rest file by file.

What a test is of is told by its id alone: workers collect, the process that shares out does not. The marks of
pytest-xdist itself (`xdist_group`) are put into ids that pytest 9.2 no longer takes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from histories import DATA, recordings_beside
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN = "open-"


def group_of(nodeid: str) -> str:
    """The group of a test: the recording in its parameters, the local chains, or else its file."""
    file, _, rest = nodeid.partition("::")
    named = _names().search(rest.partition("[")[2])
    if named:
        return named.group()
    # Local chains want a core each: their tests take turns.
    return "tests/node" if file.startswith("tests/node/") else file


class ByRecording(LoadScopeScheduling):
    """Shares groups out, those with the most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@cache
def _names() -> re.Pattern[str]:
    """Finds the name of a recording among parameters; the longer of two that begin alike."""
    names = sorted({"sample", *_recorded()}, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, names))})(?![\w.])")


def _recorded() -> Iterator[str]:
    for folder in (DATA, recordings_beside()):
        for meta in folder.glob("*/meta.json"):
            yield meta.parent.name.removeprefix(_OPEN)
