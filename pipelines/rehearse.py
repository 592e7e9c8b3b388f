"""`keep3r rehearse`: a window of a deployment's history from a node, replayed, on one page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError

from .config import load_config, setting
from .deployment import spec_of
from .told import MEANING, Told, tell

if TYPE_CHECKING:
    from keep3r_replay.answers import AuditResults
    from keep3r_replay.dataset.rehearsal import Window

SUMMARY = (
    "Rehearse a deployment on the node that ETH_RPC_URL names: a window of blocks is fetched and read at both ends, "
    "replayed from the first readings, and held against the second. One page says what holds, and what all would take."
)
FINDINGS = 3


@dataclass(frozen=True)
class RehearseConfig:
    """Settings of `keep3r rehearse`."""

    deployment: dict[str, Any] = setting("which deployment")
    blocks: int = setting("how many blocks the window has", default=20_000)
    lake: str = setting("folder of the window's lake: absent or empty", default="rehearsal")
    to_block: int | None = setting("last block of the window; none: the final head", default=None)
    confirmations: int | None = setting(
        "blocks behind the head that are final; none: the node's own word", default=None
    )
    connections: int = setting("requests under way at once", default=2)
    timeout: float = setting("seconds to wait for an answer", default=60.0)
    attempts: int = setting("how often a question is asked before giving up", default=12)
    format: Told = setting(MEANING, default=Told.text)


def main(argv: list[str]) -> int:
    """Rehearse; return 0 if the window holds, 3 if it has findings."""
    config = load_config("rehearse", RehearseConfig, argv, summary=SUMMARY)
    lake = Path(config.lake)
    _check(config, lake)
    import keep3r_replay
    from keep3r_replay.chain.client import client_from_environment
    from keep3r_replay.dataset.lock import only_one_run
    from keep3r_replay.dataset.rehearsal import Cost, fetch_window
    from keep3r_replay.dataset.spec import Request

    from .extract import differences_shown
    from .progress import Progress

    spec, protocol = spec_of(config.deployment, detail="all")
    client = client_from_environment(connections=config.connections, timeout=config.timeout, attempts=config.attempts)
    request = Request(None, config.to_block, config.confirmations, config.connections)
    progress = Progress()
    with only_one_run(lake, create=True), differences_shown():
        window = fetch_window(lake, spec, protocol, client, request, config.blocks, progress.say, progress.update)
    progress.done()
    began = time.monotonic()
    found = keep3r_replay.replay(keep3r_replay.open_lake(lake), start_block=window.start)
    window.costs.append(Cost("replay", 0, time.monotonic() - began))

    def told() -> int:
        print(page(spec.name, window, found))
        return 0 if found.clean else FINDINGS

    return tell(config.format, told, lambda: values(spec.name, window, found))


def _check(config: RehearseConfig, lake: Path) -> None:
    if config.blocks < 2:
        raise UsageError("blocks must be at least 2: the window is read at both ends")
    for name in ("to_block", "confirmations"):
        value = getattr(config, name)
        if value is not None and value < 0:
            raise UsageError(f"{name} cannot be negative")
    if config.connections < 1 or config.attempts < 1 or config.timeout <= 0:
        raise UsageError("connections and attempts must be at least 1, timeout more than 0 seconds")
    if lake.is_dir() and any(each.name != ".lock" for each in lake.iterdir()):
        raise UsageError(f"{config.lake} is not empty: say another lake, or remove the former rehearsal")


def values(name: str, window: Window, found: AuditResults) -> dict[str, Any]:
    """The same as `page` tells, for machines: `summary` is that of the replay, `whole` what all would take."""
    return {
        "deployment": name,
        "blocks": [window.first, window.last],
        "replayed_after": window.start,
        "logs": window.logs,
        "summary": found.summary,
        "costs": [each._asdict() for each in window.costs],
        "whole": {
            "blocks": [window.whole.ranges[0][0], window.whole.ranges[-1][1]],
            "contracts": window.whole.contracts,
            "logs": window.whole.estimate.logs,
            "requests": window.whole.estimate.requests,
            "bytes": window.whole.estimate.size,
        },
    }


def page(name: str, window: Window, found: AuditResults) -> str:
    """What was rehearsed, what holds, what does not, what it cost, and what the whole history would take."""
    begins = "from its beginning" if window.start is None else f"after block {window.start}, from its readings"
    lines = [
        f"{name}: blocks {window.first} to {window.last}, {counted(window.logs, 'log')}; replayed {begins}",
        "",
        str(found),
    ]
    lines += ["", "not to be told from this window"]
    lines += [f"  {line}" for line in _untold(window, found)] or ["  nothing"]
    lines += ["", "what it cost"]
    lines += [f"  {each.step:<24}{each.requests:>8} requests {each.seconds:>9.1f} s" for each in window.costs]
    return "\n".join([*lines, "", "the whole history", *(f"  {line}" for line in _whole(window))])


def _untold(window: Window, found: AuditResults) -> list[str]:
    reasons = found.audit.undetermined_readings
    lines = [f"{counted(count, 'reading')} of {view}: {reason}" for (view, reason), count in reasons.items()]
    if window.start is not None:
        lines.append("what stands in no view: positions in pools, so that swaps, mints and burns are taken as logged")
    return lines


def _whole(window: Window) -> list[str]:
    """By the samples of the plan, at the speed of the window."""
    expected = window.whole.estimate
    fetched = next(each for each in window.costs if each.step == "the window")
    replayed = window.costs[-1]
    download = expected.requests * fetched.seconds / max(1, fetched.requests)
    rest = replayed.seconds * expected.logs / max(1, window.logs)
    contracts = counted(window.whole.contracts, "contract")
    asked = f"about {counted(expected.logs, 'log')} in {counted(expected.requests, 'request')}"
    return [
        f"blocks {window.whole.ranges[0][0]} to {window.whole.ranges[-1][1]}, {contracts}",
        f"{asked}, {-(-expected.size // 1_000_000)} MB on disk",
        f"about {_duration(download)} to fetch as fast as this window was, {_duration(rest)} to replay",
    ]


def _duration(seconds: float) -> str:
    minutes = -(-int(seconds) // 60)
    return f"{int(seconds) + 1} s" if minutes <= 1 else f"{minutes} min" if minutes < 120 else f"{-(-minutes // 60)} h"
