"""Tokens that a direct call sends to Keep3r: what its event says arrived, held against what was sent.

A token may keep a part of what is sent, so less may arrive; more cannot. KP3R keeps nothing. Of a token that so far
arrived less a whole number of millionths, as fees are set, nothing else arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

_PARTS = 1_000_000
REGULAR_AFTER = 3
"""Times that a token must have arrived by such a fee before anything else counts against the event."""


def fee_of(sent: int, arrived: int) -> int | None:
    """The fee in millionths that leaves `arrived` of `sent` wei, whichever of the two is cut; None if there is none."""
    kept = sent - arrived
    lowest = kept * _PARTS // sent
    for fee in (lowest, lowest + 1):
        if kept == sent * fee // _PARTS or arrived == sent * (_PARTS - fee) // _PARTS:
            return fee
    return None


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
        return
    if not sent:
        # Nothing is left of nothing, whatever the fee.
        return
    fee, seen = fee_of(sent, amount), context.regular_arrivals.get(token, (0, 0))
    if fee is not None:
        context.regular_arrivals[token] = seen[0] + 1, fee
    elif seen[0] >= REGULAR_AFTER:
        expected = sent - sent * seen[1] // _PARTS
        reason = (
            "the token so far arrived less a fee in whole millionths, and this amount is none such of what was sent"
        )
        context.expect(log_index, sender, "amount", expected, amount, reason)
    else:
        context.regular_arrivals[token] = -_PARTS, 0
