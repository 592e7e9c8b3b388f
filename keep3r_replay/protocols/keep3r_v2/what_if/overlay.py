"""What a what-if changes: one flat record, so that every field can be set, and swept over, on a command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay_checks import LEARNED, address_text, check, normal
from keep3r_replay.what_if.names import check_names

if TYPE_CHECKING:
    from collections.abc import Mapping

KEEP3R_PARAMETERS = {
    "bond_time": "BondTimeChange",
    "unbond_time": "UnbondTimeChange",
    "liquidity_minimum": "LiquidityMinimumChange",
    "reward_period_time": "RewardPeriodTimeChange",
    "inflation_period": "InflationPeriodChange",
    "fee": "FeeChange",
}
"""Parameters of Keep3r that an overlay sets, and the event that governance's own change of each leaves."""

HELPER_PARAMETERS = {
    "min_boost": "MinBoostChange",
    "max_boost": "MaxBoostChange",
    "target_bond": "TargetBondChange",
    "work_extra_gas": "WorkExtraGasChange",
    "quote_twap_time": "QuoteTwapTimeChange",
    "min_base_fee": "MinBaseFeeChange",
    "min_priority_fee": "MinPriorityFeeChange",
}
"""The same of the helpers."""

_FROM_BLOCKS = ("from_block", "liquidity_from_block", "credits_block", "base_fee_from_block", "market_from_block")


