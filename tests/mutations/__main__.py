"""Print what the audit makes of single changes: `python -m tests.mutations RECORDING... seed=1 per_kind=2`.

Further options: `readings=false` leaves the readings out; `kinds=TEXT` takes the kinds whose names hold a text;
`log=PATH` writes one line a change.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits import audit
from histories import History
from lakes import imported

from keep3r_replay.lake.reader import Lake
from mutations.kinds import mutations
from mutations.table import table
from mutations.trial import Outcome, trial


def main(arguments: list[str]) -> int:
    """Make the changes and print the table; 0 if nothing was missed without a reason."""
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    recordings = [Path(argument) for argument in arguments if "=" not in argument]
    log = Path(options["log"]) if "log" in options else None
    outcomes: list[Outcome] = []
    for recording in recordings:
        history, clean = History(recording), audit(Lake.open(imported(recording)))
        random = Random(f"{options.get('seed', '1')} {recording.name}")
        chosen = [
            mutation
            for mutation in mutations(history, clean, random, int(options.get("per_kind", "1")))
            if options.get("kinds", "") in mutation.kind
        ]
        for mutation in chosen:
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                outcome = trial(history, mutation, Path(folder) / "trial", readings=options.get("readings") != "false")
            outcomes.append(outcome)
            if log is not None:
                with log.open("a") as lines:
                    lines.write(f"{recording.name}\t{_told(outcome)}\t{time.monotonic() - started:.1f} s\n")
    print("\n".join(table(outcomes)))
    return 0


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
