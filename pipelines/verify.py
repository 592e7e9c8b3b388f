"""`keep3r verify`: every file of a lake is what was written; on request, all of it is what the node says.

With `results`, the run that made them is repeated instead: see `verify_results`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.errors import LakeError, UsageError

from .config import load_config, setting
from .deployment import spec_of
from .extract import Detail
from .told import MEANING, Told, tell

if TYPE_CHECKING:
    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.state import ExtractionState, Range
    from keep3r_replay.lake.integrity import Schemas
    from keep3r_replay.lake.manifest import Manifest

SUMMARY = (
    "Read every file of a lake and compare it with the manifest; what is damaged is fetched again by the next extract, "
    "or at once with repair=true. With results=FOLDER, repeat the run that made them, and say which rows differ."
)
FINDINGS = 3


@dataclass(frozen=True)
class VerifyConfig:
    """Settings of `keep3r verify`."""

    lake: str | None = setting(
        "folder of the lake, required without results; with results: the bundled sample if none is named", default=None
    )
    results: str | None = setting("results of a replay or a what-if, whose run is to be repeated", default=None)
    deployment: dict[str, Any] = setting("the lake's deployment, where the node is asked")
    against_node: bool = setting("compare all that is stored with what the node says, too", default=False)
    repair: bool = setting("fetch again at once what is damaged, or of a dead branch", default=False)
    detail: Detail = setting("how the lake was extracted", default=Detail.all)
    connections: int = setting("requests under way at once", default=2)
    timeout: float = setting("seconds to wait for an answer", default=60.0)
    format: Told = setting(MEANING, default=Told.text)


def main(argv: list[str]) -> int:
    """Verify a lake; 0 if it is whole (or made whole), 3 if it is not.

    Raises `LakeError` where there is none, `UsageError` for a node without a deployment, or nothing to verify.
    """
    config = load_config("verify", VerifyConfig, argv, summary=SUMMARY)
    if config.results is not None:
        from .verify_results import verify_results

        results, of = Path(config.results), config.lake
        return tell(config.format, lambda: verify_results(results, of), lambda: {"results": config.results})
    if config.lake is None:
        raise UsageError("missing setting 'lake': say lake=FOLDER, or results=FOLDER (keep3r verify --help)")
    lake = Path(config.lake)
    return tell(config.format, lambda: _verify_lake(config, lake), lambda: {"lake": config.lake})


def _verify_lake(config: VerifyConfig, lake: Path) -> int:
    asks_node = config.against_node or config.repair
    if asks_node and config.deployment.get("name") == "none":
        raise UsageError("say deployment=NAME: asking a node needs to know which deployment (keep3r verify --help)")
    from keep3r_replay.dataset.lock import lock_if_possible, only_one_run
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.registry import schemas_in

    if not lake.is_dir():
        raise LakeError(lake, "no such lake", remedy="make one with keep3r extract, import or simulate")
    with only_one_run(lake, create=False) if config.repair else lock_if_possible(lake) as held:
        manifest, deployment = Lake.read(lake)
        known = schemas_in(deployment.protocol)
        damaged = _check_files(lake, manifest, deployment.transactions, known, alone=held is not False)
        if asks_node and not damaged:
            damaged = _compare(config, lake) if config.against_node else set()
        parted = config.repair and deployment.origin == "node" and _parted(config, lake)
        if not damaged and not parted and (wrong := _check_transactions(lake)):
            print("\n".join(wrong))
            return FINDINGS
        if not damaged and not parted:
            rows = sum(entry.rows for entry in manifest.files)
            print(f"whole: {counted(len(manifest.files), 'file')}, {counted(rows, 'row')}")
            return 0
        if deployment.origin != "node":
            print("damaged: import the recording again")
            return FINDINGS
        if config.repair:
            _repair(config, lake, damaged)
            return 0
        partitions = counted(len(damaged), "partition")
        if held is False:
            print(f"damaged: {partitions}; the lake is in use or cannot be written to, so nothing is noted")
            return FINDINGS
        mark_stale(lake, manifest, damaged)
        print(f"damaged: {partitions}; the next keep3r extract fetches them again")
        return FINDINGS


def _check_transactions(lake: Path) -> list[str]:
    """What every chain guarantees of transactions and this lake breaks, a line each."""
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import WHOLE
    from keep3r_replay.replay.transactions import check_transactions

    opened = Lake.open(lake)
    if opened.manifest.coverage is None:
        return []
    return [f"{lake}: block {each.block_number}: {each.reason}" for each in check_transactions(opened, WHOLE)]


def _check_files(lake: Path, manifest: Manifest, transactions: str, schemas: Schemas, *, alone: bool) -> set[Range]:
    from keep3r_replay.lake.completeness import lacking, unanchored
    from keep3r_replay.lake.integrity import damaged_files, false_hashes
    from keep3r_replay.lake.reader import Lake

    damaged: set[Range] = set()
    for damage in damaged_files(lake, manifest, schemas):
        if not alone and damage.entry not in Lake.read(lake)[0].files:
            # Another run has replaced the file meanwhile.
            continue
        print(f"{lake / damage.entry.path}: {damage.problem}")
        damaged.add((damage.entry.from_block, damage.entry.to_block))
    for gap in (*lacking(manifest, transactions), *unanchored(manifest)):
        print(f"{lake}: {gap.problem}")
        damaged.add((gap.from_block, gap.to_block))
    for block, problem in false_hashes(lake, manifest) if not damaged else ():
        print(f"{lake}: {problem}")
        damaged |= {(entry.from_block, entry.to_block) for entry in manifest.files if entry.to_block == block}
    stale = manifest.extraction.get("stale", [])
    return damaged | {(int(first), int(last)) for first, last in stale}


def _state(config: VerifyConfig, lake: Path) -> tuple[NodeClient, ExtractionState]:
    from keep3r_replay.chain.client import client_from_environment
    from keep3r_replay.dataset.chain_head import check_chain
    from keep3r_replay.dataset.state import load_state

    client = client_from_environment(connections=config.connections, timeout=config.timeout)
    spec, protocol = spec_of(config.deployment, detail=config.detail.value)
    roots = protocol.extractor(client, spec.settings).roots
    return client, load_state(lake, spec, check_chain(client, spec.chain_id), roots)


def _parted(config: VerifyConfig, lake: Path) -> bool:
    """Whether the node's chain is another one than the lake's from some block on."""
    from keep3r_replay.dataset.forks import fork_point

    return fork_point(*_state(config, lake)) is not None


def _compare(config: VerifyConfig, lake: Path) -> set[Range]:
    from keep3r_replay.dataset.comparison import compare_fees, compare_logs
    from keep3r_replay.dataset.forks import dead_ends
    from keep3r_replay.dataset.retold import compare_headers, compare_transactions

    client, state = _state(config, lake)
    damaged: set[Range] = set()
    for difference in compare_logs(client, state, config.connections):
        print(
            f"blocks {difference.first} to {difference.last}: {counted(difference.stored, 'log')} stored, "
            f"{difference.on_node} on the node, or of other content"
        )
        damaged.add(difference.partition)
    for partition, block in compare_fees(client, state):
        print(f"blocks {partition[0]} to {partition[1]}: base fees are not the node's, first of block {block}")
        damaged.add(partition)
    dead = dead_ends(client, state.anchors)
    for span in state.ranges():
        if span[1] in dead:
            print(f"blocks {span[0]} to {span[1]}: the last block is not the node's")
            damaged.add(span)
    # Of a dead branch a node knows no transaction: what differs already is not asked about.
    asked = compare_transactions(client, state, damaged), compare_headers(client, state, damaged)
    for retold in [each for found in asked for each in found]:
        first, last = retold.partition
        print(f"blocks {first} to {last}: the node tells {retold.what} otherwise: {retold.column}")
        damaged.add(retold.partition)
    return damaged


def follow_of(manifest: Manifest) -> str:
    """How the lake's transactions without logs were found."""
    return str(manifest.extraction.get("follow", "bodies"))


