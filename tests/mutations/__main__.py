"""Print what the audit makes of single changes: `python -m tests.mutations RECORDING... seed=1 per_kind=2`.

Each change is audited with the readings of the blocks after it, and again without any. Further options: `kinds=TEXT`
takes the kinds whose names hold a text; `most=N` takes N of a recording's changes by chance, and `skip=M` leaves out
the first M of these, which an earlier part of the same run has tried; `log=PATH` appends two lines a change.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits import audit
from histories import History
from lakes import imported

from keep3r_replay.lake.reader import Lake
from mutations.kinds import mutations
from mutations.reasons import reason
from mutations.table import table
from mutations.trial import LATE, MISSED, Outcome, trial


def main(arguments: list[str]) -> int:
    """Make the changes and print both tables; 1 if a change was missed or late and nothing says why it must be."""
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    log = Path(options["log"]) if "log" in options else None
    tried: list[tuple[Outcome, Outcome]] = []
    for recording in (Path(argument) for argument in arguments if "=" not in argument):
        history, clean = History(recording), audit(Lake.open(imported(recording)))
        random = Random(f"{options.get('seed', '1')} {recording.name}")
        chosen = [
            mutation
            for mutation in mutations(history, clean, random, int(options.get("per_kind", "1")))
            if options.get("kinds", "") in mutation.kind
        ]
        taken = random.sample(chosen, min(len(chosen), int(options.get("most", len(chosen)))))
        for mutation in taken[int(options.get("skip", "0")) :]:
            with tempfile.TemporaryDirectory() as folder:
                tried.append(trial(history, mutation, Path(folder) / "trial"))
            if log is not None:
                with log.open("a") as lines:
                    lines.writelines(f"{recording.name}\t{_told(outcome)}\n" for outcome in tried[-1])
    unexplained = 0
    for title, outcomes in zip(("With the readings", "Without readings"), zip(*tried, strict=True), strict=False):
        print(f"## {title}\n")
        print("\n".join(table(list(outcomes))), end="\n\n")
        unexplained += sum(one.verdict in {LATE, MISSED} and not reason(one.mutation.kind) for one in outcomes)
    return 1 if unexplained else 0


def _told(outcome: Outcome) -> str:
    mutation, first = outcome.mutation, outcome.first
    where = f"block {mutation.block} log {mutation.log_index}"
    finding = (
        outcome.remark
        if first is None
        else f"{first.kind} block {first.block_number} log {first.log_index} {first.field}: {first.reason}"
    )
    return f"{mutation.kind}\t{where}\t{outcome.verdict}\t{outcome.roots}\t{outcome.accused}\t{finding}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
