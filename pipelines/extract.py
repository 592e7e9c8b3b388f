"""`keep3r extract`: a deployment's whole history from a node into a lake, again and again."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError

from .config import load_config, setting
from .deployment import spec_of
from .foreign import say_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.extraction import Extraction, Outcome, Plan

SUMMARY = (
    "Fetch a deployment's history from the node that ETH_RPC_URL names into a lake; continues where the last run ended."
)


class Detail(Enum):
    """How much is fetched."""

    all = "all"
    logs = "logs"


class Follow(Enum):
    """How transactions without logs are found, where a protocol needs them."""

    bodies = "bodies"
    traces = "traces"
    logs = "logs"


@dataclass(frozen=True)
class ExtractConfig:
    """Settings of `keep3r extract`."""

    deployment: dict[str, Any] = setting("which deployment")
    lake: str = setting("folder of the lake: absent, empty, or of an earlier run")
    from_block: int | None = setting("first block of a new lake; none: the oldest contract's", default=None)
    to_block: int | None = setting("last block; none: the final head", default=None)
    confirmations: int | None = setting(
        "blocks behind the head that are final; none: the node's own word", default=None
    )
    detail: Detail = setting("all, or logs: no headers, base fees and transactions", default=Detail.all)
    follow: Follow = setting(
        "how transactions without logs are found: by blocks' bodies, by traces, or not (logs)", default=Follow.bodies
    )
    connections: int = setting("requests under way at once", default=2)
    timeout: float = setting("seconds to wait for an answer", default=60.0)
    attempts: int = setting("how often a question is asked before giving up", default=12)
    plan: bool = setting("print what would be fetched, and stop", default=False)
    readings: list[int] = setting("blocks at which to read all views, for reconciliation", default=[])


def main(argv: list[str]) -> int:
    """Run one extraction; return the exit code."""
    config = load_config("extract", ExtractConfig, argv, summary=SUMMARY)
    from keep3r_replay.dataset.lock import only_one_run

    from .progress import Progress

    lake = Path(config.lake)
    progress = Progress()
    started = time.monotonic()
    extraction, client = extraction_of(config, progress.say, progress.update)
    if config.plan:
        # It writes nothing, so it needs no lock: neither on a lake that cannot be written to nor beside another run.
        with differences_shown():
            _print_plan(extraction.plan())
        return 0
    with only_one_run(lake, create=True), differences_shown():
        outcome = extraction.run()
        progress.done()
        say_foreign(lake)
        if config.readings:
            blocks = sorted(set(config.readings))
            print(f"readings: {counted(extraction.read_views(blocks), 'value')} at {counted(len(blocks), 'block')}")
    _print_outcome(outcome, client, time.monotonic() - started)
    return 0


def extraction_of(
    config: ExtractConfig, say: Callable[[str], None], progress: Callable[[int, int, int], None]
) -> tuple[Extraction, NodeClient]:
    """The extraction that is configured, and its client. Raises `UsageError` for settings that make no sense."""
    from keep3r_replay.chain.client import client_from_environment
    from keep3r_replay.dataset.extraction import Extraction
    from keep3r_replay.dataset.spec import Request

    _check(config)
    spec, protocol = spec_of(config.deployment, detail=config.detail.value, follow=config.follow.value)
    client = client_from_environment(connections=config.connections, timeout=config.timeout, attempts=config.attempts)
    request = Request(config.from_block, config.to_block, config.confirmations, config.connections)
    return Extraction(Path(config.lake), spec, protocol, client, request, say, progress), client


@contextmanager
def differences_shown() -> Iterator[None]:
    """Print the table of what the chain says otherwise than the configuration, if that is why nothing is done."""
    from keep3r_replay.dataset.differences import FirstContactError, table_of

    try:
        yield
    except FirstContactError as refused:
        print(table_of(refused.differences))
        raise


def _check(config: ExtractConfig) -> None:
    for name in ("from_block", "to_block", "confirmations"):
        value = getattr(config, name)
        if value is not None and value < 0:
            raise UsageError(f"{name} cannot be negative")
    if config.from_block is not None and config.to_block is not None and config.from_block > config.to_block:
        raise UsageError(f"from_block={config.from_block} is after to_block={config.to_block}")
    if not 1 <= config.connections <= 64:
        raise UsageError("connections must be between 1 and 64")
    if config.attempts < 1:
        raise UsageError("attempts must be at least 1")
    if config.timeout <= 0:
        raise UsageError("timeout must be more than 0 seconds")


def _print_plan(plan: Plan) -> None:
    print(f"final head: block {plan.head.number}; {counted(plan.contracts, 'contract')}")
    if plan.stale:
        print(f"to fetch again: {counted(len(plan.stale), 'partition')}")
    if not plan.ranges:
        print("nothing to do")
        return
    print(f"to fetch: blocks {plan.ranges[0][0]} to {plan.ranges[-1][1]}, {counted(len(plan.ranges), 'partition')}")
    expected = plan.estimate
    known = "" if expected.sampled == expected.blocks else f", by samples of {counted(expected.sampled, 'block')}"
    print(f"expected: about {counted(expected.logs, 'log')} in {counted(expected.requests, 'request')}{known}")
    print(f"size: about {-(-expected.size // 1_000_000)} MB on disk")


def _print_outcome(outcome: Outcome, client: NodeClient, seconds: float) -> None:
    statistics = client.statistics
    if outcome.rolled_back_to is not None:
        print(f"reorganised chain: rolled back to block {outcome.rolled_back_to}")
    if outcome.repaired:
        print(f"fetched again: {counted(outcome.repaired, 'partition')}")
    if outcome.to_block < 0:
        print(f"nothing new: the lake reaches the final head {outcome.head}")
    else:
        print(
            f"extracted blocks {outcome.from_block} to {outcome.to_block}: {counted(outcome.logs, 'log')}, "
            f"{counted(outcome.partitions, 'partition')}"
        )
    if outcome.undecoded:
        print(f"kept raw, not decoded: {counted(outcome.undecoded, 'log')} (table undecoded)")
    print(
        f"{statistics.requests} requests, {statistics.retries} repeated, "
        f"{statistics.bytes_received / 1e6:.1f} MB received, {seconds:.1f} s"
    )
