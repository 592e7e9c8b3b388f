"""The sidechain's escrow: Keep3r puts activated KP3R there, and takes from it what keepers withdraw.

On other chains Keep3r burns and mints KP3R instead, which leaves no event of these contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World


def put_into_escrow(world: World, value: int) -> None:
    """The escrow's `deposit` by Keep3r; nothing where Keep3r's proxy is no escrow of these contracts."""
    escrow = world.keep3r.parameters.keep3r_v1_proxy
    if escrow in world.keep3r.escrows:
        _deposit(world, escrow, world.keep3r.address, value)


def take_from_escrow(world: World, value: int) -> None:
    """The escrow's `mint` by Keep3r; nothing where Keep3r's proxy is no escrow of these contracts.

    Raises `Revert` where the escrow holds less.
    """
    escrow = world.keep3r.parameters.keep3r_v1_proxy
    if escrow in world.keep3r.escrows:
        _move(world, escrow, -value)
        values: dict[str, object] = {"wkp3r": world.kp3r, "recipient": world.keep3r.address, "amount": value}
        world.emit("wKP3RMinted", values, escrow)


def deposit(world: World, amount: Any, provider: str = "provider", escrow: str = "escrow") -> None:
    """`deposit` of wrapped KP3R into the escrow, which withdrawals are paid from.

    Raises `UsageError` where the version has no escrow.
    """
    value, address = world.amount(amount, "amount"), world.actors[escrow]
    if address not in world.keep3r.escrows:
        raise UsageError(f"deposit: there is no escrow '{escrow}' with Keep3r {world.keep3r.version}")
    world.call(provider, escrow, "deposit(uint256)", value)
    _deposit(world, address, world.actors[provider], value)


def _deposit(world: World, escrow: str, sender: str, value: int) -> None:
    _move(world, escrow, value)
    world.emit("wKP3RDeposited", {"wkp3r": world.kp3r, "sender": sender, "amount": value}, escrow)


def _move(world: World, escrow: str, value: int) -> None:
    balances, holding = world.keep3r.escrow_balances, (escrow, world.kp3r)
    if holding in balances:
        world.keep3r.require(balances[holding] + value >= 0, "Error(ERC20: transfer amount exceeds balance)")
        balances[holding] += value


CALLS = {"deposit": deposit}
