"""Following a deployment of Keep3r V2: from Keep3r's own views at first, and from its logs as they come.

Keep3r leads to its helper, the helper (or, before 2.3, Keep3r itself) to the KP3R/WETH pool, and every approved
liquidity to its pair manager and that to its pool. The sidechain's helper names a pool for each liquidity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.views import NOBODY, Question, Reading, View, read_view, read_views
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.protocols.keep3r_v2.contract.versions import BY_VIEWS, RULES, helper_version
from keep3r_replay.protocols.keep3r_v2.extract.expected import CODES, configured_contracts
from keep3r_replay.protocols.keep3r_v2.extract.parameters import pools_in, read_parameters
from keep3r_replay.protocols.keep3r_v2.extract.settings import checked_settings
from keep3r_replay.protocols.keep3r_v2.extract.views import OBSERVATIONS, SLOT0, questions_at, rings_to_read
from keep3r_replay.replay.rooms import Proof
from keep3r_replay.sidechain_oracle.events import FACTORY, ORACLE, RECEIVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.contact import Configured

_ADDRESS = ("address",)
_CARDINALITY = 3
"""Place of the ring's size in `slot0`."""
_LEADS = {
    "events/keep3r.Keep3rHelperChange": ("keep3r_helper", "keep3r_helper"),
    "events/keep3r.LiquidityApproval": ("liquidity", "pair_manager"),
    "events/keep3r.Kp3rWethPoolChange": ("kp3r_weth_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.Kp3rWethPoolChange": ("kp3r_weth_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.WethUSDPoolChange": ("weth_usd_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.OracleSet": ("oracle_pool", "uniswap_v3_pool"),
    "events/oracle_factory.DataReceiverSet": ("data_receiver", RECEIVER),
}
"""Event tables that name a contract of the deployment: the column, and the role of what it names."""
_POOL_FACTS = {
    "token0": View("token0", (), _ADDRESS),
    "token1": View("token1", (), _ADDRESS),
    "fee": View("fee", (), ("uint24",)),
    "tick_spacing": View("tickSpacing", (), ("int24",)),
}


class Keep3rV2Extractor:
    """Asks contracts what they are and whom they lead to. See `replay.rooms.Extractor`.

    Raises:
        UsageError: the settings make no sense.
    """

    def __init__(self, client: NodeClient, settings: Mapping[str, Any]) -> None:
        self._client = client
        self._deployment = checked_settings(settings)
        self._keep3rs = self._deployment.keep3rs
        self._created: dict[str, int] = {}

    @property
    def roots(self) -> Sequence[tuple[str, str]]:
        """The configured Keep3r contracts."""
        return tuple(("keep3r", keep3r) for keep3r in self._keep3rs)

    @property
    def configured(self) -> Sequence[Configured]:
        """What the configuration names; see `extract.expected`."""
        return configured_contracts(self._deployment)

    @property
    def codes(self) -> Mapping[str, str]:
        """Known code."""
        return CODES

    def start(self, block: int, created_in: Callable[[str], int]) -> list[tuple[str, str]]:
        """What the configuration names, and Keep3r in its first block and in this one."""
        deployment = self._deployment
        companions = {address: role for role, each in deployment.companions.items() for address in each}
        named = [(role, address) for address, role in sorted(companions.items())]
        named += [("uniswap_v3_pool", pool) for pool in deployment.pools]
        named += [("pair_manager", liquidity) for liquidity in deployment.liquidities]
        named += [("keep3r_helper", helper) for helper in sorted(deployment.helper_versions)]
        for keep3r, known in self._keep3rs.items():
            first = created_in(keep3r) if known.from_block is None else known.from_block
            self._created[keep3r] = first
            named.append(("keep3r", keep3r))
            # No event tells whom the constructor named, and present state saves finding the rest one by one.
            named += self._named_by(keep3r, first) + self._named_by(keep3r, block)
        return [(role, address) for role, address in named if address != NOBODY]

    def _named_by(self, keep3r: str, block: int) -> list[tuple[str, str]]:
        helper = self._one(block, keep3r, "keep3rHelper")
        pool = self._one(block, keep3r, "kp3rWethPool")
        liquidities = self._one(block, keep3r, "approvedLiquidities", "address[]") or ()
        # Pools that a helper quoted by in this block: a later change of them tells the new one only.
        named = [("keep3r_helper", helper), *self._pools_of(helper, block)] if helper else []
        named += [("uniswap_v3_pool", pool)] if pool else []
        return named + [("pair_manager", liquidity) for liquidity in liquidities]

    def named_in(self, tables: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Role and address of every contract that decoded events name, each once, in chain order."""
        named: dict[tuple[str, str], None] = {}
        for table, (column, role) in _LEADS.items():
            if table in tables:
                for address in tables[table].column(column).to_pylist():
                    if address != NOBODY:
                        named[role, address] = None
        return list(named)

    def describe(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        """A contract's version and facts, and the pools it leads to; None if it is not what its role says."""
        contract, leads = self._described(role, address, block)
        first = self._deployment.first_blocks.get(address)
        if contract is not None and first is not None:
            contract = replace(contract, facts={**contract.facts, "from_block": first})
        return contract, leads

    def _described(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        if role == "keep3r":
            known = self._keep3rs[address]
            first = self._created.get(address, known.from_block)
            return Contract(role, address, known.version, {} if first is None else {"from_block": first}), []
        if role == "keep3r_helper":
            return self._describe_helper(address, block)
        if role == "pair_manager":
            pool = self._pool_of(address, block)
            if pool is None and self._one(block, address, "slot0", "uint160") is not None:
                # Keep3r's own pool is asked about like a liquidity; it is no pair manager.
                return self.describe("uniswap_v3_pool", address, block)
            return Contract(role, address, facts={"pool": pool} if pool else {}), (
                [("uniswap_v3_pool", pool)] if pool else []
            )
        if role == "uniswap_v3_pool":
            questions = [Question(address, view) for view in _POOL_FACTS.values()]
            answers = read_views(self._client, questions, block)
            facts = {name: _first(answer) for name, answer in zip(_POOL_FACTS, answers, strict=True)}
            if facts["tick_spacing"] is None:
                facts.pop("tick_spacing")
                return self._describe_oracle(address, facts, block)
            # A parameter may name any address; what has no tokens is no pool and has no logs to follow.
            return (None, []) if None in facts.values() else (Contract(role, address, facts=facts), [])
        if role == FACTORY:
            receiver = self._one(block, address, "dataReceiver")
            return Contract(role, address), [(RECEIVER, receiver)] if receiver else []
        return Contract(role, address), []

    def _describe_oracle(
        self, address: str, facts: dict[str, Any], block: int
    ) -> tuple[Contract | None, list[tuple[str, str]]]:
        """An oracle that mainnet feeds has a pool's tokens, the salt of that pool, and a factory; no tick spacing."""
        salt, factory = (self._one(block, address, *view) for view in (("poolSalt", "uint256"), ("factory",)))
        if salt is None or not factory or None in facts.values():
            return None, []
        facts |= {"pool_salt": f"0x{salt:064x}", "factory": factory}
        return Contract(ORACLE, address, facts=facts), [(FACTORY, factory)]

    def initial_state(self, contract: Contract, block: int) -> dict[str, str]:
        """What the constructors of Keep3r and its helpers set."""
        return read_parameters(self._client, contract, block)

    def began_with(self, contract: Contract, parameters: Mapping[str, str]) -> list[tuple[str, str]]:  # noqa: ARG002 - theirs say all
        """The pools that a helper quoted by in its first block: a later change tells the new one only."""
        return [("uniswap_v3_pool", pool) for pool in pools_in(parameters)]

    def tokens(
        self, contracts: Mapping[str, Contract], initial_state: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """KP3R as Keep3r names it, the same in the pools unless configured, and WETH as its other half there."""
        tokens = dict(self._deployment.tokens)
        kp3r = initial_state.get(self._deployment.keep3r, {}).get("keep3rV1", NOBODY)
        tokens.setdefault("kp3r", kp3r)
        tokens.setdefault("kp3r_in_pools", tokens["kp3r"])
        pools = [contract for contract in contracts.values() if contract.role == "uniswap_v3_pool"]
        for pool in sorted(pools, key=lambda contract: contract.address):
            pair = [pool.facts["token0"], pool.facts["token1"]]
            if tokens["kp3r_in_pools"] in pair:
                pair.remove(tokens["kp3r_in_pools"])
                tokens.setdefault("weth", pair[0])
        tokens.setdefault("weth", NOBODY)
        return tokens

    def transactions_to(self, contracts: Mapping[str, Contract]) -> Sequence[str]:  # noqa: ARG002 - none at all
        """None: whatever changes Keep3r's state for good leaves a log."""
        return ()

    def proofs(self, contracts: Mapping[str, Contract], block: int) -> Sequence[Proof]:
        """An approved liquidity was approved, and a pool with a price was initialised."""
        keep3rs = [each for each in self._keep3rs if each in contracts]
        pools = sorted(each.address for each in contracts.values() if each.role == "uniswap_v3_pool")
        questions = [Question(each, View("approvedLiquidities", (), ("address[]",))) for each in keep3rs]
        questions += [Question(each, View("slot0", (), ("uint160",))) for each in pools]
        answers = [_first(answer) for answer in read_views(self._client, questions, block)]
        proofs = []
        for keep3r, liquidities in zip(keep3rs, answers, strict=False):
            for liquidity in liquidities or ():
                why = f"{keep3r} has approved liquidity {liquidity}"
                proofs.append(Proof(keep3r, "events/keep3r.LiquidityApproval", "liquidity", liquidity, why))
        for pool, price in zip(pools, answers[len(keep3rs) :], strict=True):
            if price:
                table = "events/uniswap_v3_pool.Initialize"
                proofs.append(Proof(pool, table, "address", pool, f"pool {pool} has a price"))
        return proofs

    def views(self, lake: Lake, block: int) -> Sequence[Question]:
        """Every view of every contract, for every subject that events have named up to the block.

        In the first block of a lake that begins in mid-history also the pools' rings, which a replay starts from.
        """
        rings = rings_to_read(lake, block)
        sizes = read_views(self._client, [Question(pool, SLOT0) for pool in rings], block)
        return [
            *questions_at(lake, block),
            *(
                Question(pool, OBSERVATIONS, (place,))
                for pool, slot0 in zip(rings, sizes, strict=True)
                for place in range(slot0.values[_CARDINALITY] if slot0.values else 0)
            ),
        ]

    def _describe_helper(self, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        leads = self._pools_of(address, block)
        configured = self._deployment.helper_versions.get(address)
        version = configured or self._helper_version(address, block)
        if version is None:
            return None, []
        return Contract("keep3r_helper", address, version, {} if configured else {BY_VIEWS: True}), leads

    def _pools_of(self, helper: str, block: int) -> list[tuple[str, str]]:
        named = [
            answer[0]
            for name in ("kp3rWethPool", "wethUSDPool")
            if (answer := self._ask(block, helper, View(name, (), ("address", "bool"))).values)
        ]
        if pool := self._one(block, helper, "KP3R_WETH_POOL"):
            named.append(pool)
        return [("uniswap_v3_pool", pool) for pool in named]

    def _helper_version(self, address: str, block: int) -> str | None:
        """Tell a helper's version by the views it has; None if it is no helper."""
        keep3r = self._one(block, address, "keep3rV2")
        of = self._keep3rs.get(str(keep3r))
        has_minimum = self._one(block, address, "minBaseFee", "uint256") is not None
        has_boosts = has_minimum or self._one(block, address, "minBoost", "uint256") is not None
        if keep3r is None and not has_boosts:
            return None
        return helper_version(
            self._deployment.version if of is None else of.version,
            is_constant=not has_boosts,
            has_minimum_base_fee=has_minimum,
        )

    def _pool_of(self, liquidity: str, block: int) -> str | None:
        version = self._deployment.version
        if version and RULES[version].pool_from_helper:
            helper = self._one(block, self._deployment.keep3r, "keep3rHelper")
            answer = self._ask(block, helper, View("oracle", _ADDRESS, _ADDRESS), liquidity) if helper else None
            return _address(answer)
        pool: str | None = self._one(block, liquidity, "pool")
        return pool

    def _one(self, block: int, contract: str, name: str, returns: str = "address") -> Any:
        return _first(self._ask(block, contract, View(name, (), (returns,))))

    def _ask(self, block: int, contract: str, view: View, *arguments: Any) -> Reading:
        return read_view(self._client, contract, view, arguments, block)


def _first(answer: Reading) -> Any:
    """The first value of an answer, addresses in lower case; None if there is none."""
    if not answer.values:
        return None
    value = answer.values[0]
    return tuple(each.lower() for each in value) if isinstance(value, tuple) else _lower(value)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _address(answer: Reading | None) -> str | None:
    if answer is None or not answer.values or answer.values[0] == NOBODY:
        return None
    address: str = answer.values[0].lower()
    return address
