"""The sidechain's escrow: Keep3r puts activated KP3R there, and takes from it what keepers withdraw.

On other chains Keep3r burns and mints KP3R instead, which leaves no event of these contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.stage import Stage


def put_into_escrow(stage: Stage, value: int) -> None:
    """The escrow's `deposit` by Keep3r; nothing where Keep3r's proxy is no escrow of these contracts."""
    escrow = stage.keep3r.parameters.keep3r_v1_proxy
    if escrow in stage.keep3r.escrows:
        _deposit(stage, escrow, stage.keep3r.address, value)


def take_from_escrow(stage: Stage, value: int) -> None:
    """The escrow's `mint` by Keep3r; nothing where Keep3r's proxy is no escrow of these contracts.

    Raises `Revert` where the escrow holds less.
    """
    escrow = stage.keep3r.parameters.keep3r_v1_proxy
    if escrow in stage.keep3r.escrows:
        _move(stage, escrow, -value)
        values: dict[str, object] = {"wkp3r": stage.kp3r, "recipient": stage.keep3r.address, "amount": value}
        stage.emit("wKP3RMinted", values, escrow)


def deposit(stage: Stage, amount: Any, provider: str = "provider", escrow: str = "escrow") -> None:
    """`deposit` of wrapped KP3R into the escrow, which withdrawals are paid from."""
    value, address = stage.amount(amount, "amount"), stage.actors[escrow]
    if address not in stage.keep3r.escrows:
        raise UsageError(f"deposit: there is no escrow '{escrow}' with Keep3r {stage.keep3r.version}")
    stage.call(provider, escrow, "deposit(uint256)", value)
    _deposit(stage, address, stage.actors[provider], value)


def _deposit(stage: Stage, escrow: str, sender: str, value: int) -> None:
    _move(stage, escrow, value)
    stage.emit("wKP3RDeposited", {"wkp3r": stage.kp3r, "sender": sender, "amount": value}, escrow)


def _move(stage: Stage, escrow: str, value: int) -> None:
    balances, holding = stage.keep3r.escrow_balances, (escrow, stage.kp3r)
    if holding in balances:
        stage.keep3r.require(balances[holding] + value >= 0, "Error(ERC20: transfer amount exceeds balance)")
        balances[holding] += value


CALLS = {"deposit": deposit}
