"""Roles: keccak256 of their names; those of one risk category are hashed together with it (AccessController, Roles)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma

KUMA_MANAGER = "KUMA_MANAGER_ROLE"
KUMA_SET_EPOCH_LENGTH = "KUMA_SET_EPOCH_LENGTH_ROLE"
KUMA_MINT = "KUMA_MINT_ROLE"
KUMA_BURN = "KUMA_BURN_ROLE"
KUMA_SWAP_PAUSE = "KUMA_SWAP_PAUSE_ROLE"
KUMA_SWAP_UNPAUSE = "KUMA_SWAP_UNPAUSE_ROLE"
KUMA_SWAP_CLAIM = "KUMA_SWAP_CLAIM_ROLE"
MCAG_MINT = "MCAG_MINT_ROLE"
MCAG_BURN = "MCAG_BURN_ROLE"
MCAG_PAUSE = "MCAG_PAUSE_ROLE"
MCAG_UNPAUSE = "MCAG_UNPAUSE_ROLE"
MCAG_TRANSMITTER = "MCAG_TRANSMITTER_ROLE"
MCAG_MANAGER = "MCAG_MANAGER_ROLE"
MCAG_BLACKLIST = "MCAG_BLACKLIST_ROLE"
MCAG_SET_URI = "MCAG_SET_URI_ROLE"
MCAG_SET_TNC = "MCAG_SET_TNC_ROLE"
KUMA_SET_URI = "KUMA_SET_URI_ROLE"

ADMIN = "0x" + "00" * 32
"""The role that may grant and revoke the others."""

MISSING_ROLE = "ACCESS_CONTROL_ACCOUNT_IS_MISSING_ROLE"


@lru_cache(maxsize=1024)
def role_hash(name: str, risk_category: str = "") -> str:
    """A role's hash as hexadecimal text; that of one risk category where one is given."""
    digest = keccak256(name.encode())
    return "0x" + (keccak256(digest + bytes.fromhex(risk_category[2:])) if risk_category else digest).hex()


def has_role(kuma: Kuma, controller: str, role: str, account: str) -> bool:
    """Whether an account holds a role (a hash) at a controller."""
    return account in kuma.roles.get((controller, role), frozenset())


def only_role(kuma: Kuma, account: str, name: str, risk_category: str = "") -> None:
    """The modifier onlyRole of the KUMA contracts; an unknown caller (empty text) is taken at the chain's word.

    Raises `Revert` ACCESS_CONTROL_ACCOUNT_IS_MISSING_ROLE.
    """
    if not account:
        return
    kuma.require(has_role(kuma, kuma.access_controller, role_hash(name, risk_category), account), MISSING_ROLE)


def only_mcag_role(kuma: Kuma, account: str, name: str) -> None:
    """The modifier onlyRole of the bond token and the aggregators. Raises `Revert` as `only_role` does."""
    if not account:
        return
    kuma.require(has_role(kuma, kuma.mcag_access_controller, role_hash(name), account), MISSING_ROLE)


def grant_role(kuma: Kuma, controller: str, sender: str, role: str, account: str) -> None:
    """AccessControl.grantRole: the admin gives a role; nothing is logged for one held already."""
    kuma.require(not sender or has_role(kuma, controller, ADMIN, sender), _missing_text(sender))
    held = kuma.roles.get((controller, role), frozenset())
    if account not in held:
        kuma.roles[controller, role] = held | {account}
        kuma.emit(controller, "RoleGranted", role, account, sender)


def revoke_role(kuma: Kuma, controller: str, sender: str, role: str, account: str) -> None:
    """AccessControl.revokeRole: the admin takes a role away; nothing is logged for one not held."""
    kuma.require(not sender or has_role(kuma, controller, ADMIN, sender), _missing_text(sender))
    _take(kuma, controller, sender, role, account)


def renounce_role(kuma: Kuma, controller: str, sender: str, role: str, account: str) -> None:
    """AccessControl.renounceRole: an account gives up its own role."""
    kuma.require(sender == account, "Error(AccessControl: can only renounce roles for self)")
    _take(kuma, controller, sender, role, account)


def _take(kuma: Kuma, controller: str, sender: str, role: str, account: str) -> None:
    held = kuma.roles.get((controller, role), frozenset())
    if account in held:
        kuma.roles[controller, role] = held - {account}
        kuma.emit(controller, "RoleRevoked", role, account, sender)


def _missing_text(account: str) -> str:
    return f"Error(AccessControl: account {account} is missing role {ADMIN})"
