"""What a what-if changes, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.audit.keepers import NOT_VERIFIED, Reimbursement
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.what_if.names import check_names

if TYPE_CHECKING:
    from collections.abc import Sequence

MEANINGS = {
    "expire": "who is expired otherwise: `all`, or numbers of bonds",
    "expire_at": "with expire: `maturity`, `deadline` (the last second of grace; so if none is said) or `never`",
    "delay": "with expire: seconds after that",
    "refresh": "`rate_changes`: refreshYield at once whenever an answer is transmitted",
    "epoch_length": "seconds of an epoch, in place of every length set",
    "epoch_length_from": "block from which that length holds; the beginning if none is named",
    "variable_fee": "basis points of every sale",
    "fixed_fee": "wei of every sale",
    "rate_scale": "basis points: transmitted rates above zero percent times this",
    "rate_shift": "rays per second added to every transmitted rate",
    "rates": "answers by block of the transmission, in place of those transmitted",
    "rate_file": "CSV of time, category and answer: from its first line on, in place of all that was transmitted",
    "version": "rules to run under: 1.0 or 1.1",
    "staleness_threshold": "seconds after which a rate is refused under 1.1; under it a history of 1.0 has none",
    "gas_overhead": f"reimbursement ({NOT_VERIFIED}): gas beside that of the receipt",
    "gas_feed": f"reimbursement ({NOT_VERIFIED}): wei a unit of gas by the feed, in place of the transaction's price",
    "max_gas_price": f"reimbursement ({NOT_VERIFIED}): wei a unit of gas at most",
    "reward": f"reimbursement ({NOT_VERIFIED}): wei beside the gas",
    "keeper_funds": f"reimbursement ({NOT_VERIFIED}): wei in the contract at the beginning; enough if none is said",
}
"""Every change, each with its meaning in one line."""

_NEVER_BELOW_ZERO = (
    *("delay", "epoch_length_from", "variable_fee", "fixed_fee", "rate_scale", "staleness_threshold"),
    *("gas_overhead", "gas_feed", "max_gas_price", "reward", "keeper_funds"),
)


@dataclass(frozen=True)
class Changes:
    """Changes of one what-if; see `MEANINGS`. None leaves a thing as it was."""

    expire: str | Sequence[int] | None = None
    expire_at: str = "deadline"
    delay: int = 0
    refresh: str | None = None
    epoch_length: int | None = None
    epoch_length_from: int | None = None
    variable_fee: int | None = None
    fixed_fee: int | None = None
    rate_scale: int | None = None
    rate_shift: int | None = None
    rates: Mapping[int, int] = field(default_factory=dict)
    rate_file: str | None = None
    version: str | None = None
    staleness_threshold: int | None = None
    gas_overhead: int | None = None
    gas_feed: int | None = None
    max_gas_price: int | None = None
    reward: int | None = None
    keeper_funds: int | None = None

    @property
    def changes_calls(self) -> bool:
        """Whether anything happens otherwise on chain; the reimbursement is reckoned beside it."""
        return self.without_reimbursement != Changes(expire_at=self.expire_at, delay=self.delay)

    @property
    def without_reimbursement(self) -> Changes:
        """The same, with the reimbursement as it is."""
        given = {name: getattr(self, name) for name in Changes.__dataclass_fields__ if name not in _REIMBURSED}
        return Changes(**given)

    @property
    def reimbursement(self) -> Reimbursement:
        """KUMAKeeper's terms with what is changed of them."""
        given = {term: getattr(self, name) for name, term in _REIMBURSED.items()}
        return Reimbursement(**{term: value for term, value in given.items() if value is not None})


_REIMBURSED = {
    "gas_overhead": "overhead",
    "gas_feed": "gas_feed",
    "max_gas_price": "max_gas_price",
    "reward": "reward",
    "keeper_funds": "funds",
}
"""Changes of the reimbursement -> terms of its formula."""


def changes_of(given: Mapping[str, Any]) -> Changes:
    """Changes from plain values. Raises `UsageError` for a name or value that makes no sense."""
    check_names(given, MEANINGS)
    told = {name: value for name, value in given.items() if value is not None}
    whole = {name: _whole(name, told[name]) for name in _WHOLE if name in told}
    for name, kind in (("refresh", {"rate_changes"}), ("expire_at", {"maturity", "deadline", "never"})):
        if told.get(name) not in {None, *kind}:
            raise UsageError(f"{name}={told[name]!r}: say {', '.join(sorted(kind))}")
    for name in _NEVER_BELOW_ZERO:
        if whole.get(name, 0) < 0:
            raise UsageError(f"{name}={whole[name]}: no negative numbers")
    if whole.get("epoch_length", 1) <= 0:
        raise UsageError(f"epoch_length={whole['epoch_length']}: an epoch has at least one second")
    if "epoch_length_from" in whole and "epoch_length" not in whole:
        raise UsageError("epoch_length_from: of what length? say epoch_length too")
    _check_expiries(told)
    if "rate_file" in told and ("rates" in told or "rate_scale" in told or "rate_shift" in told):
        raise UsageError("rate_file gives the whole path of rates: leave rates, rate_scale and rate_shift out")
    structured = {
        "expire": _chosen(told.get("expire")),
        "rates": _by_block(told.get("rates", {})),
        "version": _version(told.get("version")),
    }
    return Changes(**{**told, **whole, **{name: value for name, value in structured.items() if value is not None}})


def _check_expiries(told: Mapping[str, Any]) -> None:
    """Raise `UsageError` where the time of an expiry is told that does not happen: it would change nothing."""
    for name in ("expire_at", "delay"):
        if name in told and "expire" not in told:
            raise UsageError(f"{name}: of which bonds? say expire too")
    if told.get("expire_at") == "never" and "delay" in told:
        raise UsageError("delay: after what? with expire_at=never nobody comes; leave one of the two out")


_WHOLE = (
    *("delay", "epoch_length", "epoch_length_from", "variable_fee", "fixed_fee", "rate_scale", "rate_shift"),
    *("staleness_threshold", *_REIMBURSED),
)


def _whole(name: str, value: Any) -> int:
    """A whole number, which may stand as text since YAML's tools round large ones. Raises `UsageError`."""
    text = str(value)
    if isinstance(value, (int, str)) and not isinstance(value, bool) and text.removeprefix("-").isdecimal():
        return int(text)
    raise UsageError(f"{name}={text[:60]!r}: is no whole number")


def _chosen(value: Any) -> str | tuple[int, ...] | None:
    """Bonds by number, or `all`."""
    if value is None:
        return None
    if value == "all":
        return "all"
    if isinstance(value, str) and not value.isdecimal():
        raise UsageError(f"expire={value[:60]!r}: say all, or numbers of bonds")
    listed = value if isinstance(value, (list, tuple)) else [value]
    return tuple(_whole("expire", each) for each in listed)


def _by_block(value: Any) -> dict[int, int]:
    if not isinstance(value, Mapping):
        raise UsageError("rates: say answers by block, as in rates={300:1000000000937303470807876290}")
    return {_whole("rates", block): _whole("rates", answer) for block, answer in value.items()}


def _version(value: Any) -> str | None:
    if value is not None and str(value) not in RULES:
        raise UsageError(f"version={str(value)[:60]!r}: there are {' and '.join(RULES)}")
    return None if value is None else str(value)
