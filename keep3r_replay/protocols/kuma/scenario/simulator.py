"""Plays a script: planned calls in order of time, and the keeper's between them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.contract.state import Bond
from keep3r_replay.protocols.kuma.naming import find_category
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.scenario.script import FIVE_PERCENT, address_of, script_from
from keep3r_replay.protocols.kuma.scenario.world import KEEPER, MANAGER, TRANSMITTER, World
from keep3r_replay.replay.rooms import Simulated
from keep3r_replay.scenario.actors import actors_in, words_of
from keep3r_replay.scenario.writer import check_target, write_played

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.protocols.kuma.contract.state import Category
    from keep3r_replay.protocols.kuma.scenario.script import Planned, Script
    from keep3r_replay.replay.rooms import Extras

_ACTORS = ("alice", "bob", "keeper", "manager", "transmitter")
"""Who acts where the script names nobody."""
_PRINCIPAL = 1_000_000 * 10**18
_YEAR = 365 * 86_400


@dataclass
class Simulation:
    """A script played: the world with its chain, and the calls that reverted, by their places in the script."""

    script: Script
    world: World
    reverted: dict[str, str] = field(default_factory=dict)


def simulate(script: Script) -> Simulation:
    """Play a script. Raises `UsageError` for a call that names what is not there."""
    simulation = Simulation(script, World(script))
    world, draws = simulation.world, random.Random(script.seed)
    due: dict[tuple[str, int], int] = {}
    approved: set[str] = set()
    for planned in [*script.calls, None]:
        until = script.start + (planned.at if planned is not None else script.end)
        _keep(simulation, due, draws, until)
        if planned is None:
            break
        for call in _calls(world, planned, approved):
            reason = world.call(until, call)
            if reason:
                simulation.reverted[planned.place] = reason
    return simulation


def _keep(simulation: Simulation, due: dict[tuple[str, int], int], draws: random.Random, until: int) -> None:
    """The keeper expires what has been due up to a time, in order."""
    script, world = simulation.script, simulation.world
    if script.keeper.is_absent:
        return
    for name, category in world.kuma.categories.items():
        for bond_id in category.swap.bond_reserve:
            if (name, bond_id) not in due:
                delay = draws.randint(script.keeper.least, script.keeper.most)
                due[name, bond_id] = world.kuma.bonds[bond_id].maturity + delay
    for when, (name, bond_id) in sorted((when, key) for key, when in due.items() if when <= until):
        del due[name, bond_id]
        category = world.kuma.categories[name]
        if bond_id in category.swap.bond_reserve and bond_id not in category.swap.expired_bonds:
            time = max(when, world.chain.blocks[-1].timestamp)
            world.call(time, Call("expire_bond", category.swap.address, KEEPER, (bond_id,)))
        due[name, bond_id] = 2**62


def _calls(world: World, planned: Planned, approved: set[str]) -> list[Call]:
    """The transactions of a planned call: a seller's first sale approves the swap."""
    given, do = planned.given, planned.function
    by = address_of(str(given.get("by", "alice")))
    if do == "issue":
        return [_issue(world, planned)]
    if do in {"sell", "buy", "expire", "claim"}:
        bond_id = int(given.get("bond", 0))
        bond = world.kuma.bonds.get(bond_id)
        if bond is None:
            raise UsageError(f"{planned.place}: there is no bond {bond_id} yet")
        swap = world.kuma.categories[bond.risk_category].swap.address
        names = {"sell": "sell_bond", "buy": "buy_bond", "expire": "expire_bond", "claim": "claim_bond"}
        sender = MANAGER if do == "claim" and "by" not in given else by
        call = Call(names[do], swap, sender, (bond_id,))
        if do == "sell" and f"{sender} {swap}" not in approved:
            approved.add(f"{sender} {swap}")
            arguments: tuple[object, ...] = (swap, True)
            return [Call("set_approval_for_all", world.kuma.bond_token.address, sender, arguments), call]
        return [call]
    if do in {"uri", "add_terms", "update_terms", "terms_of"}:
        return [_text(world, planned)]
    category = _category(world, planned)
    token, swap, oracle = category.kibt.address, category.swap.address, category.aggregator
    made: dict[str, tuple[str, str, str, tuple[object, ...]]] = {
        "transfer": ("transfer", token, by, (address_of(str(given.get("to", "bob"))), int(given.get("amount", 0)))),
        "refresh": ("refresh_yield", token, by, ()),
        "transmit": ("transmit", oracle, TRANSMITTER, (int(given.get("rate", FIVE_PERCENT)),)),
        "epoch_length": ("set_epoch_length", token, MANAGER, (int(given.get("seconds", 14_400)),)),
        "fees": ("set_fees", swap, MANAGER, (int(given.get("variable", 0)), int(given.get("fixed", 0)))),
        "pause": ("pause", swap, MANAGER, ()),
        "unpause": ("unpause", swap, MANAGER, ()),
        "release": ("release", category.collector.address, by, ()),
    }
    return [Call(*made[do])]


