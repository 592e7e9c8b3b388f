"""The deployment that a script plays on: contracts at addresses of their own, and its first transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.kuma.contract import access
from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.kuma.naming import full_name, names_of
from keep3r_replay.protocols.kuma.recording.meta import OF_CATEGORY, SHARED, VERSIONED, risk_category, text_word
from keep3r_replay.protocols.kuma.replay.build import build
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.replay.handlers import columns_of
from keep3r_replay.protocols.kuma.replay.inputs import SELECTOR, call_of
from keep3r_replay.protocols.kuma.replay.transaction import attempt
from keep3r_replay.protocols.kuma.scenario.script import FIVE_PERCENT, address_of
from keep3r_replay.scenario.chain import Chain
from keep3r_replay.scenario.writer import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.scenario.script import Script

CHAIN_ID = 31_337
GAS, GAS_USED, GAS_PRICE = 1_000_000, 150_000, 10**9
"""What every transaction of a simulation takes: the model knows no gas."""
MANAGER, TRANSMITTER, KEEPER = (address_of(name) for name in ("manager", "transmitter", "keeper"))
_ROLES = (
    ("accessController", access.ADMIN, MANAGER),
    ("accessController", access.role_hash(access.KUMA_MANAGER), MANAGER),
    ("accessController", access.role_hash(access.KUMA_SET_EPOCH_LENGTH), MANAGER),
    ("accessController", access.role_hash(access.KUMA_SET_URI), MANAGER),
    ("mcagAccessController", access.role_hash(access.MCAG_SET_URI), MANAGER),
    ("mcagAccessController", access.role_hash(access.MCAG_SET_TNC), MANAGER),
    ("mcagAccessController", access.role_hash(access.MCAG_MINT), TRANSMITTER),
    ("mcagAccessController", access.role_hash(access.MCAG_TRANSMITTER), TRANSMITTER),
)


_FOUNDING = keccak256(b"found()")[:SELECTOR]
"""Input of what founds a deployment: a function that nobody declares, so that its logs tell the call."""


def deployment_of(script: Script) -> Deployment:
    """The contracts of a script."""
    contracts = []
    for name, role in SHARED.items():
        facts: dict[str, Any] = {"from_block": 0} if role == "kuma_bond_token" else {}
        contracts.append(Contract(role, address_of(name), script.version if role in VERSIONED else "", facts))
    initial = {}
    names = names_of([(each["currency"], each["country"], int(each["term"])) for each in script.categories])
    for category, called in zip(script.categories, names, strict=True):
        words = text_word(category["currency"], 4), text_word(category["country"], 4 if script.version == "1.0" else 32)
        facts = {
            "risk_category": risk_category(*words, int(category["term"])),
            "currency": category["currency"],
            "country": category["country"],
            "currency_word": words[0],
            "country_word": words[1],
            "term": int(category["term"]),
        }
        for name, role in OF_CATEGORY.items():
            version = script.version if role in VERSIONED else ""
            contracts.append(Contract(role, address_of(f"{name} {called}"), version, dict(facts)))
        swap = address_of(f"KUMASwap {called}")
        initial[swap] = {"getVariableFee": str(script.variable_fee), "getFixedFee": str(script.fixed_fee)}
    tokens = {"stable_coin": address_of("stableCoin")}
    ordered = tuple(sorted(contracts, key=lambda contract: (contract.role, contract.address)))
    return Deployment(script.name, CHAIN_ID, ORIGIN, tokens, "all", ordered, initial, 0, "kuma")


class World:
    """A model and the chain it writes; every transaction stands in a block of its own."""

    def __init__(self, script: Script) -> None:
        deployment = deployment_of(script)
        root = next(each for each in deployment.contracts if each.role == "kuma_bond_token")
        self.kuma: Kuma = build(deployment, root, script.name)
        self.chain = Chain(deployment, EVENTS)
        self._roles = {each.address: each.role for each in deployment.contracts}
        self._columns = columns_of(script.version)
        self._found(script)

    def _found(self, script: Script) -> None:
        """Roles, tokens, rates and thresholds, in the transactions of the first block."""
        kuma, start = self.kuma, script.start
        kuma.now = start
        self.chain.begin_block(start, GAS_PRICE)
        for controller, role, account in _ROLES:
            self._told(address_of(controller), "RoleGranted", role, account, account)
        for category in kuma.categories.values():
            for name in (access.KUMA_SWAP_PAUSE, access.KUMA_SWAP_UNPAUSE, access.KUMA_SWAP_CLAIM):
                role = access.role_hash(name, category.risk_category)
                self._told(kuma.access_controller, "RoleGranted", role, MANAGER, MANAGER)
            self._run(Call("initialize", category.kibt.address, "", (script.epoch_length,)), _FOUNDING)
            oracle = address_of(f"aggregator {category.name}")
            self._run(Call("set_max_answer", oracle, "", (2 * 10**27,)), _FOUNDING)
        if kuma.rules.rate_grows_stale:
            self._run(Call("set_staleness_threshold", kuma.rate_feed, "", (10**9,)), _FOUNDING)
        self.chain.end_block()
        rates = {
            full_name(each["currency"], each["country"], int(each["term"])): int(each.get("rate", FIVE_PERCENT))
            for each in script.categories
        }
        for category in list(kuma.categories.values()):
            oracle = address_of(f"aggregator {category.name}")
            rate = rates[full_name(category.currency, category.country, category.term)]
            self.call(start, Call("set_oracle", kuma.rate_feed, MANAGER, (oracle, category.risk_category)))
            self.call(start, Call("transmit", oracle, TRANSMITTER, (rate,)))

    def call(self, timestamp: int, call: Call) -> str:
        """One transaction in a block of its own; gives the reason of its revert, empty if it goes through."""
        self.chain.begin_block(timestamp, GAS_PRICE)
        self.kuma.now = timestamp
        reason = self._run(call, self.encoded(call))
        self.chain.end_block()
        return reason

    def _told(self, contract: str, event: str, *values: object) -> None:
        self._begin(MANAGER, contract, _FOUNDING)
        self._emit(contract, event, values)
        self.kuma.roles[contract, str(values[0])] = self.kuma.roles.get((contract, str(values[0])), frozenset()) | {
            str(values[1])
        }

    def _run(self, call: Call, data: bytes) -> str:
        transaction = self._begin(call.sender or MANAGER, call.contract, data)
        reason, _, self.kuma = attempt(self.kuma, [call])
        if reason:
            transaction.status = 0
            return reason
        for emitted in self.kuma.emitted:
            self._emit(emitted.contract, emitted.event, emitted.values)
        return ""

    def _begin(self, sender: str, contract: str, data: bytes) -> Any:
        transaction = self.chain.begin_transaction(sender, contract, data, GAS)
        transaction.gas_used = GAS_USED
        return transaction

    def _emit(self, contract: str, event: str, values: Sequence[object]) -> None:
        columns = self._columns[self._roles[contract], event]
        self.chain.emit(contract, event, dict(zip(columns, values, strict=True)))

    def encoded(self, call: Call) -> bytes:
        """A call as a transaction's input: that whose decoding gives the call again."""
        return encoded(self.kuma, self._roles[call.contract], call)


