"""From a transaction's input to the call it makes: functions by role and selector."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from keep3r_replay.evm.abi import TEXT, keccak256
from keep3r_replay.evm.texts import read_texts
from keep3r_replay.protocols.kuma.contract.state import Bond, Kuma
from keep3r_replay.protocols.kuma.replay.calls import Call

WORD = 32
SELECTOR = 4
_TOKEN = "kib_token"  # noqa: S105 - a role
_SWAP = "kuma_swap"
_FEES = "fee_collector"
_BONDS = "kuma_bond_token"
_CLONES = "kbc_token"
_COIN = "stable_coin"

_Build = Callable[[Kuma, str, str, tuple[object, ...]], Call]


class Function(NamedTuple):
    """A contract function: its signature, the event it ends with (empty: none), and how its arguments make a call."""

    signature: str
    event: str
    build: _Build

    @property
    def types(self) -> tuple[str, ...]:
        """Types of the arguments, a struct's members each for itself."""
        inside = self.signature.partition("(")[2][:-1].replace("(", "").replace(")", "")
        return tuple(part for part in inside.split(",") if part)


def _plain(function: str) -> _Build:
    return lambda _, contract, sender, given: Call(function, contract, sender, given)


def _with_sender(function: str) -> _Build:
    """Of functions of the stablecoin, which take the caller as an argument."""
    return lambda _, contract, sender, given: Call(function, contract, sender, (sender, *given))


def _issue_bond(_: Kuma, contract: str, sender: str, given: tuple[object, ...]) -> Call:
    return Call("issue_bond", contract, sender, (given[0], bond_of(given[1:])))


def _set_oracle(kuma: Kuma, contract: str, sender: str, given: tuple[object, ...]) -> Call:
    currency, country, term, oracle = given
    return Call("set_oracle", contract, sender, (oracle, category_named(kuma, currency, country, term)))


def category_named(kuma: Kuma, currency: object, country: object, term: object) -> str:
    """The risk category of what `OracleSet` and `setOracle` tell; raises `KeyError` where there is none."""
    for category in kuma.categories.values():
        if (*category.declared, category.term) == (currency, country, term):
            return category.risk_category
    raise KeyError(country)


def bond_of(declared: tuple[object, ...]) -> Bond:
    """A bond from the struct that v1 (ten members) or v1.1 (eleven) declares."""
    if len(declared) == 10:
        _, _, _, _, term, issuance, maturity, coupon, principal, category = declared
    else:
        _, _, _, issuance, maturity, term, _, coupon, principal, _, category = declared
    return Bond(_int(coupon), _int(principal), _int(issuance), _int(maturity), _int(term), str(category), declared)


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value


_URI = Function("setUri(string)", "UriSet", _plain("set_uri"))
_ERC721 = (
    _URI,
    Function("transferFrom(address,address,uint256)", "Transfer", _plain("nft_transfer_from")),
    Function("safeTransferFrom(address,address,uint256)", "Transfer", _plain("nft_transfer_from")),
    Function("approve(address,uint256)", "Approval", _plain("nft_approve")),
    Function("setApprovalForAll(address,bool)", "ApprovalForAll", _plain("set_approval_for_all")),
)
_ROLES = (
    Function("grantRole(bytes32,address)", "", _plain("grant_role")),
    Function("revokeRole(bytes32,address)", "", _plain("revoke_role")),
    Function("renounceRole(bytes32,address)", "", _plain("renounce_role")),
)
_STRUCT_1 = "(bytes16,bytes16,bytes4,bytes4,uint64,uint64,uint64,uint256,uint256,bytes32)"
_STRUCT_1_1 = "(bytes16,bytes16,bytes4,uint64,uint64,uint64,uint32,uint256,uint256,bytes32,bytes32)"

