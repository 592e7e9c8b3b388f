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


LONG = (
    "tests/soak",
    "tests/mutations",
    "tests/pipelines/test_every_subcommand.py",
    "tests/keep3r_v2/test_plain_works.py",
    "tests/structure/test_imports.py",
    "tests/warehouse/test_update.py",
    "tests/pipelines",
)
"""Files and folders of few tests that take long: one that begins last leaves the other workers idle."""


class ByRecording(LoadScopeScheduling):
    """Shares groups out: those of long tests first, then those with the most tests."""

    def schedule(self) -> None:
        """Begin with the groups of most tests, and let the long ones follow at once."""
        super().schedule()
        for start in reversed(LONG):
            for group in [each for each in self.workqueue if each.startswith(start)]:
                self.workqueue.move_to_end(group, last=False)

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
