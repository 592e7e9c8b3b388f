"""Extracting a deployment into a lake: continue where the last run ended, up to the final head, whatever happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keep3r_replay.chain.spans import SpanPlanner
from keep3r_replay.dataset.chain_head import Block, check_chain, final_head
from keep3r_replay.dataset.checks import check_ends, check_proofs, follow_reorganisation
from keep3r_replay.dataset.discovery import Discovery
from keep3r_replay.dataset.estimate import Estimate, estimate
from keep3r_replay.dataset.first_contact import meet
from keep3r_replay.dataset.forks import prove_ends
from keep3r_replay.dataset.initialising import initialise_lake, read_initial, take_code_hashes
from keep3r_replay.dataset.partition import NewContractsError, Source, Written, write_partition
from keep3r_replay.dataset.pruned import refuse_pruned
from keep3r_replay.dataset.readings import read_at_blocks
from keep3r_replay.dataset.segments import segments_to_write
from keep3r_replay.dataset.span import Followed
from keep3r_replay.dataset.state import ExtractionState, Range, damage_of, load_state
from keep3r_replay.lake.integrity import problem_of
from keep3r_replay.lake.manifest import Coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.spec import ExtractionSpec, Request
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.manifest import FileEntry
    from keep3r_replay.replay.protocol import Protocol


@dataclass
class Outcome:
    """What a run did."""

    from_block: int = -1
    to_block: int = -1
    head: int = -1
    logs: int = 0
    undecoded: int = 0
    partitions: int = 0
    rolled_back_to: int | None = None
    repaired: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run would do: the blocks to fetch, in parts, the contracts to ask for, and what that will take."""

    head: Block
    ranges: list[Range]
    stale: list[Range]
    contracts: int
    estimate: Estimate


