"""What an overlay may say: its values in one spelling, and those refused that make no sense."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.expiry import EXPIRY_RULES
from keep3r_replay.what_if.values import fraction, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIGN = "align"
LEARNED, ALWAYS, NEVER = "learned", "true", "false"
"""Values of `atomic`."""
_UINT256 = 1 << 256
_MOST_TICK = 887_272
"""No pool's tick goes further from 0."""
_WHOLE = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_NOT_BELOW_ONE = ("reward_period_time", "inflation_period", "target_bond", "quote_twap_time")
_TIMES = ("bond_time", "unbond_time", "reward_period_time")
"""Parameters that times of the tables are made with."""
_MOST_SECONDS = 1 << 62
_ADDRESSES = ("liquidity_job", "credits_job", "drop_job", "bond_keeper", "market_pool")
_FRACTIONS = (
    *("liquidity_factor", "yield_least", "yield_most", "yield_step"),
    *("drop_share", "skip_below", "base_fee_factor", "tick_scale"),
)
_WORK = ("gas", "payment", "from_block", "until_block", "validates")


def normal(overlay: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold addresses and records, each in one spelling."""
    return {
        "drop_works": [address_text(each) for each in overlay["drop_works"]],
        "liquidity": [
            record("liquidity", each, ("job", "liquidity", "amount", "block")) for each in overlay["liquidity"]
        ],
        "credits": [record("credits", each, ("job", "amount", "block")) for each in overlay["credits"]],
        "bonds": [record("bonds", each, ("keeper",), ("add", "set", "block")) for each in overlay["bonds"]],
        "add_works": [record("add_works", each, ("job", "keeper", "every"), _WORK) for each in overlay["add_works"]],
        "new": [address_text(each) for each in overlay["new"]],
        "atomic": overlay["atomic"].lower(),
        **{name: overlay[name].lower() for name in _ADDRESSES},
    }


def check(overlay: Mapping[str, Any], parameters: Mapping[str, int]) -> None:
    """Refuse values that make no sense. Raises `UsageError`, which names the change."""
    for name in _FRACTIONS:
        fraction(name, overlay[name])
    if Fraction(overlay["drop_share"]) > 1:
        raise UsageError(f"overlay.drop_share={overlay['drop_share']}: above 1")
    _check_yields(overlay)
    if overlay["expiry"] not in EXPIRY_RULES:
        raise UsageError(f"overlay.expiry={overlay['expiry']}: no such rule; there are {', '.join(EXPIRY_RULES)}")
    if overlay["atomic"] not in {LEARNED, ALWAYS, NEVER}:
        raise UsageError(f"overlay.atomic={overlay['atomic']}: say {LEARNED}, {ALWAYS} or {NEVER}")
    _check_numbers(overlay, parameters)
    if overlay["bond_add"] and not overlay["bond_keeper"]:
        raise UsageError("overlay.bond_add: say whose, overlay.bond_keeper=ADDRESS")
    if overlay["credits_add"] and not overlay["credits_job"]:
        raise UsageError("overlay.credits_add: say whose, overlay.credits_job=ADDRESS")
    for amount in (overlay["credits_add"], *(entry["amount"] for entry in overlay["credits"])):
        if amount < 0:
            raise UsageError(f"overlay.credits: {amount} is below 0; governance takes no credits away")
    if overlay["reset_gas"] < 0:
        raise UsageError(f"overlay.reset_gas={overlay['reset_gas']}: below 0")
    _check_market(overlay)
    _check_records(overlay)


def _check_numbers(overlay: Mapping[str, Any], parameters: Mapping[str, int]) -> None:
    for name, value in parameters.items():
        if value < (1 if name in _NOT_BELOW_ONE else 0):
            raise UsageError(f"overlay.{name}={value}: too small")
        if name in _TIMES and value >= _MOST_SECONDS:
            raise UsageError(f"overlay.{name}={value}: more than 2^62 seconds, which no table of times holds")
    for name in _TIMES:
        if parameters.get(name, 0) >= _MOST_SECONDS:
            raise UsageError(
                f"overlay.{name}={parameters[name]}: more than 2^62 seconds, which no table of times holds"
            )
    for name, value in overlay.items():
        if isinstance(value, int) and abs(value) >= _UINT256:
            raise UsageError(f"overlay.{name}: more than 256 bits")
    _check_fees(overlay)
    if abs(overlay["tick_shift"]) > 2 * _MOST_TICK:
        raise UsageError(f"overlay.tick_shift={overlay['tick_shift']}: ticks end at {_MOST_TICK}")


def _check_fees(overlay: Mapping[str, Any]) -> None:
    floor, cap = overlay["base_fee_floor"], overlay["base_fee_cap"]
    for name, fee in (("base_fee_floor", floor), ("base_fee_cap", cap)):
        if fee is not None and fee < 0:
            raise UsageError(f"overlay.{name}={fee}: below 0")
    if floor is not None and cap is not None and floor > cap:
        raise UsageError(f"overlay.base_fee_floor={floor}: above overlay.base_fee_cap={cap}")


def _check_yields(overlay: Mapping[str, Any]) -> None:
    least, most, step = (Fraction(overlay[f"yield_{name}"]) for name in ("least", "most", "step"))
    if not 0 < step <= 1:
        raise UsageError(f"overlay.yield_step={overlay['yield_step']}: say a share above 0, up to 1")
    if most and least > most:
        raise UsageError(f"overlay.yield_least={overlay['yield_least']}: above overlay.yield_most")
    if (least or most) and Fraction(overlay["liquidity_factor"]) != 1:
        raise UsageError("overlay.liquidity_factor: liquidity that reacts to its yield is not scaled: say one of them")


def _check_market(overlay: Mapping[str, Any]) -> None:
    offset = overlay["market_offset"]
    if offset != ALIGN and not _WHOLE.fullmatch(offset):
        raise UsageError(f"overlay.market_offset={offset}: no whole number of seconds; or say {ALIGN}")
    if offset != "0" and not (overlay["market_lake"] or overlay["market_pool"]):
        raise UsageError("overlay.market_offset: say of which market: overlay.market_lake=FOLDER, market_pool=ADDRESS")


def _check_records(overlay: Mapping[str, Any]) -> None:
    for entry in overlay["bonds"]:
        if ("add" in entry) == ("set" in entry):
            raise UsageError("overlay.bonds: an entry says add or set")
        if entry.get("set", 0) < 0:
            raise UsageError(f"overlay.bonds: set={entry['set']} is below 0")
    for entry in overlay["add_works"]:
        if ("gas" in entry) == ("payment" in entry) or entry["every"] < 1:
            raise UsageError("overlay.add_works: an entry says gas or payment, and every at least 1 second")
        for name in ("gas", "payment"):
            if entry.get(name, 0) < 0:
                raise UsageError(f"overlay.add_works: {name}={entry[name]} is below 0")


def address_text(value: object) -> str:
    """An address in lower case; one that YAML took for a number becomes text again."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"0x{value:0{40 if value < 1 << 160 else 64}x}"
    return str(value).lower()


def record(name: str, value: object, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """One record of a list, checked for its keys. Raises `UsageError`."""
    keys = {str(key) for key in value} if isinstance(value, dict) else set()
    if not isinstance(value, dict) or not set(required) <= keys or keys - {*required, *optional}:
        wanted = ", ".join((*required, *(f"[{each}]" for each in optional)))
        raise UsageError(f"overlay.{name}: an entry is made of {wanted}")
    checked: dict[str, Any] = {}
    for key, each in value.items():
        if key in {"job", "keeper", "liquidity"}:
            checked[key] = address_text(each)
            continue
        if key == "validates":
            if not isinstance(each, bool):
                raise UsageError(f"overlay.{name}: {key} is true or false")
            checked[key] = each
            continue
        checked[key] = whole_number(f"{name}.{key}", each)
    return checked
