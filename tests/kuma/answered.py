"""A recording's readings as a contract would answer them: by call data, in the ABI's words."""

from __future__ import annotations

from typing import Any, NamedTuple

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments

_ARGUMENTS = {
    **dict.fromkeys(("balanceOf", "getBaseBalance"), "address"),
    **dict.fromkeys(("ownerOf", "getBond", "getBondBaseValue", "getCloneBond", "getBondValue"), "uint256"),
    "getCouponInventory": "uint256",
    "getRate": "bytes32",
}
_OF_BOND = {"baseValue": "getBondBaseValue", "cloneBond": "getCloneBond", "bondValue": "getBondValue"}


class Reverted(NamedTuple):
    """What a call reverts with, in hexadecimal."""

    data: str


def call_data(view: str, *arguments: Any) -> str:
    """The input that asks a view."""
    types = [_ARGUMENTS[view]] if arguments else []
    selector = keccak256(f"{view}({','.join(types)})".encode())[:4]
    return "0x" + (selector + encode_arguments(types, arguments)).hex()


def answered(value: Any) -> str | Reverted:
    """A recorded value in the ABI's words: a number, truth value, address, struct of numbers, list of numbers."""
    if isinstance(value, dict):
        return Reverted(value["revert"])
    if isinstance(value, list):
        return "0x" + (_word(32) + _word(len(value)) + b"".join(_word(each) for each in value)).hex()
    return "0x" + _word(value).hex()


def _word(value: Any) -> bytes:
    return (int(value, 16 if str(value).startswith("0x") else 10) if isinstance(value, str) else int(value)).to_bytes(
        32, "big"
    )


Found = dict[tuple[str, str], str | Reverted]
"""What contracts answer, by contract and call data."""


def answers(told: dict[str, Any], line: dict[str, Any]) -> Found:
    """What every contract answers after the block of a line."""
    found: Found = {}
    for category in told["categories"]:
        if category["country"] in line["cats"]:
            found |= _of_category(told, category, line["cats"][category["country"]])
    swaps = [category["KUMASwap"].lower() for category in told["categories"] if category["country"] in line["cats"]]
    return found | _of_nfts(told["KUMABondToken"].lower(), told["KBCToken"].lower(), swaps, line)


def _of_category(told: dict[str, Any], category: dict[str, Any], views: dict[str, Any]) -> Found:
    token, swap = category["KIBToken"].lower(), category["KUMASwap"].lower()
    found: Found = {(token, call_data(view)): answered(value) for view, value in views["kibt"].items()}
    found |= {(swap, call_data(view)): answered(value) for view, value in views["swap"].items()}
    for view in ("balanceOf", "getBaseBalance"):
        for account, value in views[view].items():
            found[token, call_data(view, account.lower())] = answered(value)
    for coupon, value in views.get("couponInventory", {}).items():
        found[swap, call_data("getCouponInventory", int(coupon))] = answered(value)
    found[told["rateFeed"].lower(), call_data("getRate", category["riskCategory"])] = answered(views["rate"])
    found[told["stableCoin"].lower(), call_data("balanceOf", swap)] = answered(views["stableBalance"])
    return found


def _of_nfts(bonds: str, clones: str, swaps: list[str], line: dict[str, Any]) -> Found:
    found: Found = {
        (bonds, call_data("getTokenIdCounter")): answered(line["bondCounter"]),
        (clones, call_data("getTokenIdCounter")): answered(line["cloneCounter"]),
    }
    for number, views in line.get("bonds", {}).items():
        found[bonds, call_data("ownerOf", int(number))] = answered(views["owner"])
        for recorded in _OF_BOND.keys() & views.keys():
            for swap in swaps:
                # The recording asked the bond's own swap; nobody asks another.
                found[swap, call_data(_OF_BOND[recorded], int(number))] = answered(views[recorded])
    for number, views in line.get("clones", {}).items():
        found[clones, call_data("ownerOf", int(number))] = answered(views["owner"])
        bond = views["bond"]
        whole = Reverted(bond["revert"]) if isinstance(bond, dict) else "0x" + b"".join(map(_word, bond)).hex()
        found[clones, call_data("getBond", int(number))] = whole
    return found
