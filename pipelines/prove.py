"""`keep3r prove`: everything that a lake holds follows from one block hash."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import NodeError, UsageError

from .config import load_config
from .prove_config import SUMMARY, ProveConfig
from .told import tell

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.proof.node import NodeTeller

FINDINGS = 3


def main(argv: list[str]) -> int:
    """Prove a lake; 0 if it is proved, 3 if something contradicts the anchor."""
    config = load_config("prove", ProveConfig, argv, summary=SUMMARY)
    _check(config)
    import keep3r_replay
    from keep3r_replay.dataset.lock import lock_if_possible, only_one_run

    path = Path(config.lake)
    lake = keep3r_replay.open_lake(path)
    found: dict[str, Any] = {"lake": config.lake}
    alone = lock_if_possible(path) if config.plan or config.offline else only_one_run(path, create=False)
    with alone:
        return tell(config.format, lambda: _prove(config, lake, found), lambda: found)


def _check(config: ProveConfig) -> None:
    if config.offline and (config.source or config.repair or config.keep or config.resume):
        raise UsageError("offline=true verifies what is kept: resume, source, keep and repair make no sense with it")
    if config.repair and config.deployment.get("name") == "none":
        raise UsageError("say deployment=NAME: mending needs to know which deployment (keep3r prove --help)")
    needed = {"trie": config.state, "cramjam": config.source is not None}
    missing = [name for name, wanted in needed.items() if wanted and find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} must be installed: pip install keep3r-replay[prove], or say state=false"
        )
    if not 1 <= config.connections <= 64:
        raise UsageError("connections must be between 1 and 64")
    if config.attempts < 1 or config.timeout <= 0:
        raise UsageError("attempts must be at least 1, and timeout more than 0 seconds")


def _prove(config: ProveConfig, lake: Lake, found: dict[str, Any]) -> int:
    """Prove, and print what came of it; `found` takes the same as numbers."""
    from keep3r_replay.proof.contradictions import ContradictedError
    from keep3r_replay.proof.proving import Proving, Settings
    from keep3r_replay.protocols.registry import protocol_named, protocols_in

    from .progress import Progress

    started = time.monotonic()
    nodes = [] if config.offline else _nodes(config, lake)
    progress = Progress()
    settings = Settings(
        config.anchor, keep=config.keep, offline=config.offline, state=config.state, resume=config.resume
    )
    protocols = [protocol_named(name) for name in protocols_in(lake)]
    source = None if config.source is None else Path(config.source)
    proving = Proving(lake, protocols, nodes, source, settings, progress.say, progress.update)
    if config.plan:
        from .prove_terminal import print_plan

        plan = proving.plan()
        found["plan"] = plan._asdict()
        print_plan(plan, lake)
        return 0
    try:
        outcome = proving.run()
    except ContradictedError:
        for lie in proving.lies:
            print(lie.line())
        raise
    progress.done()
    from .prove_terminal import outcome_values, print_outcome

    if outcome.contradictions and nodes:
        from .prove_mending import mended, witnesses

        true = witnesses(proving, outcome, lake, nodes)
        if config.repair and true:
            lies = outcome.lies
            lake = mended(config, outcome, true, progress)
            say, update = progress.say, progress.update
            outcome = Proving(lake, protocols, nodes, source, settings, say, update, outcome.proved).run()
            outcome.lies = [*lies, *outcome.lies]
            progress.done()
    found |= outcome_values(outcome, nodes)
    print_outcome(outcome, nodes, time.monotonic() - started)
    return FINDINGS if outcome.contradictions else 0


def _nodes(config: ProveConfig, lake: Lake) -> list[NodeTeller]:
    """The endpoints of the environment, each a teller of its own; none are needed where history files are named."""
    import os

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.endpoint import ENVIRONMENT
    from keep3r_replay.chain.forks import forks_of
    from keep3r_replay.dataset.chain_head import check_chain
    from keep3r_replay.proof.node import NodeTeller

    urls = [each.strip() for each in os.environ.get(ENVIRONMENT, "").split(",") if each.strip()]
    if not urls and config.source is None:
        raise UsageError(f"set {ENVIRONMENT} to the node's address, or name history files with source=FOLDER")
    chain_id, nodes, away = lake.deployment.chain_id, [], None
    for number, url in enumerate(urls, 1):
        client = NodeClient([url], connections=config.connections, timeout=config.timeout, attempts=config.attempts)
        try:
            check_chain(client, chain_id)
        except NodeError as error:
            print(f"endpoint {number} does not answer and is left out", file=sys.stderr)
            away = error
            continue
        whole_from = forks_of(chain_id).bloom_complete_from
        nodes.append(NodeTeller(client, f"endpoint {number}", config.connections, whole_from))
    if away is not None and not nodes and config.source is None:
        raise away
    return nodes
