"""KUMAFeeCollector: fees shared out among payees; every change of payees releases first what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.contract import access, kib_token
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

_ZERO_SHARE = "SHARE_CANNOT_BE_ZERO"


def release(kuma: Kuma, category: Category) -> None:
    """KUMAFeeCollector.release, by anyone. Raises `Revert`: nothing there, or nobody to pay."""
    income = kib_token.balance_of(category.kibt, category.collector.address, kuma.now)
    kuma.require(income != 0, "NO_AVAILABLE_INCOME")
    kuma.require(bool(category.collector.payees), "NO_PAYEES")
    _release(kuma, category, income)


def _release(kuma: Kuma, category: Category, income: int) -> None:
    collector = category.collector
    total = sum(collector.shares[payee] for payee in collector.payees)
    for payee in list(collector.payees):
        part = income * collector.shares[payee] // total
        kib_token.transfer(kuma, category, collector.address, payee, part)
    kuma.emit(collector.address, "FeeReleased", income)


def _release_if_available(kuma: Kuma, category: Category) -> None:
    income = kib_token.balance_of(category.kibt, category.collector.address, kuma.now)
    if income != 0 and category.collector.payees:
        _release(kuma, category, income)


def add_payee(kuma: Kuma, category: Category, sender: str, payee: str, share: int) -> None:
    """KUMAFeeCollector.addPayee. Raises `Revert`: no manager, a zero, a payee already there."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    _release_if_available(kuma, category)
    _add(kuma, category, payee, share)


def remove_payee(kuma: Kuma, category: Category, sender: str, payee: str) -> None:
    """KUMAFeeCollector.removePayee: the last payee moves into the gap."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(payee in category.collector.payees, "PAYEE_DOES_NOT_EXIST")
    _release_if_available(kuma, category)
    _remove(kuma, category, payee)


def update_payee_share(kuma: Kuma, category: Category, sender: str, payee: str, share: int) -> None:
    """KUMAFeeCollector.updatePayeeShare."""
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(payee in category.collector.payees, "PAYEE_DOES_NOT_EXIST")
    kuma.require(share != 0, _ZERO_SHARE)
    _release_if_available(kuma, category)
    category.collector.shares[payee] = share
    kuma.emit(category.collector.address, "ShareUpdated", payee, share)


def change_payees(
    kuma: Kuma,
    category: Category,
    sender: str,
    payees: Sequence[str],
    shares: Sequence[int],
    leaving: Sequence[str] = (),
) -> None:
    """KUMAFeeCollector.changePayees: all payees leave, others come.

    `leaving` is the order in which logs show the former payees to leave; without it, they leave from the last to the
    first.
    """
    access.only_role(kuma, sender, access.KUMA_MANAGER)
    kuma.require(len(payees) == len(shares), "PAYEES_AND_SHARES_MISMATCHED")
    kuma.require(bool(payees), "NO_PAYEES")
    _release_if_available(kuma, category)
    present = list(category.collector.payees)
    for payee in leaving if sorted(leaving) == sorted(present) else reversed(present):
        _remove(kuma, category, payee)
    for payee, share in zip(payees, shares, strict=True):
        _add(kuma, category, payee, share)


def _add(kuma: Kuma, category: Category, payee: str, share: int) -> None:
    collector = category.collector
    kuma.require(share != 0, _ZERO_SHARE)
    kuma.require(payee != ZERO_ADDRESS, "CANNOT_SET_TO_ADDRESS_ZERO")
    kuma.require(payee not in collector.payees, "PAYEE_ALREADY_EXISTS")
    if payee not in collector.payees:
        collector.payees.append(payee)
    collector.shares[payee] = share
    kuma.emit(collector.address, "PayeeAdded", payee, share)


def _remove(kuma: Kuma, category: Category, payee: str) -> None:
    collector = category.collector
    position = collector.payees.index(payee)
    last = collector.payees.pop()
    if last != payee:
        collector.payees[position] = last
    del collector.shares[payee]
    kuma.emit(collector.address, "PayeeRemoved", payee)
