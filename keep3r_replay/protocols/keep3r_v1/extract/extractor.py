"""Following a deployment of Keep3r V1: by its views at first, then by logs, and by what is sent to its contracts.

Much that matters here leaves no log: a helper, an accepted pair, another governance, another aggregator behind the
feed, an oracle's update. So transactions are followed too: to the contract, to those that govern it, to the feed's
proxy and its owner, to the oracles; and they name contracts as events do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.views import NOBODY, View, read_view
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.protocols.keep3r_v1.events import ROOT
from keep3r_replay.protocols.keep3r_v1.extract.expected import configured_contracts
from keep3r_replay.protocols.keep3r_v1.extract.naming import named_by_calls, named_by_events
from keep3r_replay.protocols.keep3r_v1.extract.settings import checked_settings
from keep3r_replay.protocols.keep3r_v1.extract.views import questions_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.views import Question
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.contact import Configured
    from keep3r_replay.replay.rooms import Proof

_FOLLOWED = frozenset(
    {
        ROOT,
        "fastgas",
        "fastgas_owner",
        "keep3r_v1_governance",
        "keep3r_v1_job",
        "keep3r_v1_oracle",
        "keep3r_v2_oracle",
        "keep3r_v2_oracle_factory",
        "uniswap_v2_oracle",
    }
)
"""Roles of contracts whose callers matter even where they leave no log."""
_PARAMETERS = {
    ROOT: {
        **dict.fromkeys(("governance", "pendingGovernance", "KPRH"), "address"),
        **dict.fromkeys(("BOND", "UNBOND", "LIQUIDITYBOND", "FEE", "BASE"), "uint256"),
    },
    "keep3r_v1_oracle": {"minKeep": "uint256"},
    "fastgas": {"aggregator": "address", "latestAnswer": "int256"},
}
"""Views that tell what constructors set without a log, and what was before the lake's first block, by role."""


