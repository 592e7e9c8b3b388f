"""Answers of views by the model, as a node gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_abi import decode, encode

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.extract.views import OBSERVATIONS
from tests.rehearsal.served import _observation, _reverted, _typed

if TYPE_CHECKING:
    from keep3r_replay.chain.views import View
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2

REVERTED = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}


def viewed(protocol: Keep3rV2, address: str, view: View, data: str) -> dict[str, Any]:
    """What a call of a view answers, by the arguments in `data`, hexadecimal; `REVERTED` where there is none."""
    arguments = decode(view.takes, bytes.fromhex(data))
    flat = [item for each in arguments for item in (each if isinstance(each, tuple) else [each])]
    if view == OBSERVATIONS:
        values = _observation(protocol.keep3r.pools[address], *flat)
    else:
        answer = protocol.view(address, view.name, [str(each).lower() for each in flat], "view")
        if answer is None:
            return REVERTED
        try:
            said = answer()
        except Revert as revert:
            return _reverted(revert)
        values = said if len(view.returns) > 1 else [said]
    plain = [_typed(kind, each) for kind, each in zip(view.returns, values, strict=True)]
    return {"result": "0x" + encode(view.returns, plain).hex()}