class Extraction:
    """One run over one lake. The caller holds the lake's lock.

    Args:
        lake: its folder, which exists.
        spec: the deployment.
        protocol: the protocol that it is of.
        client: the node.
        request: what is asked for.
        say: is told what happens, in lines for a person.
        progress: is told the last block fetched, the block to reach and the logs so far.

    Raises:
        UsageError: the protocol's own settings of the deployment make no sense.
    """

    def __init__(
        self,
        lake: Path,
        spec: ExtractionSpec,
        protocol: Protocol,
        client: NodeClient,
        request: Request,
        say: Callable[[str], None],
        progress: Callable[[int, int, int], None],
    ) -> None:
        self._lake = lake
        self._spec = spec
        self._protocol = protocol
        self._extractor = protocol.extractor(client, spec.settings)
        self._client = client
        self._request = request
        self._say = say
        self._progress = progress
        self._planner = SpanPlanner()
        self._outcome = Outcome()
        self._target = -1

    def plan(self) -> Plan:
        """Return what run() would fetch; nothing is written. The node is asked for a few samples of the logs."""
        state, head = self._look()
        last = self._last_block(head)
        if not state.contracts:
            meet(self._client, self._extractor, self._spec, head.number, self._say)
        contracts = list(state.contracts.values()) if state.contracts else self._discovery(head).start()
        first = state.coverage.to_block + 1 if state.coverage else self._first_block(contracts)
        ranges = list(self._ranges(first, last))
        addresses = sorted(contract.address for contract in contracts)
        by_address = {contract.address: contract for contract in contracts}
        bodies = self._spec.follow == "bodies" and bool(self._extractor.transactions_to(by_address))
        only_logs = self._spec.detail == "logs"
        # What was asked for until here, a run asks again; then it reads what constructors set, and looks at the head.
        spent = self._client.statistics.requests + (0 if state.contracts else len(contracts)) + 3
        parts = [part for each in ranges for part in self._spec.segments_of(*each)]
        expected = estimate(self._client, addresses, parts, only_logs=only_logs, bodies=bodies)
        expected = replace(expected, requests=expected.requests + (spent if ranges else 0))
        return Plan(head, ranges, state.stale, len(contracts), expected)

    def run(self) -> Outcome:
        """Bring the lake up to date.

        Raises:
            NodeError, InputError, UsageError: see the parts.
        """
        state, head = self._look()
        self._outcome.head = head.number
        if state.files or state.contracts:
            state.clear_orphans()
        self._outcome.rolled_back_to = follow_reorganisation(
            self._client, state, self._say, repair=self._request.repair
        )
        last = self._target = self._last_block(head)
        if not state.contracts:
            meet(self._client, self._extractor, self._spec, head.number, self._say)
            initialise_lake(
                self._protocol, self._extractor, self._discovery(head), state, self._request.from_block, self._say
            )
        while state.stale:
            self._refetch(state, state.stale[0], head)
            self._outcome.repaired += 1
        first = state.coverage.to_block + 1 if state.coverage else self._first_block(state.contracts.values())
        if first <= last:
            if state.coverage is None:
                refuse_pruned(self._client, first, last)
            self._outcome.from_block, self._outcome.to_block = first, last
        for part_first, part_last in self._ranges(first, last):
            self._extend(state, part_first, part_last, head)
            while state.stale:
                self._refetch(state, state.stale[0], head)
        take_code_hashes(state, self._say)
        if state.coverage is not None:
            check_ends(self._client, state, state.coverage, self._outcome.from_block)
            if self._outcome.from_block >= 0 or self._outcome.repaired:
                check_proofs(self._extractor, state, state.coverage)
        return self._outcome

    def read_views(self, blocks: list[int]) -> int:
        """Read all views at these blocks, ascending, into the lake; return how many values. See `read_at_blocks`."""
        return read_at_blocks(self._lake, self._client, blocks, self._extractor.views)

    def _look(self) -> tuple[ExtractionState, Block]:
        before = self._client.endpoints
        genesis = check_chain(self._client, self._spec.chain_id)
        if self._client.endpoints < before:
            self._say(f"{before - self._client.endpoints} of {before} endpoints do not answer and are left out")
        state = load_state(self._lake, self._spec, genesis, self._extractor.roots)
        return state, final_head(self._client, self._request.confirmations)

    def _last_block(self, head: Block) -> int:
        wanted = self._request.to_block
        if wanted is not None and wanted > head.number:
            self._say(f"to_block={wanted} is beyond the final head {head.number}: stopping there")
        return head.number if wanted is None else min(wanted, head.number)

    def _first_block(self, contracts: Iterable[Contract]) -> int:
        if self._request.from_block is not None:
            return self._request.from_block
        return min((int(contract.facts["from_block"]) for contract in contracts), default=self._spec.search_from_block)

    def _ranges(self, first: int, last: int) -> Iterable[Range]:
        while first <= last:
            end = min(last, self._spec.partition_of(first)[1])
            yield first, end
            first = end + 1

    def _discovery(self, head: Block) -> Discovery:
        spec = self._spec
        return Discovery(self._client, self._extractor, head.number, spec.search_from_block, spec.chain_id)

    def _extend(self, state: ExtractionState, first: int, last: int, head: Block) -> None:
        """Fetch new blocks of one partition; what it holds is kept, and put together where segments are full."""
        begin = self._spec.partition_of(first)[0]
        there = [span for span in state.ranges() if begin <= span[0] and span[1] < first]
        wanted = self._spec.segments_of(there[0][0] if there else first, last)
        for segment in segments_to_write(there, wanted):
            self._write_segment(state, [span for span in there if segment[0] <= span[0] <= segment[1]], segment, head)
        self._outcome.partitions += 1

    def _write_segment(self, state: ExtractionState, there: list[Range], segment: Range, head: Block) -> None:
        """Write a segment from the ranges that are there already, which it begins with, and from the node."""
        while True:
            # A contract found on the way makes what is there stale: then the whole segment is fetched again.
            keeps = bool(there) and not any(span in state.stale for span in there)
            problem = next(filter(None, (damage_of(state, span) for span in there)), "") if keeps else ""
            if problem:
                self._say(f"blocks {there[0][0]} to {there[-1][1]} are fetched again: {problem}")
                state.mark_stale(there)
                keeps = False
            kept = [entry for span in there for entry in state.of_range(span)] if keeps else []
            readings = [] if keeps else [entry for span in there for entry in self._readings(state, span)]
            try:
                written = self._write(state, *segment, head, kept, readings)
                break
            except NewContractsError as found:
                self._take(state, found.contracts, head)
        self._commit(state, there, *segment, written)
        self._outcome.logs += written.logs

    def _refetch(self, state: ExtractionState, span: Range, head: Block) -> None:
        """Fetch a complete range again, because a file is damaged or a contract was found that it lacks."""
        while True:
            try:
                written = self._write(state, *span, head, [], self._readings(state, span))
                break
            except NewContractsError as found:
                self._take(state, found.contracts, head)
        self._commit(state, [span], *span, written)

    def _readings(self, state: ExtractionState, span: Range) -> list[FileEntry]:
        """The readings of a partition that is fetched again: nobody else asks for them a second time."""
        intact = []
        for entry in state.of_range(span):
            if entry.table != "readings":
                continue
            problem = problem_of(self._lake / entry.path, entry)
            if problem:
                self._say(f"readings of blocks {span[0]} to {span[1]} are lost ({problem}): ask for them again")
            else:
                intact.append(entry)
        return intact

    def _write(
        self,
        state: ExtractionState,
        first: int,
        last: int,
        head: Block,
        kept: list[FileEntry],
        readings: list[FileEntry],
    ) -> Written:
        discovery = self._discovery(head)
        source = Source(
            self._client,
            self._planner,
            self._request.connections,
            self._protocol.events,
            self._spec.detail == "logs",
            self._followed,
            self._extractor.named_in,
            lambda named: discovery.resolve(named, state.contracts),
            lambda block, logs: self._progress(block, self._target, logs),
        )
        return write_partition(self._lake, first, last, state.contracts, source, kept, readings)

    def _followed(self, contracts: Mapping[str, Contract]) -> Followed:
        if self._spec.follow == "logs":
            return Followed()
        addresses = frozenset(self._extractor.transactions_to(contracts))
        begin = min((int(contracts[each].facts["from_block"]) for each in addresses if each in contracts), default=0)
        return Followed(addresses, begin, traces=self._spec.follow == "traces" and bool(addresses))

    def _take(self, state: ExtractionState, contracts: list[Contract], head: Block) -> None:
        first = self._request.from_block
        more = read_initial(self._protocol, self._extractor, self._discovery(head), state, contracts, first)
        for contract in (*contracts, *more):
            self._say(f"found {contract.role} {contract.address}, created in block {contract.facts['from_block']}")
        state.add_contracts([*contracts, *more])

    def _commit(self, state: ExtractionState, old: list[Range], first: int, last: int, written: Written) -> None:
        prove_ends(self._client, written.ends)
        begin = min([first, *(span[0] for span in state.ranges())])
        is_end = state.coverage is None or last >= state.coverage.to_block
        if is_end and self._request.confirmations is None:
            state.final_block = max(state.final_block, last)
        others = [each for each in state.anchors if each[0] < first or (each[0] > last and not is_end)]
        state.anchors = sorted([*others, (last, written.last_hash)])
        state.replace_ranges(old, written.files, Coverage(begin, last, written.last_hash))
        known = state.amsterdam_from
        if written.amsterdam_from is not None and (known is None or written.amsterdam_from < known):
            state.amsterdam_from = written.amsterdam_from
            state.save_all()
        self._outcome.undecoded += len(written.undecoded)
        for anomaly in written.undecoded[:3]:
            self._say(f"kept raw, not decoded: {anomaly.place}: {anomaly.reason}")
