"""KUMABondToken, the real bonds, and KBCToken, the clones: two ERC-721, and what each adds to the standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract import access
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS, Bond, CloneBond, Nft

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma

NOT_MINTED = "ERC721_INVALID_TOKEN_ID"
NOT_MINTED_TEXT = "Error(ERC721: invalid token ID)"
_NOT_APPROVED = "Error(ERC721: caller is not token owner or approved)"
_BOND_NOT_APPROVED = "ERC721_CALLER_IS_NOT_TOKEN_OWNER_OR_APPROVED"


# ERC-721


def owner_of(nft: Nft, token_id: int) -> str:
    """ERC721.ownerOf. Raises `Revert` where the token is not minted, or burned."""
    owner = nft.owners.get(token_id)
    if owner is None:
        raise Revert(NOT_MINTED_TEXT)
    return owner


def _may_move(nft: Nft, caller: str, token_id: int) -> bool:
    owner = owner_of(nft, token_id)
    return caller == owner or nft.operators.get((owner, caller), False) or nft.approvals.get(token_id) == caller


def transfer_from(kuma: Kuma, nft: Nft, caller: str, sender: str, recipient: str, token_id: int) -> None:
    """ERC721.transferFrom and safeTransferFrom; the bond token's only while it runs and for accounts in good standing.

    Raises `Revert`: no such token, a caller without approval, another owner, a zero address.
    """
    is_bond = nft is kuma.bond_token
    if is_bond:
        kuma.require(not kuma.bond_token_paused, "Error(Pausable: paused)")
        for account in (caller, sender, recipient):
            kuma.require(account not in kuma.blacklisted, "BLACKLIST_ACCOUNT_IS_BLACKLISTED")
    kuma.require(_may_move(nft, caller, token_id), _BOND_NOT_APPROVED if is_bond else _NOT_APPROVED)
    kuma.require(owner_of(nft, token_id) == sender, "Error(ERC721: transfer from incorrect owner)")
    kuma.require(recipient != ZERO_ADDRESS, "Error(ERC721: transfer to the zero address)")
    nft.approvals.pop(token_id, None)
    nft.owners[token_id] = recipient
    kuma.emit(nft.address, "Transfer", sender, recipient, token_id)


def set_approval_for_all(kuma: Kuma, nft: Nft, owner: str, operator: str, *, approved: bool) -> None:
    """ERC721.setApprovalForAll. Raises `Revert` for oneself."""
    kuma.require(owner != operator, "Error(ERC721: approve to caller)")
    nft.operators[owner, operator] = approved
    kuma.emit(nft.address, "ApprovalForAll", owner, operator, approved)


def approve(kuma: Kuma, nft: Nft, caller: str, to: str, token_id: int) -> None:
    """ERC721.approve: one token for one account."""
    owner = owner_of(nft, token_id)
    kuma.require(to != owner, "Error(ERC721: approval to current owner)")
    allowed = caller == owner or nft.operators.get((owner, caller), False)
    kuma.require(allowed, "Error(ERC721: approve caller is not token owner or approved for all)")
    nft.approvals[token_id] = to
    kuma.emit(nft.address, "Approval", owner, to, token_id)


def _mint(kuma: Kuma, nft: Nft, to: str, token_id: int) -> None:
    kuma.require(to != ZERO_ADDRESS, "Error(ERC721: mint to the zero address)")
    nft.owners[token_id] = to
    kuma.emit(nft.address, "Transfer", ZERO_ADDRESS, to, token_id)


def _burn(kuma: Kuma, nft: Nft, token_id: int) -> None:
    owner = owner_of(nft, token_id)
    nft.approvals.pop(token_id, None)
    del nft.owners[token_id]
    kuma.emit(nft.address, "Transfer", owner, ZERO_ADDRESS, token_id)


# KUMABondToken


def get_bond(kuma: Kuma, token_id: int) -> Bond:
    """KUMABondToken.getBond. Raises `Revert` ERC721_INVALID_TOKEN_ID where there is none."""
    bond = kuma.bonds.get(token_id)
    if bond is None or token_id not in kuma.bond_token.owners:
        raise Revert(NOT_MINTED)
    return bond


def issue_bond(kuma: Kuma, sender: str, to: str, bond: Bond) -> None:
    """KUMABondToken.issueBond: the next number, from 1. Raises `Revert` without the role."""
    access.only_mcag_role(kuma, sender, access.MCAG_MINT)
    kuma.require(to not in kuma.blacklisted, "BLACKLIST_ACCOUNT_IS_BLACKLISTED")
    kuma.require(not kuma.bond_token_paused, "Error(Pausable: paused)")
    nft = kuma.bond_token
    nft.counter += 1
    kuma.bonds[nft.counter] = bond
    _mint(kuma, nft, to, nft.counter)
    kuma.emit(nft.address, "BondIssued", nft.counter, *bond.declared)


def redeem(kuma: Kuma, sender: str, token_id: int) -> None:
    """KUMABondToken.redeem: the owner, with the burn role, deletes a bond."""
    access.only_mcag_role(kuma, sender, access.MCAG_BURN)
    kuma.require(not kuma.bond_token_paused, "Error(Pausable: paused)")
    kuma.require(kuma.bond_token.owners.get(token_id) == sender, "ERC721_CALLER_IS_NOT_TOKEN_OWNER")
    kuma.bonds.pop(token_id, None)
    _burn(kuma, kuma.bond_token, token_id)
    kuma.emit(kuma.bond_token.address, "BondRedeemed", token_id)


def pause_bond_token(kuma: Kuma, sender: str) -> None:
    """KUMABondToken.pause: no bond moves."""
    access.only_mcag_role(kuma, sender, access.MCAG_PAUSE)
    kuma.require(not kuma.bond_token_paused, "Error(Pausable: paused)")
    kuma.bond_token_paused = True
    kuma.emit(kuma.bond_token.address, "Paused", sender)


def unpause_bond_token(kuma: Kuma, sender: str) -> None:
    """KUMABondToken.unpause."""
    access.only_mcag_role(kuma, sender, access.MCAG_UNPAUSE)
    kuma.require(kuma.bond_token_paused, "Error(Pausable: not paused)")
    kuma.bond_token_paused = False
    kuma.emit(kuma.bond_token.address, "Unpaused", sender)


# Blacklist


def blacklist(kuma: Kuma, sender: str, account: str) -> None:
    """Blacklist.blacklist: an account that may neither send nor receive bonds."""
    access.only_mcag_role(kuma, sender, access.MCAG_BLACKLIST)
    kuma.blacklisted |= {account}
    kuma.emit(kuma.blacklist, "Blacklisted", account)


def un_blacklist(kuma: Kuma, sender: str, account: str) -> None:
    """Blacklist.unBlacklist."""
    access.only_mcag_role(kuma, sender, access.MCAG_BLACKLIST)
    kuma.blacklisted -= {account}
    kuma.emit(kuma.blacklist, "UnBlacklisted", account)


# KBCToken


def get_clone_bond(kuma: Kuma, token_id: int) -> CloneBond:
    """KBCToken.getBond. Raises `Revert` ERC721_INVALID_TOKEN_ID where there is none."""
    clone = kuma.clones.get(token_id)
    if clone is None:
        raise Revert(NOT_MINTED)
    return clone


def issue_clone(kuma: Kuma, to: str, clone: CloneBond) -> int:
    """KBCToken.issueBond, called by a swap: the next clone's number."""
    nft = kuma.kbc_token
    nft.counter += 1
    kuma.clones[nft.counter] = clone
    _mint(kuma, nft, to, nft.counter)
    kuma.emit(nft.address, "CloneBondIssued", nft.counter, *clone)
    return nft.counter


def redeem_clone(kuma: Kuma, token_id: int) -> None:
    """KBCToken.redeem, called by a swap: the clone is burned, whoever holds it."""
    parent = get_clone_bond(kuma, token_id).parent_id
    del kuma.clones[token_id]
    _burn(kuma, kuma.kbc_token, token_id)
    kuma.emit(kuma.kbc_token.address, "CloneBondRedeemed", token_id, parent)