class Keep3rV1Extractor:
    """Asks contracts whom they lead to, and reads logs and transactions for more. See `replay.rooms.Extractor`.

    Raises:
        UsageError: the settings make no sense.
    """

    def __init__(self, client: NodeClient, settings: Mapping[str, Any]) -> None:
        self._client = client
        self._deployment = checked_settings(settings)
        self._versions = {address: version for version, address in self._deployment.helpers.items()}
        self._known = {address: role for role, address in self._deployment.named()}
        self._never = {*self._deployment.left_out, self._deployment.weth, ETH, NOBODY}

    @property
    def roots(self) -> Sequence[tuple[str, str]]:
        """Keep3r V1."""
        return ((ROOT, self._deployment.keep3r),)

    @property
    def configured(self) -> Sequence[Configured]:
        """What the configuration names; see `extract.expected`."""
        return configured_contracts(self._deployment)

    @property
    def codes(self) -> Mapping[str, str]:
        """No code is on record."""
        return {}

    def start(self, block: int, created_in: Callable[[str], int]) -> list[tuple[str, str]]:
        """What the configuration names, and whom these lead to in the contract's first block and in this one."""
        deployment = self._deployment
        first = created_in(deployment.keep3r) if deployment.from_block is None else deployment.from_block
        named = deployment.named()
        for at in dict.fromkeys((first, block)):
            for pair in self._one(at, deployment.keep3r, "pairs", "address[]") or ():
                named.append(("uniswap_v2_pair", pair.lower()))
            named.append(("keep3r_v1_governance", self._address(at, deployment.keep3r, "governance")))
            named.append(("chainlink_aggregator", self._address(at, deployment.fastgas, "aggregator")))
            named.append(("fastgas_owner", self._address(at, deployment.fastgas, "owner")))
        for phase in range(1, (self._one(block, deployment.fastgas, "phaseId", "uint16") or 0) + 1):
            former = self._address(block, deployment.fastgas, "phaseAggregators", ("uint16", phase))
            named.append(("chainlink_aggregator", former))
        return self._chosen(named)

    def named_in(self, tables: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Role and address of every contract that events, transactions or calls name."""
        named = named_by_events(tables)
        named += named_by_calls(tables, self._deployment.keep3r, self._deployment.fastgas)
        return self._chosen(named)

    def describe(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        """A contract with its facts, and the pair that an oracle leads to; None if it is not what its role says."""
        deployment = self._deployment
        if role == ROOT:
            first = deployment.from_block
            return Contract(role, address, "1", {} if first is None else {"from_block": first}), []
        if role == "keep3r_v1_helper":
            return Contract(role, address, self._versions[address]), []
        if role == "uniswap_v2_pair":
            tokens = [self._address(block, address, name) for name in ("token0", "token1")]
            facts = dict(zip(("token0", "token1"), tokens, strict=True))
            return (Contract(role, address, facts=facts), []) if all(tokens) else (None, [])
        if role == "keep3r_v2_oracle":
            pair = self._pair_of(block, address)
            return Contract(role, address, facts={"pair": pair}), [("uniswap_v2_pair", pair)]
        if role == "keep3r_v1_job" and self._made_the_oracle(block, address):
            return Contract("keep3r_v2_oracle_factory", address), []
        return Contract(role, address), []

    def _pair_of(self, block: int, oracle: str) -> str:
        """The pair that a Keep3rV2Oracle observes."""
        return self._address(block, oracle, "pair") or self._deployment.kp3r_weth

    def _made_the_oracle(self, block: int, job: str) -> bool:
        """Whether a job is the factory that made the Keep3rV2Oracle: it names it as the feed of the oracle's pair."""
        oracle = self._deployment.keep3r_v2_oracle
        if not oracle or self._deployment.keep3r_v2_oracle_factory:
            return False
        return self._address(block, job, "feeds", ("address", self._pair_of(block, oracle))) == oracle

    def initial_state(self, contract: Contract, block: int) -> dict[str, str]:
        """What the constructors of the contract and its oracle set; the feed's answer before the lake begins."""
        found: dict[str, str] = {}
        for name, kind in _PARAMETERS.get(contract.role, {}).items():
            value = self._one(block, contract.address, name, kind)
            if value is not None:
                found[name] = str(value).lower()
        return found

    def began_with(self, contract: Contract, parameters: Mapping[str, str]) -> list[tuple[str, str]]:  # noqa: ARG002 - none at all
        """Nobody: events and present state name all."""
        return []

    def tokens(
        self, contracts: Mapping[str, Contract], initial_state: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """KP3R, WETH, and the pair that the first two oracles quote them from."""
        del contracts, initial_state
        deployment = self._deployment
        return {"kp3r": deployment.keep3r, "weth": deployment.weth, "kp3r_weth": deployment.kp3r_weth}

    def transactions_to(self, contracts: Mapping[str, Contract]) -> Sequence[str]:
        """The contract, what governs it, the feed's proxy and its owner, the oracles, and jobs."""
        return sorted(address for address, contract in contracts.items() if contract.role in _FOLLOWED)

    def proofs(self, contracts: Mapping[str, Contract], block: int) -> Sequence[Proof]:  # noqa: ARG002 - none at all
        """None: no view tells of a single log for certain."""
        return ()

    def views(self, lake: Lake, block: int) -> Sequence[Question]:
        """Every view of every contract, for every subject that events have named up to the block."""
        return questions_at(lake, block)

    def _chosen(self, named: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is to be followed of it, each once; what the configuration gives a role keeps it."""
        chosen: dict[str, str] = {}
        for named_as, address in named:
            role = self._known.get(address, named_as)
            if address in self._never and address not in self._known:
                continue
            if role != "keep3r_v1_job" or self._deployment.jobs:
                chosen.setdefault(address, role)
        return [(role, address) for address, role in chosen.items() if address]

    def _address(self, block: int, contract: str, name: str, *arguments: tuple[str, Any]) -> str:
        """An address that a view answers; empty if it answers none."""
        return str(self._one(block, contract, name, "address", *arguments) or "").lower()

    def _one(self, block: int, contract: str, name: str, returns: str, *arguments: tuple[str, Any]) -> Any:
        view = View(name, tuple(kind for kind, _ in arguments), (returns,))
        answer = read_view(self._client, contract, view, [value for _, value in arguments], block)
        return answer.values[0] if answer.values else None
