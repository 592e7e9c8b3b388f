"""Tokens that a direct call sends to Keep3r: what its event says arrived, held against what was sent.

A token may keep a part of what is sent, so less may arrive; more cannot. KP3R keeps nothing. What another token keeps
is judged by all that ever arrived of it (`audit.arrivals`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Arrival
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


def expect_arrival(
    context: CallContext, log_index: int, sender: str, token: str, amount: int, signature: str, position: int
) -> None:
    """Hold the `amount` of the event at `log_index` against the argument at `position` of a direct call."""
    keep3r = context.keep3r
    context.expect_transfer(log_index, sender, token, sender, keep3r.address, amount)
    arguments = direct_arguments(context.direct_inputs, context.transaction, signature)
    if arguments is None:
        return
    sent = int(arguments[position])
    if amount > sent or (amount != sent and token == keep3r.parameters.keep3r_v1):
        context.expect(log_index, sender, "amount", sent, amount, "the transaction sent another amount")
    elif sent:
        # Nothing is left of nothing, whatever the fee.
        context.arrivals.append(Arrival(context.block_number, log_index, sender, token, str(sent), amount))