FUNCTIONS: dict[str, tuple[Function, ...]] = {
    _TOKEN: (
        Function("refreshYield()", "", _plain("refresh_yield")),
        Function("setEpochLength(uint256)", "EpochLengthSet", _plain("set_epoch_length")),
        Function("setMinEpochLength(uint256)", "MinEpochLengthSet", _plain("set_min_epoch_length")),
        Function("transfer(address,uint256)", "Transfer", _plain("transfer")),
        Function("transferFrom(address,address,uint256)", "Transfer", _plain("transfer_from")),
        Function("approve(address,uint256)", "Approval", _plain("approve")),
        Function("increaseAllowance(address,uint256)", "Approval", _plain("increase_allowance")),
        Function("decreaseAllowance(address,uint256)", "Approval", _plain("decrease_allowance")),
    ),
    _SWAP: (
        Function("sellBond(uint256)", "BondSold", _plain("sell_bond")),
        Function("buyBond(uint256)", "BondBought", _plain("buy_bond")),
        Function("expireBond(uint256)", "BondExpired", _plain("expire_bond")),
        Function("claimBond(uint256)", "BondClaimed", _plain("claim_bond")),
        Function("setFees(uint16,uint256)", "FeeSet", _plain("set_fees")),
        Function("pause()", "Paused", _plain("pause")),
        Function("unpause()", "Unpaused", _plain("unpause")),
        Function("initializeDeprecationMode()", "DeprecationModeInitialized", _plain("initialize_deprecation_mode")),
        Function(
            "uninitializeDeprecationMode()", "DeprecationModeUninitialized", _plain("uninitialize_deprecation_mode")
        ),
        Function("enableDeprecationMode()", "DeprecationModeEnabled", _plain("enable_deprecation_mode")),
        Function("buyBondForStableCoin(uint256,address,uint256)", "BondBought", _plain("buy_bond_for_stable_coin")),
        Function("redeemKIBT(uint256)", "KIBTRedeemed", _plain("redeem_kibt")),
        Function(
            "setDeprecationStableCoin(address)", "DeprecationStableCoinSet", _plain("set_deprecation_stable_coin")
        ),
    ),
    _FEES: (
        Function("release()", "FeeReleased", _plain("release")),
        Function("addPayee(address,uint256)", "PayeeAdded", _plain("add_payee")),
        Function("removePayee(address)", "PayeeRemoved", _plain("remove_payee")),
        Function("updatePayeeShare(address,uint256)", "ShareUpdated", _plain("update_payee_share")),
    ),
    "mcag_aggregator": (
        Function("transmit(int256)", "AnswerTransmitted", _plain("transmit")),
        Function("setMaxAnswer(int256)", "MaxAnswerSet", _plain("set_max_answer")),
    ),
    "rate_feed": (
        Function("setOracle(bytes4,bytes4,uint64,address)", "OracleSet", _set_oracle),
        Function("setOracle(bytes4,bytes32,uint32,address)", "OracleSet", _set_oracle),
        Function("setStalenessThreshold(uint256)", "StalenessThresholdSet", _plain("set_staleness_threshold")),
    ),
    _BONDS: (
        Function(f"issueBond(address,{_STRUCT_1})", "BondIssued", _issue_bond),
        Function(f"issueBond(address,{_STRUCT_1_1})", "BondIssued", _issue_bond),
        Function("redeem(uint256)", "BondRedeemed", _plain("redeem")),
        Function("addTnc(string)", "TncAdded", _plain("add_tnc")),
        Function("updateTncUrl(uint32,string)", "TncUrlUpdated", _plain("update_tnc_url")),
        Function("updateTncForToken(uint256,uint32)", "TokenTncUpdated", _plain("update_tnc_for_token")),
        Function("pause()", "Paused", _plain("pause_bond_token")),
        Function("unpause()", "Unpaused", _plain("unpause_bond_token")),
        *_ERC721,
    ),
    _CLONES: _ERC721,
    "blacklist": (
        Function("blacklist(address)", "Blacklisted", _plain("blacklist")),
        Function("unBlacklist(address)", "UnBlacklisted", _plain("un_blacklist")),
    ),
    "access_controller": _ROLES,
    "mcag_access_controller": _ROLES,
    _COIN: (
        Function("mint(address,uint256)", "Transfer", _plain("coin_mint")),
        Function("approve(address,uint256)", "Approval", _with_sender("coin_approve")),
        Function("transfer(address,uint256)", "Transfer", _with_sender("coin_transfer")),
        Function("transferFrom(address,address,uint256)", "Transfer", _with_sender("coin_transfer_from")),
    ),
}
"""Functions that change state, by role."""


@cache
def by_selector(role: str) -> dict[bytes, Function]:
    """The functions of a role by their selectors."""
    return {keccak256(each.signature.encode())[:SELECTOR]: each for each in FUNCTIONS.get(role, ())}


def call_of(kuma: Kuma, role: str, contract: str, sender: str, data: bytes) -> Call | None:
    """The call that a transaction to a contract makes; None where the function or its arguments are not known."""
    function = by_selector(role).get(data[:SELECTOR])
    if function is None:
        return None
    types = function.types
    if len(data) < SELECTOR + WORD * len(types):
        return None
    words = [data[SELECTOR + WORD * i : SELECTOR + WORD * (i + 1)] for i in range(len(types))]
    try:
        texts = iter(read_texts(types, data[SELECTOR:]) if TEXT in types else ())
        given = tuple(
            next(texts) if kind == TEXT else _value(kind, word) for kind, word in zip(types, words, strict=True)
        )
        call = function.build(kuma, contract, sender, given)
    except (KeyError, ValueError):
        return None
    # A stablecoin may be of any compiler; the others' code refuses a word with more in it than its type holds.
    is_malformed = role != _COIN and not all(_holds(kind, word) for kind, word in zip(types, words, strict=True))
    return call._replace(is_malformed=is_malformed)


def _holds(kind: str, word: bytes) -> bool:
    """Whether a word is a value of an argument's type, with nothing in the bytes that the type leaves empty."""
    if kind == "address":
        return not any(word[:12])
    if kind == "bool":
        return int.from_bytes(word, "big") <= 1
    if kind.startswith("bytes"):
        return not any(word[int(kind[5:]) :])
    if kind.startswith("uint"):
        return int.from_bytes(word, "big").bit_length() <= int(kind[4:])
    return True


def _value(kind: str, word: bytes) -> object:
    if kind == "address":
        return "0x" + word[12:].hex()
    if kind == "bool":
        return word[-1] == 1
    if kind.startswith("bytes"):
        return "0x" + word[: int(kind[5:])].hex()
    return int.from_bytes(word, "big", signed=kind.startswith("int"))
