"""Inputs that cannot be those of their transactions: they name numbers that no such call goes through with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.contract.state import Bond
from keep3r_replay.protocols.kuma.replay.infer import next_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.replay.calls import Call
    from keep3r_replay.protocols.kuma.replay.observed import Observed

_ANY = frozenset({"approve", "increase_allowance", "decrease_allowance", "coin_approve"})
"""Calls that may go through with any number."""
_IDS = frozenset({"sell_bond", "buy_bond", "expire_bond", "claim_bond", "buy_bond_for_stable_coin", "redeem"})
"""Calls whose first number is that of a bond or a clone."""
_NFTS = frozenset({"nft_transfer_from", "nft_approve"})
"""Calls whose last argument is that of a bond or a clone."""
_MOST_IDS, _MOST_SECONDS, _MOST = 2**32, 2**63, 10**38


class Lie(NamedTuple):
    """What an input asks for that cannot be, with what the logs tell instead."""

    function: str
    asked: str
    logged: str


def lie_of(kuma: Kuma, call: Call | None, events: Sequence[Observed]) -> Lie | None:
    """What cannot be in the call of a transaction that went through with these logs; None where it can.

    The numbers in question are beyond what a log of the call could say (38 digits), than bonds are counted (32 bits),
    and than there are seconds (63 bits); but what the logs themselves say is no lie.
    """
    if call is None or not events:
        return None
    beyond = next(_beyond(call), None)
    if beyond is None and not call.is_malformed:
        return None
    told = next_call(kuma, events, 0).call
    named = (call.function, call.arguments, call.is_malformed)
    if told is not None and (told.function, told.arguments, told.is_malformed) == named:
        return None
    asked = "malformed arguments" if beyond is None else str(beyond)
    return Lie(call.function, asked, told.function if told is not None else events[0].event)


def _beyond(call: Call) -> Iterator[int]:
    """Numbers of a call that it cannot have gone through with."""
    arguments = call.arguments
    if call.function in _ANY:
        return
    if call.function in _IDS | _NFTS:
        number = arguments[0] if call.function in _IDS else arguments[-1]
        if isinstance(number, int) and number >= _MOST_IDS:
            yield number
    if call.function == "set_epoch_length":
        yield from (each for each in arguments if isinstance(each, int) and each >= _MOST_SECONDS)
    for argument in arguments:
        if isinstance(argument, Bond):
            yield from (each for each in (argument.issuance, argument.maturity, argument.term) if each >= _MOST_SECONDS)
            yield from (each for each in (argument.coupon, argument.principal) if each >= _MOST)
        elif isinstance(argument, int) and abs(argument) >= _MOST:
            yield argument
