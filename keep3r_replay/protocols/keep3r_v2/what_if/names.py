"""Whom a history knows: an overlay names jobs, keepers, liquidities and works by these, or says they are new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.names import known_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay

ADDRESS = 42
"""Characters of an address."""


class Names(NamedTuple):
    """Everything that the contracts of a lake know, from the beginning to the end: lower-case addresses, hashes."""

    jobs: frozenset[str]
    keepers: frozenset[str]
    liquidities: frozenset[str]
    transactions: frozenset[str]

    def with_others(self, others: Iterable[Names]) -> Names:
        """These and the others'."""
        return Names(*(frozenset().union(*each) for each in zip(self, *others, strict=True)))


def resolved(overlay: Overlay, names: Names) -> Overlay:
    """The overlay with every name in full.

    Raises:
        UsageError: it names somebody that the history does not know, and that is not said to be new.
    """
    new = frozenset(overlay.new)
    for address in overlay.new:
        if len(address) != ADDRESS or not address.startswith("0x"):
            raise UsageError(f"overlay.new={address}: no address; somebody new is named in full")

    def name(kind: str, known: frozenset[str], *, may_be_new: bool = True) -> Callable[[str, str], str]:
        def find(named: str, place: str) -> str:
            try:
                return known_name(kind, named, known | new if may_be_new else known, f"overlay.{place}")
            except UsageError as error:
                hint = " (say overlay.new=[ADDRESS] of somebody new)" if may_be_new and len(named) == ADDRESS else ""
                raise UsageError(f"{error}{hint}") from None

        return find

    # A job that is new has no works, and no liquidity yet.
    job = name("job", names.jobs, may_be_new=False)
    keeper, liquidity = name("keeper", names.keepers), name("liquidity", names.liquidities, may_be_new=False)
    work = name("work", names.transactions | names.jobs | names.keepers, may_be_new=False)
    changed: dict[str, Any] = {
        "liquidity_job": overlay.liquidity_job and job(overlay.liquidity_job, "liquidity_job"),
        "credits_job": overlay.credits_job and job(overlay.credits_job, "credits_job"),
        "credits": [{**each, "job": job(each["job"], "credits.job")} for each in overlay.credits],
        "drop_job": overlay.drop_job and job(overlay.drop_job, "drop_job"),
        "bond_keeper": overlay.bond_keeper and keeper(overlay.bond_keeper, "bond_keeper"),
        "drop_works": [work(each, "drop_works") for each in overlay.drop_works],
        "liquidity": [
            {
                **each,
                "job": job(each["job"], "liquidity.job"),
                "liquidity": liquidity(each["liquidity"], "liquidity.liquidity"),
            }
            for each in overlay.liquidity
        ],
        "bonds": [{**each, "keeper": keeper(each["keeper"], "bonds.keeper")} for each in overlay.bonds],
        "add_works": [
            {
                **each,
                "job": job(each["job"], "add_works.job"),
                "keeper": keeper(each["keeper"], "add_works.keeper"),
            }
            for each in overlay.add_works
        ],
    }
    return replace(overlay, **changed)
