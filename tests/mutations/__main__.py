"""Print what the audit makes of single changes: `python -m tests.mutations RECORDING... seed=1 per_kind=2`.

Each change is audited with the readings of the blocks after it, and again without any. Further options: `kinds=TEXT`
takes the kinds whose names hold a text, `once=true` each kind in one of the recordings only, by chance. `skip=M most=N`
takes the changes from the M-th on up to the N-th, in an order of chance; `log=PATH` appends two lines a change, and
without a recording prints the tables of all that a log tells: so a long run can be made in parts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits import audit
from histories import History
from lakes import imported

from keep3r_replay.lake.reader import Lake
from mutations.kinds import mutations
from mutations.reasons import reason
from mutations.table import tables
from mutations.trial import trial
from mutations.tried import WITH, WITHOUT, Tried, append, read, tried
from mutations.verdicts import LATE, MISSED

if TYPE_CHECKING:
    from mutations.kinds import Mutation


def main(arguments: list[str]) -> int:
    """Make the changes and print the tables; 1 if a change was missed or late and nothing says why it must be."""
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    recordings = [Path(argument) for argument in arguments if "=" not in argument]
    log = Path(options["log"]) if "log" in options else None
    lines: list[Tried] = [] if recordings or log is None else list(read(log))
    for each in _chosen(recordings, options):
        with tempfile.TemporaryDirectory() as folder:
            outcomes = trial(each.history, each.mutation, Path(folder) / "trial")
        both = [tried(each.recording, *outcome) for outcome in zip((WITH, WITHOUT), outcomes, strict=True)]
        lines += both
        if log is not None:
            append(log, both)
    print("\n".join(tables(lines)))
    return int(any(line.verdict in {LATE, MISSED} and not reason(line.kind) for line in lines))


class _Chosen(NamedTuple):
    """A change, and what it is made to."""

    recording: str
    history: History
    mutation: Mutation


def _chosen(recordings: list[Path], options: dict[str, str]) -> list[_Chosen]:
    """The changes to be made, in an order that only the seed decides."""
    random = Random(options.get("seed", "1"))
    chosen: list[_Chosen] = []
    for recording in recordings:
        history, clean = History(recording), audit(Lake.open(imported(recording)))
        chosen += (
            _Chosen(recording.name, history, mutation)
            for mutation in mutations(history, clean, random, int(options.get("per_kind", "1")))
            if options.get("kinds", "") in mutation.kind
        )
    random.shuffle(chosen)
    if options.get("once") == "true":
        chosen = list({each.mutation.kind: each for each in chosen}.values())
    return chosen[int(options.get("skip", "0")) : int(options.get("most", len(chosen)))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