def mark_stale(lake: Path, manifest: Manifest, damaged: set[Range]) -> None:
    """Note in the manifest which ranges the next extraction is to fetch again."""
    from dataclasses import replace

    from keep3r_replay.lake.writer import write_manifest

    extraction = manifest.extraction | {"stale": sorted(list(each) for each in damaged)}
    write_manifest(lake, replace(manifest, extraction=extraction))


def _repair(config: VerifyConfig, lake: Path, damaged: set[Range]) -> None:
    from keep3r_replay.chain.client import client_from_environment
    from keep3r_replay.dataset.extraction import Extraction
    from keep3r_replay.dataset.spec import Request
    from keep3r_replay.lake.reader import Lake

    from .progress import Progress

    manifest, _ = Lake.read(lake)
    if manifest.coverage is None:
        return
    mark_stale(lake, manifest, damaged)
    client = client_from_environment(connections=config.connections, timeout=config.timeout)
    progress = Progress()
    request = Request(to_block=manifest.coverage.to_block, connections=config.connections, repair=True)
    spec, protocol = spec_of(config.deployment, detail=config.detail.value, follow=follow_of(manifest))
    outcome = Extraction(lake, spec, protocol, client, request, progress.say, progress.update).run()
    progress.done()
    if outcome.rolled_back_to is not None:
        print(f"of a dead branch: rolled back to block {outcome.rolled_back_to}, and fetched again from there")
    print(f"fetched again: {counted(outcome.repaired, 'partition')}; the lake is whole")
