"""Answers are believed only once they have been read: what is of a wrong form is asked for again, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from keep3r_replay.chain.tries import UNBELIEVABLE, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import msgspec

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.rpc import Call

Answer = TypeVar("Answer")

_TIMES_NOTHING = 3
"""How often a node must answer null before there is nothing."""


def ask(
    client: NodeClient,
    calls: Sequence[Call],
    read: Callable[[Sequence[msgspec.Raw]], Answer],
    *,
    together: bool = False,
) -> Answer:
    """Ask until the answers can be read.

    Args:
        client: the node.
        calls: what to ask; see `NodeClient.batch`.
        read: turns the results into what is wanted; raises one of `UNBELIEVABLE` for what cannot be true.
        together: see `NodeClient.batch`.

    Raises:
        RefusedError: the node refuses for what is asked.
        NodeError: all attempts came to nothing.
    """
    tries = client.tries()
    while True:
        raws = client.batch(list(calls), together=together, tries=tries)
        try:
            return read(raws)
        except UNBELIEVABLE as error:
            client.distrust(tries, calls[0].method, f"the answer cannot be true: {one_line(error)}")


def ask_or_none(client: NodeClient, call: Call, read: Callable[[msgspec.Raw], Answer | None]) -> Answer | None:
    """Ask until the answer can be read; None only if it is null several times. Raises as `ask`."""
    for _ in range(_TIMES_NOTHING):
        answer = ask(client, [call], lambda raws: read(raws[0]))
        if answer is not None:
            return answer
        client.count_retry()
    return None