def encoded(kuma: Kuma, role: str, call: Call) -> bytes:
    """The input that `inputs.call_of` reads back as this call; raises `Revert` where no function makes it."""
    # Imported here: what a role offers is looked up by the function's name only in simulations.
    from keep3r_replay.protocols.kuma.replay.inputs import FUNCTIONS  # noqa: PLC0415 - see above

    for function in FUNCTIONS[role]:
        for given in _arguments(kuma, call):
            if len(given) != len(function.types):
                continue
            try:
                data = keccak256(function.signature.encode())[:SELECTOR] + encode_arguments(function.types, given)
            except (ValueError, TypeError, AttributeError):
                continue
            if call_of(kuma, role, call.contract, call.sender, data) == call:
                return data
    raise Revert(f"no function for {call.function}")


def _arguments(kuma: Kuma, call: Call) -> list[tuple[Any, ...]]:
    """The arguments of a call as the contract takes them."""
    if call.function == "set_oracle":
        oracle, name = call.arguments
        category = kuma.categories[str(name)]
        return [(*category.declared, category.term, oracle)]
    if call.function == "issue_bond":
        to, bond = call.arguments
        return [(to, *bond.declared)]  # type: ignore[attr-defined] # an issue's second argument is a bond
    return [call.arguments, call.arguments[1:]]