@dataclass(frozen=True)
class Overlay:
    """Changes of a history's inputs. A field left at its default changes nothing.

    Amounts in wei, times in seconds, boosts and fee in parts of 10,000, factors as decimal text or fraction (`1/3`).
    """

    bond_time: int | None = None
    unbond_time: int | None = None
    liquidity_minimum: int | None = None
    reward_period_time: int | None = None
    inflation_period: int | None = None
    fee: int | None = None
    min_boost: int | None = None
    max_boost: int | None = None
    target_bond: int | None = None
    work_extra_gas: int | None = None
    quote_twap_time: int | None = None
    min_base_fee: int | None = None
    min_priority_fee: int | None = None
    from_block: int | None = None
    """Block at whose start the parameters above are set; None: they are the initial values."""
    pinned: bool = True
    """Governance's own changes of the parameters above do nothing from then on."""
    liquidity_factor: str = "1"
    """Every liquidity that is added to or taken from a job is this many times what it was."""
    liquidity_job: str = ""
    """The only job that the factor is for; empty: all jobs."""
    liquidity_from_block: int | None = None
    """Block at whose start the liquidity then in place is scaled, and from which on what comes and goes is; None: all
    of it, from the beginning."""
    yield_least: str = "0"
    yield_most: str = "0"
    yield_step: str = "1/10"
    """At the start of a reward period `yield_step` of a job's liquidity leaves where its yield, a year of it, was below
    `yield_least`, and as much joins where it was above `yield_most`; 0: none does (`what_if/yields.py`)."""
    liquidity: list[Any] = field(default_factory=list)
    """Changes of a job's liquidity: records of job, liquidity, amount (below 0: it leaves), block."""
    credits: list[Any] = field(default_factory=list)
    """KP3R credits more: records of job, amount, block, given after the block's events as governance gives them."""
    credits_job: str = ""
    credits_add: int = 0
    credits_block: int | None = None
    """As one of `credits`, to be swept over: this job is given so many wei at that block."""
    drop_works: list[Any] = field(default_factory=list)
    """Works that do not happen: hashes of transactions, or addresses of jobs or keepers."""
    drop_share: str = "0"
    """Share of the works (of `drop_job`, or of all) that do not happen, spread evenly."""
    drop_job: str = ""
    add_works: list[Any] = field(default_factory=list)
    """Works more: records of job, keeper, every (seconds), and gas (accounted) or payment (wei); from_block and
    until_block if not over all of the history; validates: false if the job lets anybody work."""
    skip_below: str = "0"
    """Keepers leave out works that are worth less than this many times what their gas costs; 0: none is left out."""
    reset_gas: int = 0
    """Units of gas that a reset of the job's credits takes: works that come after one here and did not in the history
    use so many more, and the other way round so many less; 0: gas stays as measured."""
    new: list[Any] = field(default_factory=list)
    """Addresses of keepers that the history does not know, and that other changes name."""
    atomic: str = LEARNED
    """Which transactions revert as a whole where one of their calls does: `learned` (all but those of entry points that
    were seen to tolerate failed calls), `true` (all) or `false` (none)."""
    bonds: list[Any] = field(default_factory=list)
    """Changes of keepers' bonded KP3R: records of keeper, add or set (wei), and block if not from the beginning."""
    bond_keeper: str = ""
    bond_add: int = 0
    """As one of `bonds`, from the beginning: this keeper has so many wei more."""
    expiry: str = "contract"
    """Which unused credits expire: by the contract, as documented, or none."""
    base_fee_factor: str = "1"
    base_fee_floor: int | None = None
    base_fee_cap: int | None = None
    """Base fee of every block, in wei: times the factor (cut), then not below the floor, then not above the cap."""
    base_fee_from_block: int | None = None
    """First block of the changed base fees; None: from the beginning."""
    market_lake: str = ""
    """Folder of a lake whose market the KP3R/WETH pools follow; empty: no other, or this lake if `market_pool` is."""
    market_pool: str = ""
    """The pool there that all follow; empty: the one of the same address, or else that lake's KP3R/WETH pool."""
    market_offset: str = "0"
    """Seconds that the other market is ahead by: at time t it is taken as it was at t + offset; `align`: so that it
    begins when ours does."""
    tick_shift: int = 0
    tick_scale: str = "1"
    """Every tick of every pool, those of the other market too: times the scale (rounded down), plus the shift."""
    market_from_block: int | None = None
    """First block of the changed market; None: from the beginning."""

    def __post_init__(self) -> None:
        for name, value in normal(self._values()).items():
            object.__setattr__(self, name, value)
        check(self._values(), self.parameters())

    def _values(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes()

    def changes(self) -> dict[str, Any]:
        """The fields that differ from their defaults, by name; the same overlay gives the same record."""
        untouched = _DEFAULTS or {each.name: _default(each) for each in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != untouched[name]}

    def parameters(self) -> dict[str, int]:
        """The parameters that are set, by name."""
        names = (*KEEP3R_PARAMETERS, *HELPER_PARAMETERS)
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def changes_market(self) -> bool:
        """Whether pools' ticks differ."""
        return self.changes_ticks or self.follows_market

    @property
    def changes_ticks(self) -> bool:
        """Whether every pool's ticks are scaled or shifted."""
        return bool(self.tick_shift) or Fraction(self.tick_scale) != 1

    @property
    def follows_market(self) -> bool:
        """Whether pools' ticks are those of another market."""
        return bool(self.market_lake or self.market_pool)

    @property
    def reacts_to_yield(self) -> bool:
        """Whether jobs' liquidity reacts to its yield."""
        return bool(Fraction(self.yield_least) or Fraction(self.yield_most))

    @property
    def drops_works(self) -> bool:
        """Whether any work may not happen."""
        return bool(self.drop_works) or Fraction(self.drop_share) > 0

    @property
    def share(self) -> tuple[int, int]:
        """The share of works that is dropped, as numerator and denominator."""
        return Fraction(self.drop_share).as_integer_ratio()

    def base_fee(self, observed: int) -> int:
        """A changed block's base fee in wei."""
        factor = _fraction(self.base_fee_factor)
        fee = observed * factor.numerator // factor.denominator
        if self.base_fee_floor is not None:
            fee = max(fee, self.base_fee_floor)
        return fee if self.base_fee_cap is None else min(fee, self.base_fee_cap)

    def check_blocks(self, first: int, last: int) -> None:
        """Refuse changes for blocks that the lake does not cover. Raises `UsageError`."""
        blocks = [(name, block) for name in _FROM_BLOCKS if (block := getattr(self, name)) is not None]
        for name in ("liquidity", "credits", "bonds", "add_works"):
            blocks += [
                (name, entry[key])
                for entry in getattr(self, name)
                for key in ("block", "from_block", "until_block")
                if key in entry
            ]
        for name, block in blocks:
            if block > last:
                raise UsageError(f"overlay.{name}: block {block} lies after the lake's last, {last}")
            if block < first:
                raise UsageError(f"overlay.{name}: block {block} lies before the lake's first, {first}")

    def beginning(self, block: int) -> Overlay:
        """The same changes of a history that begins with `block`: what holds from the beginning begins there.

        Raises:
            UsageError: a change is for a block before it.
        """
        for name in _FROM_BLOCKS:
            first = getattr(self, name)
            if first is not None and first < block:
                raise UsageError(f"overlay.{name}={first}: the replay begins with block {block}")
        for name in ("liquidity", "credits", "bonds"):
            if any(entry.get("block", block) < block for entry in getattr(self, name)):
                raise UsageError(f"overlay.{name}: an entry is for a block before {block}, where the replay begins")
        missing: dict[str, Any] = {name: block for name in _FROM_BLOCKS if getattr(self, name) is None}
        return replace(self, **missing)


_DEFAULTS: dict[str, Any] = {}


def _default(each: Any) -> Any:
    return [] if each.name in _LISTS else each.default


_LISTS = ("liquidity", "credits", "drop_works", "add_works", "new", "bonds")
_DEFAULTS.update({each.name: _default(each) for each in fields(Overlay)})


def overlay_from(values: Mapping[str, Any]) -> Overlay:
    """An overlay from plain values, as YAML gives them.

    Raises:
        UsageError: a name is unknown or a value makes no sense.
    """
    check_names(values, _DEFAULTS)
    plain = dict(values)
    for name, value in values.items():
        default = _DEFAULTS[name]
        if isinstance(default, str) and not isinstance(value, str):
            plain[name] = address_text(value) if name.endswith(("_job", "_keeper", "_pool")) else str(value)
        elif isinstance(default, bool) or default is None or isinstance(default, int):
            wanted = bool if isinstance(default, bool) else int
            if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
                raise UsageError(f"overlay.{name}={value}: no {'truth value' if wanted is bool else 'whole number'}")
        elif isinstance(default, list) and not isinstance(value, list):
            raise UsageError(f"overlay.{name}: must be a list")
    return Overlay(**plain)


@lru_cache(maxsize=64)
def _fraction(text: str) -> Fraction:
    """A fraction that is asked for at each block."""
    return Fraction(text)
