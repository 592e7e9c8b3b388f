"""Every bond ever sold: its deadline, when it was expired and bought, and how that is to be called."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase, Sale

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keep3r_replay.protocols.kuma.audit.place import Place
    from keep3r_replay.protocols.kuma.audit.recorder import Happening
    from keep3r_replay.protocols.kuma.contract.state import Bond

STATUSES = (
    "not matured",
    "bought before maturity",
    "in time, bought",
    "in time, still in reserve",
    "late, bought",
    "late, still in reserve",
    "never expired, bought before the deadline",
    "never expired, bought late",
    "never expired, within grace",
    "never expired, currently late",
)
"""What can become of a bond, in the order in which tables count it."""

TO_RERUN = frozenset({"late, bought", "never expired, bought late"})
"""Statuses of bonds whose purchase cost more than it should have."""

STILL_LATE = frozenset({"late, still in reserve", "never expired, currently late"})
"""Statuses of bonds that are late and not bought."""


class Bought(NamedTuple):
    """A purchase.

    Attributes:
        place: where.
        buyer: who.
        paid: wei of KIBT, or of the stablecoin after deprecation.
        in_stable_coin: which of the two.
        clone_id: the clone issued; 0 where there is none.
        face: the bond's face value (wei); 0 for stablecoin.
        boundary: start of the epoch (seconds).
    """

    place: Place
    buyer: str
    paid: int
    in_stable_coin: bool
    clone_id: int = 0
    face: int = 0
    boundary: int = 0


@dataclass
class BondStory:
    """What happened to one bond in its swap; of several sales the last begins anew."""

    category: str
    bond_id: int
    bond: Bond
    sold: list[Place] = field(default_factory=list)
    expired: list[Place] = field(default_factory=list)
    bought: list[Bought] = field(default_factory=list)

    @property
    def expiry(self) -> Place | None:
        """The first expiry since the last sale; None where there is none."""
        return next((each for each in self.expired if each >= self.sold[-1]), None)

    @property
    def purchase(self) -> Bought | None:
        """The purchase since the last sale; None where there is none."""
        return next((each for each in self.bought if each.place >= self.sold[-1]), None)


@dataclass
class EpochLengths:
    """A category's epoch lengths: since when (seconds) each has been in force."""

    since: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def add(self, timestamp: int, length: int) -> None:
        """A length is in force from now on."""
        self.since.append(timestamp)
        self.lengths.append(length)

    def at(self, timestamp: int) -> int:
        """The length in force at a time; the last known after the history's end, the first before its beginning."""
        return self.lengths[max(bisect_right(self.since, timestamp) - 1, 0)]

    def changed_between(self, after: int, until: int) -> bool:
        """Whether the length changed after one time, up to another."""
        return any(after < since <= until for since in self.since[1:])


class Deadline(NamedTuple):
    """Maturity's epoch: its length, the first second that is too late, and whether the length changed before it."""

    epoch_length: int
    late_from: int
    is_flagged: bool


def deadline(lengths: EpochLengths, maturity: int) -> Deadline:
    """The deadline of a bond: the end of the epoch that maturity lies in, by the length in force then."""
    length = lengths.at(maturity)
    late_from = (maturity // length + 1) * length
    return Deadline(length, late_from, lengths.changed_between(maturity, late_from))


def status(story: BondStory, late_from: int, end: int) -> str:
    """One of `STATUSES`; `end` is the time of the history's last block."""
    purchase, expiry, maturity = story.purchase, story.expiry, story.bond.maturity
    if purchase is not None and expiry is not None and expiry > purchase.place:
        expiry = None
    if purchase is not None and purchase.place.timestamp < maturity:
        return "bought before maturity"
    if expiry is not None:
        when = "in time" if expiry.timestamp < late_from else "late"
        return f"{when}, bought" if purchase is not None else f"{when}, still in reserve"
    if purchase is not None:
        in_time = purchase.place.timestamp < late_from
        return "never expired, bought before the deadline" if in_time else "never expired, bought late"
    if end < maturity:
        return "not matured"
    return "never expired, within grace" if end < late_from else "never expired, currently late"


class BondBook:
    """Stories of all bonds, and the epoch lengths of all categories, from what happened up to a block (None: all)."""

    def __init__(self, happenings: Iterable[Happening], until_block: int | None = None) -> None:
        self.stories: dict[tuple[str, int], BondStory] = {}
        self.epoch_lengths: dict[str, EpochLengths] = {}
        for each in happenings:
            if until_block is None or each.place.block <= until_block:
                self._take(each)

    def _take(self, happening: Happening) -> None:
        place, category, call = happening.place, happening.category, happening.call
        if call.function in {"initialize", "set_epoch_length"}:
            self.epoch_lengths.setdefault(category, EpochLengths()).add(place.timestamp, happening.epoch_length)
            return
        bond_id = call.arguments[0]
        assert isinstance(bond_id, int)
        result = happening.result
        if isinstance(result, Sale):
            self.stories.setdefault((category, bond_id), BondStory(category, bond_id, result.bond)).sold.append(place)
            return
        story = self.stories.get((category, bond_id))
        if story is None:
            return
        if call.function == "expire_bond":
            story.expired.append(place)
        elif isinstance(result, Purchase):
            story.bought.append(
                Bought(
                    place,
                    call.sender,
                    result.realized,
                    in_stable_coin=False,
                    clone_id=result.clone_id,
                    face=result.face,
                    boundary=happening.boundary,
                )
            )
        else:
            _, buyer, amount = call.arguments
            assert isinstance(amount, int)
            story.bought.append(Bought(place, str(buyer), amount, in_stable_coin=True, boundary=happening.boundary))

    def in_order(self) -> Sequence[BondStory]:
        """Stories by bond, as the tables list them."""
        return sorted(self.stories.values(), key=lambda story: (story.bond_id, story.category))
