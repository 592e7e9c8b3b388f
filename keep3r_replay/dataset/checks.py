"""What a run checks of the chain before and after it fetches: that it is still the lake's, and leaves out no log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.dataset.chain_head import block_at
from keep3r_replay.dataset.forks import dead_ends, fork_point, whole_below
from keep3r_replay.dataset.proofs import without_log
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.state import ExtractionState
    from keep3r_replay.lake.manifest import Coverage
    from keep3r_replay.replay.rooms import Extractor


def follow_reorganisation(
    client: NodeClient, state: ExtractionState, say: Callable[[str], None], *, repair: bool
) -> int | None:
    """Roll the lake back to the last block that it has in common with the chain; None if that is its end.

    With `repair` final blocks are given up, too, where the chain is another one from there on.

    Raises:
        NodeError: the chains part below a block that was final, or have no block in common.
    """
    found = fork_point(client, state) if state.coverage is not None else None
    if found is None or state.coverage is None:
        return None
    if found.number < state.final_block:
        if not repair:
            raise NodeError(
                f"the node's chain parts from the lake's after block {found.number}, but block {state.final_block} was "
                "final: a node of another chain, or a lake of a dead branch; nothing was changed (keep3r verify "
                "repair=true takes the node's chain)"
            )
        state.final_block = found.number
    found = whole_below(state, found, say)
    say(f"the chain was reorganised: rolling back from block {state.coverage.to_block} to {found.number}")
    state.roll_back(found.number, found.hash)
    return found.number


def check_ends(client: NodeClient, state: ExtractionState, coverage: Coverage, from_block: int) -> None:
    """At the end, the chain must still be the one of the beginning, at all ends of ranges from `from_block` on.

    Raises:
        NodeError: it is not; what was replaced is fetched again by the next run.
    """
    now = block_at(client, hex(coverage.to_block))
    if now is not None and now.hash != coverage.last_block_hash:
        raise NodeError("the chain was reorganised during the run; run again")
    dead = dead_ends(client, [each for each in state.anchors if each[0] >= from_block >= 0])
    if dead:
        state.mark_stale(span for span in state.ranges() if span[1] in dead)
        state.save_manifest()
        raise NodeError("the chain was reorganised during the run; run again: what it replaced is fetched again")


def check_proofs(extractor: Extractor, state: ExtractionState, coverage: Coverage) -> None:
    """What contracts say of themselves at the lake's end must have been logged: a node may leave out logs.

    Raises:
        NodeError: it was not; everything that may lack logs is fetched again by the next run.
    """
    try:
        proofs = extractor.proofs(state.contracts, coverage.to_block)
    except RefusedError:
        # Without state of that block there is nothing to hold the logs against.
        return
    lacking = without_log(state, proofs)
    if lacking:
        since = int(state.contracts[lacking.contract].facts.get("from_block", 0))
        state.mark_stale(span for span in state.ranges() if span[1] >= since)
        state.save_manifest()
        raise NodeError(
            f"{lacking.why}, but the node has no log of it: it leaves out logs; run again with another endpoint, "
            "everything that may lack logs is fetched again"
        )
