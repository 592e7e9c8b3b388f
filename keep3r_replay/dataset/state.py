"""A lake under extraction: what it holds, changed only by whole steps that a crash cannot halve.

Every step writes its new files first, then the manifest, and only then deletes what the manifest no longer names. Files
that no manifest names belong to a step that never happened; they are cleared away at the next start.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import LakeError, UsageError
from keep3r_replay.lake.completeness import lacking
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.lake.integrity import problem_of
from keep3r_replay.lake.leftovers import leftovers
from keep3r_replay.lake.manifest import Coverage, FileEntry, Manifest
from keep3r_replay.lake.partition_writer import truncated
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import TEMPORARY, write_deployment, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from keep3r_replay.dataset.spec import ExtractionSpec

LOCK = ".lock"
BODIES = "bodies"
"""How transactions without logs are found where a manifest does not say."""
_KEPT = {"manifest.json", "deployment.json", LOCK}
Range = tuple[int, int]


@dataclass
class ExtractionState:
    """The lake's content as the next step finds it.

    Attributes:
        lake: its folder.
        files: of the manifest.
        coverage: None while nothing is complete.
        anchors: block numbers and hashes at the ends of complete partitions, ascending.
        stale: ranges whose files must be fetched again: damaged, or lacking a contract found later.
        contracts: by address.
        initial_state: parameters by contract and view.
        final_block: the newest block known to be final when the lake was last extended.
        transactions: which are fetched; see `lake.deployment.Deployment`.
        amsterdam_from: see `lake.deployment.Deployment`.
        deployment_sha256: of `deployment.json` as it stands in the lake; empty as long as there is none.
    """

    lake: Path
    spec: ExtractionSpec
    genesis: str
    files: list[FileEntry] = field(default_factory=list)
    coverage: Coverage | None = None
    anchors: list[tuple[int, str]] = field(default_factory=list)
    stale: list[Range] = field(default_factory=list)
    contracts: dict[str, Contract] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    initial_state: dict[str, dict[str, str]] = field(default_factory=dict)
    initial_state_block: int = 0
    final_block: int = -1
    transactions: str = "with_logs"
    deployment_sha256: str = ""
    amsterdam_from: int | None = None

    def ranges(self) -> list[Range]:
        """Return the ranges of the complete partitions, ascending."""
        return sorted({(entry.from_block, entry.to_block) for entry in self.files})

    def of_range(self, wanted: Range) -> list[FileEntry]:
        """Return the files of one range."""
        return [entry for entry in self.files if (entry.from_block, entry.to_block) == wanted]

    def add_contracts(self, contracts: Iterable[Contract]) -> None:
        """Take new contracts; partitions that may hold older logs of them become stale."""
        for contract in contracts:
            self.contracts[contract.address] = contract
            since = int(contract.facts.get("from_block", 0))
            self.mark_stale([each for each in self.ranges() if each[1] >= since])
        # The manifest goes first: a crash in between leaves stale ranges, and these find the contracts again.
        self.save_all()

    def mark_stale(self, ranges: Iterable[Range]) -> None:
        """Remember ranges that must be fetched again."""
        self.stale = sorted({*self.stale, *ranges})

    def replace_ranges(self, old: Sequence[Range], files: list[FileEntry], coverage: Coverage) -> None:
        """Put new files in the place of those of some ranges."""
        former = [entry for each in old for entry in self.of_range(each)]
        kept = [entry for entry in self.files if entry not in former]
        self.files = kept + files
        self.stale = [each for each in self.stale if each not in old]
        if self.coverage is None or coverage.to_block >= self.coverage.to_block:
            self.coverage = coverage
        self.save_manifest()
        self._delete(former)

    def roll_back(self, block: int, block_hash: str) -> None:
        """Drop everything after `block`, whose hash is given."""
        kept, written, dropped = [], [], []
        for span in self.ranges():
            entries = self.of_range(span)
            if span[1] <= block:
                kept += entries
                continue
            dropped += entries
            if span[0] <= block:
                written += truncated(self.lake, span[0], block, entries)
        self.files = kept + written
        self.anchors = [each for each in self.anchors if each[0] <= block]
        self.stale = [each for each in self.stale if each[1] <= block]
        first = min((entry.from_block for entry in self.files), default=0)
        self.coverage = Coverage(first, block, block_hash) if self.files else None
        self.contracts = {
            address: contract
            for address, contract in self.contracts.items()
            if int(contract.facts.get("from_block", 0)) <= block
        }
        self.save_all()
        self._delete(dropped)

    def save_all(self) -> None:
        """Write manifest and deployment: whichever of the two a crash leaves behind, the manifest vouches for it."""
        self.save_manifest(_digest(self._deployment()))
        self.save_deployment()
        self.save_manifest()

    def save_manifest(self, coming: str = "") -> None:
        """Write the manifest: from here on the lake is what the state says.

        `coming` is the SHA-256 of the `deployment.json` that is about to take the place of the one that is there.
        """
        facts: dict[str, Any] = {
            "anchors": [list(each) for each in self.anchors],
            "detail": self.spec.detail,
            "final_block": self.final_block,
            "genesis": self.genesis,
            "partition_blocks": self.spec.partition_blocks,
            "stale": [list(each) for each in self.stale],
        }
        if self.spec.follow != BODIES:
            facts["follow"] = self.spec.follow
        digests = tuple(sorted({self.deployment_sha256, coming} - {""}))
        write_manifest(self.lake, Manifest(tuple(self.files), self.coverage, facts, digests))

    def save_deployment(self) -> None:
        """Write `deployment.json`; the manifest must vouch for it, before or after."""
        self.deployment_sha256 = write_deployment(self.lake, self._deployment())

    def _deployment(self) -> Deployment:
        return Deployment(
            self.spec.name,
            self.spec.chain_id,
            "node",
            self.tokens,
            self.transactions,
            tuple(sorted(self.contracts.values(), key=lambda contract: (contract.role, contract.address))),
            self.initial_state,
            self.initial_state_block,
            self.spec.protocol,
            self.amsterdam_from,
        )

    def clear_orphans(self) -> int:
        """Delete what killed runs left: files named as only an extraction names them, and not in the manifest.

        Returns:
            How many there were. Nothing else is touched, whatever it is.
        """
        named = {entry.path for entry in self.files}
        orphans = [path for path in leftovers(self.lake) if path.relative_to(self.lake).as_posix() not in named]
        for path in orphans:
            path.unlink()
        return len(orphans)

    def _delete(self, entries: Iterable[FileEntry]) -> None:
        named = {entry.path for entry in self.files}
        for entry in entries:
            if entry.path not in named:
                with contextlib.suppress(FileNotFoundError):
                    (self.lake / entry.path).unlink()


def load_state(lake: Path, spec: ExtractionSpec, genesis: str, roots: Sequence[tuple[str, str]]) -> ExtractionState:
    """Read the state of the lake in a folder; an absent or empty folder is a lake without content.

    Files that are missing or of another size make their ranges stale, and so do blocks that no file holds. `roots` are
    role and address of the contracts that the deployment is about: the first of them must be the lake's.

    Raises:
        UsageError: the folder holds something else, or a lake of another deployment, chain or partition size.
        LakeError: the manifest is damaged.
    """
    state = ExtractionState(lake, spec, genesis)
    if not lake.exists():
        return state
    if not (lake / "manifest.json").exists():
        # The manifest is the first file that an extraction writes: without one, nothing here is ours.
        leftovers = _KEPT | {path.name for path in lake.glob(f"{TEMPORARY}*.json")}
        foreign = [path.name for path in sorted(lake.iterdir()) if path.name not in leftovers]
        if foreign:
            raise UsageError(f"{lake}: holds something other than a lake ({foreign[0]}); choose another folder")
        return state
    manifest, deployment = Lake.read(lake)
    _refuse_other(lake, spec, genesis, roots, manifest, deployment)
    for table in manifest.tables():
        # Files are written and deleted by what the manifest names: that must be within the lake.
        if not (lake / table).resolve().is_relative_to(lake.resolve()):
            raise LakeError(lake / table, "is a link that leads out of the lake", remedy="put the folder in its place")
    facts = manifest.extraction
    try:
        anchors = [(int(number), str(block_hash)) for number, block_hash in facts["anchors"]]
        stale = [(int(first), int(last)) for first, last in facts["stale"]]
        # What lies beyond the lake's end was never known to be final here.
        final_block = min(int(facts["final_block"]), manifest.coverage.to_block if manifest.coverage else -1)
    except (KeyError, TypeError, ValueError) as error:
        raise LakeError(lake / "manifest.json", f"damaged: {error}", remedy="extract into a new folder") from None
    state = replace(
        state,
        files=list(manifest.files),
        coverage=manifest.coverage,
        anchors=anchors,
        stale=stale,
        contracts=deployment.by_address(),
        tokens=dict(deployment.tokens),
        initial_state=dict(deployment.initial_state),
        initial_state_block=deployment.initial_state_block,
        final_block=final_block,
        transactions=deployment.transactions,
        amsterdam_from=deployment.amsterdam_from,
        deployment_sha256=hashlib.sha256((lake / "deployment.json").read_bytes()).hexdigest(),
        # A node that has cut off its oldest blocks does not tell: what is known stays.
        genesis=genesis or str(facts.get("genesis", "")),
    )
    state.mark_stale(damaged_by_size(state))
    state.mark_stale((gap.from_block, gap.to_block) for gap in lacking(manifest, deployment.transactions))
    return state


def _refuse_other(
    lake: Path,
    spec: ExtractionSpec,
    genesis: str,
    roots: Sequence[tuple[str, str]],
    manifest: Manifest,
    deployment: Deployment,
) -> None:
    """Refuse a lake that is of something else than what is to be extracted. Raises `UsageError`."""
    if deployment.origin != "node":
        raise UsageError(f"{lake}: is an imported lake; extract into another folder")
    facts = manifest.extraction
    wanted = {"detail": spec.detail, "genesis": genesis, "partition_blocks": spec.partition_blocks}
    for key, value in wanted.items():
        unknown = key == "genesis" and not (value and facts.get(key))
        if facts.get(key) != value and not unknown:
            raise UsageError(f"{lake}: was extracted with {key} {facts.get(key)}, not {value}; choose another folder")
    if facts.get("follow", BODIES) != spec.follow:
        former = facts.get("follow", BODIES)
        raise UsageError(f"{lake}: was extracted with follow={former}, not {spec.follow}; choose another folder")
    if (deployment.name, deployment.chain_id) != (spec.name, spec.chain_id):
        raise UsageError(f"{lake}: is of deployment {deployment.name}, not {spec.name}; choose another folder")
    if deployment.protocol not in {"", spec.protocol}:
        raise UsageError(f"{lake}: is of protocol {deployment.protocol}, not {spec.protocol}; choose another folder")
    followed = {(contract.role, contract.address) for contract in deployment.contracts}
    if roots and followed and roots[0] not in followed:
        raise UsageError(f"{lake}: is of another {roots[0][0]} than {roots[0][1]}; choose another folder")


def _digest(deployment: Deployment) -> str:
    return hashlib.sha256(deployment.to_json().encode()).hexdigest()


def damage_of(state: ExtractionState, span: Range) -> str:
    """Say how a file of a range is not what was written; empty if all of them are. Each is read whole."""
    for entry in state.of_range(span):
        problem = problem_of(state.lake / entry.path, entry)
        if problem:
            return f"{entry.path} {problem}"
    return ""


def damaged_by_size(state: ExtractionState) -> list[Range]:
    """Return the ranges that have a file which is missing or of another size than the manifest says."""
    damaged = []
    for entry in state.files:
        try:
            size = (state.lake / entry.path).stat().st_size
        except FileNotFoundError:
            size = -1
        if size != entry.bytes:
            damaged.append((entry.from_block, entry.to_block))
    return damaged
