"""`keep3r update`: extract, replay on, refresh the warehouse, run audits, write the report. One job, one exit code.

Every stage finds out by content what is left to do, so that a run takes up what a crash left, between stages as well.
"""

from __future__ import annotations

from pathlib import Path

from keep3r_replay.errors import Keep3rReplayError, NodeError

from .config import load_config
from .update_config import SUMMARY, UpdateConfig
from .update_log import Teller, Told
from .update_stages import audit_stage, extract_stage, replay_stage, report_stage, warehouse_stage

FINDINGS = 3


def main(argv: list[str]) -> int:
    """Run every stage; return the exit code."""
    return update(load_config("update", UpdateConfig, argv, summary=SUMMARY))


def update(config: UpdateConfig) -> int:
    """Run every stage that is configured, and tell the result; return the exit code.

    Where the node refuses or stays away, the other stages go on with the lake as it is, and the exit code is 1.

    Raises:
        Keep3rReplayError: a stage failed; the result is told before.
    """
    teller = Teller(config.log)
    state = _State()
    try:
        from keep3r_replay.replay.alone import only_run_on

        with only_run_on(Path(config.results)):
            return _stages(config, teller, state)
    except Keep3rReplayError as error:
        teller.result("failed", error.exit_code, state.block, state.counts, str(error))
        raise
    except (OSError, MemoryError, KeyboardInterrupt) as error:
        teller.result(
            "failed", 130 if isinstance(error, KeyboardInterrupt) else 1, state.block, state.counts, str(error)
        )
        raise


class _State:
    """How far a run has come."""

    def __init__(self) -> None:
        self.block: int | None = None
        self.counts: dict[str, int] = {}

    def after(self, teller: Teller, name: str, told: Told) -> None:
        """Take note of a stage, and tell of it."""
        teller.stage(name, told)
        self.block = told.block if told.block is not None else self.block
        self.counts |= told.counts


def _stages(config: UpdateConfig, teller: Teller, state: _State) -> int:
    unreached: NodeError | None = None
    try:
        state.after(teller, "extract", extract_stage(config, teller))
    except NodeError as error:
        if not (Path(config.lake) / "manifest.json").is_file():
            raise
        unreached = error
        state.after(teller, "extract", Told(None, {}, f"not reached: {error}"))
    clean, told = replay_stage(config)
    state.after(teller, "replay", told)
    code = 0 if clean else FINDINGS
    if config.database is not None:
        schemas, told = warehouse_stage(config)
        state.after(teller, "warehouse", told)
        found, told = audit_stage(config, schemas, ask_node=unreached is None)
        state.after(teller, "audit", told)
        code = 1 if 1 in {code, found} else max(code, found)
    if config.report is not None:
        state.after(teller, "report", report_stage(config, config.report))
    if unreached is not None:
        raise unreached
    verdict = {0: "clean", FINDINGS: "findings"}.get(code, "failed")
    teller.result(verdict, code, state.block, state.counts, "an audit could not run" if code == 1 else "")
    return code
