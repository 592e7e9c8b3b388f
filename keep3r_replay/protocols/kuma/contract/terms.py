"""Texts that the NFTs keep: their base URIs, and the terms and conditions of bonds (KUMABondToken, v1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract import access
from keep3r_replay.protocols.kuma.contract.nfts import get_bond

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma, Nft

NO_SUCH_TERMS = "TERMS_AND_CONDITIONS_URL_DOES_NOT_EXIST"

_TNC = 6
"""Place of the number of its terms among a bond's values, v1.1."""


def set_uri(kuma: Kuma, nft: Nft, sender: str, uri: str) -> None:
    """KUMABondToken.setUri and KBCToken.setUri. Raises `Revert` without the role."""
    if nft.address == kuma.bond_token.address:
        access.only_mcag_role(kuma, sender, access.MCAG_SET_URI)
    else:
        access.only_role(kuma, sender, access.KUMA_SET_URI)
    kuma.emit(nft.address, "UriSet", kuma.uris.get(nft.address, ""), uri)
    kuma.uris[nft.address] = uri


def _only_terms_role(kuma: Kuma, sender: str) -> None:
    """What sets terms is for one role; v1 has no such functions, and whoever calls one gets nothing back."""
    if not kuma.rules.issuer:
        raise Revert("empty")
    access.only_mcag_role(kuma, sender, access.MCAG_SET_TNC)


def add_tnc(kuma: Kuma, sender: str, url: str) -> None:
    """KUMABondToken.addTnc: terms with the next number, from 1. Raises `Revert` without the role."""
    _only_terms_role(kuma, sender)
    number = len(kuma.tnc_urls) + 1
    kuma.tnc_urls[number] = url
    kuma.emit(kuma.bond_token.address, "TncAdded", number, url)


def update_tnc_url(kuma: Kuma, sender: str, number: int, url: str) -> None:
    """KUMABondToken.updateTncUrl. Raises `Revert` without the role, or where there are no such terms."""
    _only_terms_role(kuma, sender)
    before = kuma.tnc_urls.get(number, "")
    kuma.require(before != "", NO_SUCH_TERMS)
    kuma.emit(kuma.bond_token.address, "TncUrlUpdated", number, before, url)
    kuma.tnc_urls[number] = url


def update_tnc_for_token(kuma: Kuma, sender: str, token_id: int, number: int) -> None:
    """KUMABondToken.updateTncForToken: a bond under other terms. Raises `Revert`: no role, no such bond, no terms."""
    _only_terms_role(kuma, sender)
    bond = get_bond(kuma, token_id)
    kuma.require(kuma.tnc_urls.get(number, "") != "", NO_SUCH_TERMS)
    before, after = bond.declared[:_TNC], bond.declared[_TNC + 1 :]
    kuma.emit(kuma.bond_token.address, "TokenTncUpdated", token_id, bond.declared[_TNC], number)
    kuma.bonds[token_id] = bond._replace(declared=(*before, number, *after))
