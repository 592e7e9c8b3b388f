"""The questions whose answers are a deployment's readings: every view, for every subject that events have named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.chain.views import NOBODY, Question, View
from keep3r_replay.protocols.kuma.contract.kuma_swap import NO_SUCH_BOND
from keep3r_replay.protocols.kuma.contract.nfts import NOT_MINTED
from keep3r_replay.protocols.kuma.contract.rate_feed import STALE
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.recording.meta import VERSIONED

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake

_UINT, _BOOL, _ADDRESS, _LIST = ("uint256",), ("bool",), ("address",), ("uint256[]",)
_OF_TOKEN = (
    *("getYield", "getCumulativeYield", "getUpdatedCumulativeYield", "getLastRefresh", "getEpochLength"),
    *("getPreviousEpochTimestamp", "totalSupply", "getTotalBaseSupply"),
)
_OF_SWAP = {
    **dict.fromkeys(("getMinCoupon", "getVariableFee", "getFixedFee", "getDeprecationInitializedAt"), _UINT),
    **dict.fromkeys(("isExpired", "isDeprecated", "isDeprecationInitialized", "paused"), _BOOL),
    **dict.fromkeys(("getExpiredBonds", "getBondReserve", "getCoupons"), _LIST),
}
_CLONE = _UINT * 4


def questions_at(lake: Lake, block: int) -> list[Question]:
    """The questions to ask of every contract that has logged anything up to a block.

    What a node can not be asked is left out: storage words that no view answers.
    """
    there = _there(lake, block)
    version = next(each.version for each in lake.deployment.contracts if each.role in VERSIONED)
    questions: list[Question] = []
    for contract in lake.deployment.contracts:
        asked = _ASKED.get(contract.role)
        if asked is not None and contract.address in there:
            questions += asked(lake, contract, block, version)
    return questions


def _plain(contract: str, names: Any, returns: tuple[str, ...]) -> list[Question]:
    return [Question(contract, View(name, (), returns)) for name in names]


def _of_token(lake: Lake, contract: Contract, block: int, version: str) -> list[Question]:
    token = contract.address
    names = [*_OF_TOKEN, *(["getMinEpochLength"] if RULES[version].epoch_length_has_minimum else [])]
    table = "events/kib_token.Transfer"
    accounts = {*_seen(lake, table, "from", block, token), *_seen(lake, table, "to", block, token)}
    return [
        *_plain(token, names, _UINT),
        *(
            Question(token, View(name, _ADDRESS, _UINT), (account,))
            for name in ("balanceOf", "getBaseBalance")
            for account in sorted(accounts - {NOBODY})
        ),
    ]


def _of_swap(lake: Lake, contract: Contract, block: int, version: str) -> list[Question]:
    swap, rules = contract.address, RULES[version]
    questions = [question for name, returns in _OF_SWAP.items() for question in _plain(swap, (name,), returns)]
    if rules.coupons_maximum is None:
        questions += _plain(swap, ("getMaxCoupons",), _UINT)
    bonds = lake.scan("events/kuma_bond_token.BondIssued", until_block=block).collect()
    category = bytes.fromhex(contract.facts["risk_category"][2:])
    own = bonds.filter(pl.col("risk_category") == category)
    inventory = View("getCouponInventory", _UINT, _UINT)
    questions += [Question(swap, inventory, (int(coupon),)) for coupon in own["coupon"].unique().sort()]
    views = [View(name, _UINT, _UINT) for name in ("getBondBaseValue", "getCloneBond")]
    if rules.views_bond_value:
        views.append(View("getBondValue", _UINT, _UINT, (NO_SUCH_BOND,)))
    return [*questions, *(Question(swap, view, (int(number),)) for view in views for number in own["token_id"].sort())]


def _of_bonds(lake: Lake, contract: Contract, block: int, _: str) -> list[Question]:
    numbers = _seen(lake, "events/kuma_bond_token.BondIssued", "token_id", block)
    owner = View("ownerOf", _UINT, _ADDRESS)
    return [
        *_plain(contract.address, ("getTokenIdCounter",), _UINT),
        *(Question(contract.address, owner, (int(number),)) for number in numbers),
    ]


def _of_clones(lake: Lake, contract: Contract, block: int, _: str) -> list[Question]:
    numbers = _seen(lake, "events/kbc_token.CloneBondIssued", "clone_id", block)
    views = View("ownerOf", _UINT, _ADDRESS), View("getBond", _UINT, _CLONE, (NOT_MINTED,))
    return [
        *_plain(contract.address, ("getTokenIdCounter",), _UINT),
        *(Question(contract.address, view, (int(number),)) for view in views for number in numbers),
    ]


def _of_rate_feed(lake: Lake, contract: Contract, block: int, _: str) -> list[Question]:
    rate = View("getRate", ("bytes32",), _UINT, (STALE,))
    there = _there(lake, block)
    tokens = [each for each in lake.deployment.contracts if each.role == "kib_token" and each.address in there]
    return [Question(contract.address, rate, (each.facts["risk_category"],)) for each in tokens]


def _of_coin(lake: Lake, contract: Contract, block: int, _: str) -> list[Question]:
    there = _there(lake, block)
    swaps = [each.address for each in lake.deployment.contracts if each.role == "kuma_swap" and each.address in there]
    balance = View("balanceOf", _ADDRESS, _UINT)
    return [Question(contract.address, balance, (swap,)) for swap in swaps]


_ASKED = {
    "kib_token": _of_token,
    "kuma_swap": _of_swap,
    "kuma_bond_token": _of_bonds,
    "kbc_token": _of_clones,
    "rate_feed": _of_rate_feed,
    "stable_coin": _of_coin,
}
"""What is asked, by role."""


def _there(lake: Lake, block: int) -> frozenset[str]:
    """Contracts that have logged anything up to a block."""
    raw = lake.scan("logs", until_block=block).select("address").unique().collect()
    return frozenset("0x" + address.hex() for address in raw["address"].to_list())


def _seen(lake: Lake, table: str, column: str, block: int, emitter: str | None = None) -> list[Any]:
    """The values that a table's column has named up to a block (of one contract, if one is given), sorted."""
    if not lake.has(table):
        return []
    frame = lake.scan(table, until_block=block).select("address", column).unique().collect()
    return sorted({named for address, named in frame.iter_rows() if emitter in {None, address}})
