"""Changes that a history has no place for: they would change nothing, and that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.audit.works import Judged
    from keep3r_replay.protocols.keep3r_v1.replay.steps import Step
    from keep3r_replay.protocols.keep3r_v1.what_if.changes import Changes


def check_blocks(changes: Changes, end: int) -> None:
    """Refuse changes from a block on that comes after `end`, the history's last. Raises `UsageError`."""
    places = {f"bonds of {change.account}": change.block for change in changes.bonds}
    if changes.helper is not None:
        places["helper_from_block"] = changes.helper_from_block
    if changes.feed:
        places["the first block of feed"] = changes.feed[0].block
    for name, block in places.items():
        if block > end:
            raise UsageError(f"overlay: {name} is {block}, and the history ends with block {end}")


def check_accounts(changes: Changes, steps: Sequence[Step], judged: Sequence[Judged]) -> None:
    """Refuse bonds of accounts that do nothing in a history, and that nothing happens to. Raises `UsageError`."""
    wanted = {change.account for change in changes.bonds}
    for step in steps if wanted else ():
        wanted.difference_update(each for each in step.arguments if isinstance(each, str))
    wanted.difference_update(name for each in judged for name in (each.payment.origin, each.payment.keeper))
    if wanted:
        raise UsageError(f"overlay: {min(wanted)} is no account of the history")
