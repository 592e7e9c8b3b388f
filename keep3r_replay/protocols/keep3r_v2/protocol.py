"""Keep3r V2 as the pipelines and the public face see it: its audits, and what else it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.auditing import Keep3rV2Audits
from keep3r_replay.protocols.keep3r_v2.rooms import (
    Keep3rV2Pages,
    Keep3rV2Scenarios,
    Keep3rV2WhatIfs,
    explained,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.questions import Question
    from keep3r_replay.replay.rooms import Explanation
    from keep3r_replay.replay.statements import StatementKind


class _Keep3rV2(Keep3rV2Audits):
    """See `replay.protocol.Protocol`."""

    what_ifs = Keep3rV2WhatIfs()
    scenarios = Keep3rV2Scenarios()
    pages = Keep3rV2Pages()

    @property
    def questions(self) -> Mapping[str, Question]:
        """Of jobs and keepers; loaded where they are asked for."""
        from keep3r_replay.protocols.keep3r_v2.what_if.asking import QUESTIONS

        return QUESTIONS

    @property
    def statements(self) -> Mapping[str, StatementKind]:
        """Cards of jobs, keepers' months, and who was paid above the formula; loaded where they are asked for."""
        from keep3r_replay.protocols.keep3r_v2.statements.room import STATEMENTS

        return STATEMENTS

    def explain(self, lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
        """Works and rewards, term by term."""
        return explained(lake, root, place)


PROTOCOL: Protocol = _Keep3rV2()
"""Keep3r V2."""