def _text(world: World, planned: Planned) -> Call:
    """A call that sets a text: the URI of the bonds (`of: bonds`) or clones, or terms and conditions."""
    given, bonds = planned.given, world.kuma.bond_token.address
    number, url = int(given.get("terms", 1)), str(given.get("url", ""))
    if planned.function == "uri":
        of = str(given.get("of", "bonds"))
        if of not in {"bonds", "clones"}:
            raise UsageError(f"{planned.place}: of: there are bonds and clones, not {of!r}")
        contract = bonds if of == "bonds" else world.kuma.kbc_token.address
        return Call("set_uri", contract, MANAGER, (str(given.get("uri", "")),))
    if planned.function == "terms_of":
        return Call("update_tnc_for_token", bonds, MANAGER, (int(given.get("bond", 0)), number))
    if planned.function == "update_terms":
        return Call("update_tnc_url", bonds, MANAGER, (number, url))
    return Call("add_tnc", bonds, MANAGER, (url,))


def _category(world: World, planned: Planned) -> Category:
    categories = world.kuma.categories
    try:
        return find_category(categories, str(planned.given.get("category", next(iter(categories)))))
    except UsageError as error:
        raise UsageError(f"{planned.place}: {error}") from None


def _issue(world: World, planned: Planned) -> Call:
    category, given = _category(world, planned), planned.given
    now = world.kuma.now if planned.at == 0 else world.chain.blocks[0].timestamp + planned.at
    term = int(given.get("term", _YEAR))
    issuance = int(given.get("issuance", now))
    coupon, principal = int(given.get("coupon", FIVE_PERCENT)), int(given.get("principal", _PRINCIPAL))
    blank, currency, country = "0x" + "00" * 16, *category.declared
    if world.kuma.rules.issuer:
        declared: tuple[object, ...] = (
            blank,
            blank,
            currency,
            issuance,
            issuance + term,
            term,
            0,
            coupon,
            principal,
            country,
            category.risk_category,
        )
    else:
        declared = (
            blank,
            blank,
            currency,
            country,
            term,
            issuance,
            issuance + term,
            coupon,
            principal,
            category.risk_category,
        )
    bond = Bond(coupon, principal, issuance, issuance + term, term, category.risk_category, declared)
    to = address_of(str(given.get("to", "alice")))
    return Call("issue_bond", world.kuma.bond_token.address, TRANSMITTER, (to, bond))


class KumaScenarios:
    """See `replay.rooms.Scenarios`."""

    has_extras = False
    measure = None

    def simulate(self, script: Mapping[str, Any], source: str, lake: Path, extras: Extras | None = None) -> Simulated:
        """There are no extras."""
        del extras
        check_target(lake)
        simulation = simulate(script_from(script, source))
        chain = simulation.world.chain
        names = actors_in(chain, {*words_of(script), *_ACTORS}, address_of)
        return Simulated([write_played(chain, "KUMA", lake)], simulation, names)
