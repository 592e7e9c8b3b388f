"""Base fees that agree with the headers: a history that one header contradicts is asked for again, as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.wire import quantity
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.wire import WireBlock


class Agreed(NamedTuple):
    """The base fee of every block of a range in wei (None before there were any), and the headers that were fetched."""

    fees: list[int | None]
    headers: list[WireBlock]


def agreed(client: NodeClient, first: int, fees: list[int | None], headers: list[WireBlock]) -> Agreed:
    """Hold the base fees of the blocks from `first` on against the headers among them until they agree.

    Which of both is wrong is not known, so that both are asked for again: all the fees, for what one answer said of
    blocks without a header is as doubtful.

    Raises:
        NodeError: they disagree as often as a question may be asked, or the chain is reorganising.
    """
    tries = client.tries()
    last = first + len(fees) - 1
    while True:
        wrong = [
            number
            for number, header in ((quantity(each.number), each) for each in headers)
            if header.baseFeePerGas is not None and quantity(header.baseFeePerGas) != fees[number - first]
        ]
        if not wrong:
            return Agreed(fees, headers)
        problem = f"the base fee of block {wrong[0]} is not its header's"
        client.distrust(tries, f"the base fees of blocks {first} to {last}", problem)
        fees = FeeSource(client).base_fees(first, last)
        headers = _again(client, wrong, headers)


def _again(client: NodeClient, wrong: list[int], headers: list[WireBlock]) -> list[WireBlock]:
    """The headers, those of the blocks `wrong` fetched anew. Raises `NodeError` if they are of other blocks by now."""
    anew = dict(zip(wrong, fetch_headers(client, wrong), strict=True))
    told = []
    for header in headers:
        other = anew.get(quantity(header.number), header)
        if other.hash.lower() != header.hash.lower():
            raise NodeError(f"block {quantity(header.number)} is another one by now: the chain may be reorganising")
        told.append(other)
    return told
