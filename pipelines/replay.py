"""`keep3r replay`: re-execute a lake through the model, compare, and write the results."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.config import load_config, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = "Re-execute a lake through the model; compare every event and every reading; class every work."
SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample" / "lake"
FINDINGS = 3


class Mode(Enum):
    """What to do at a disagreement."""

    audit = "audit"
    strict = "strict"


@dataclass(frozen=True)
class ReplayConfig:
    """Settings of `keep3r replay`."""

    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    results: str = setting(
        "folder of the results: absent, empty, or former results, which are replaced", default="results"
    )
    mode: Mode = setting("audit: note disagreements and go on; strict: stop at the first", default=Mode.audit)
    until_block: int | None = setting("last block to replay", default=None)
    ledger: bool = setting("also write the credit ledger, expiry and keepers' accounts", default=False)


def main(argv: list[str]) -> int:
    """Replay one lake; return 0 if it is clean, 3 if there are findings."""
    return replay(load_config("replay", ReplayConfig, argv, summary=SUMMARY))


def replay(config: ReplayConfig) -> int:
    """Replay as configured, write the results, print the summary; return the exit code."""
    from keep3r_replay.audit.results import check_target, write_results
    from keep3r_replay.audit.run import audit, strict_audit
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.report.terminal import summary_lines

    results = Path(config.results)
    check_target(results)
    lake = Lake.open(config.lake or SAMPLE)
    lake.check_content()
    run = strict_audit if config.mode is Mode.strict else audit
    with _no_collections():
        audited = run(lake, config.until_block, ledger=config.ledger)
    configuration = {"mode": config.mode.value, "until_block": config.until_block, "ledger": config.ledger}
    write_results(audited, results, configuration)
    print("\n".join(summary_lines(audited.summary, audited.findings)))
    print(f"results   {results}")
    return FINDINGS if audited.findings else 0


@contextmanager
def _no_collections() -> Iterator[None]:
    """Leave the cyclic garbage collector out: a replay keeps what it makes, and walking through it costs a tenth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
