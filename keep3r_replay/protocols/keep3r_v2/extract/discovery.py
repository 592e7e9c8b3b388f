"""Finding a deployment's contracts: from Keep3r's own views at first, and from its logs as they come.

Keep3r leads to its helper, the helper (or, before 2.2, Keep3r itself) to the KP3R/WETH pool, and every approved
liquidity to its pair manager and that to its pool. The sidechain's helper names a pool for each liquidity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.client import NodeClient, RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.views import Question, Reading, View, read_view, read_views
from keep3r_replay.errors import NodeError
from keep3r_replay.lake.deployment import Contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import msgspec

    from keep3r_replay.dataset.spec import ExtractionSpec

NOBODY = "0x" + "00" * 20

_ADDRESS = ("address",)
_LEADS = {
    "events/keep3r.Keep3rHelperChange": ("keep3r_helper", "keep3r_helper"),
    "events/keep3r.LiquidityApproval": ("liquidity", "pair_manager"),
    "events/keep3r.Kp3rWethPoolChange": ("kp3r_weth_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.Kp3rWethPoolChange": ("kp3r_weth_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.WethUSDPoolChange": ("weth_usd_pool", "uniswap_v3_pool"),
    "events/keep3r_helper.OracleSet": ("oracle_pool", "uniswap_v3_pool"),
}
"""Event tables that name a contract of the deployment: the column, and the role of what it names."""
_POOL_FACTS = {
    "token0": View("token0", (), _ADDRESS),
    "token1": View("token1", (), _ADDRESS),
    "fee": View("fee", (), ("uint24",)),
    "tick_spacing": View("tickSpacing", (), ("int24",)),
}


def named_in_events(tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the role and the address of every contract that decoded events name, each once, in chain order."""
    named: dict[tuple[str, str], None] = {}
    for table, (column, role) in _LEADS.items():
        if table in tables:
            for address in tables[table].column(column).to_pylist():
                if address != NOBODY:
                    named[role, address] = None
    return list(named)


class Discovery:
    """Asks contracts what they are and whom they lead to, as of one block.

    Args:
        client: the node.
        spec: the deployment.
        block: the newest block that may be asked about.
    """

    def __init__(self, client: NodeClient, spec: ExtractionSpec, block: int) -> None:
        self._client = client
        self._spec = spec
        self._block = block
        self._code: dict[tuple[str, int], bool] = {}

    def start(self) -> list[tuple[str, str]]:
        """Return the role and address of what the configuration and Keep3r's present state name."""
        named = [(role, address) for address, role in sorted(self._spec.companions.items())]
        named += [("uniswap_v3_pool", pool) for pool in self._spec.pools]
        named += [("keep3r_helper", helper) for helper in sorted(self._spec.helper_versions)]
        for keep3r in self._spec.keep3rs:
            named.append(("keep3r", keep3r))
            # No event tells whom the constructor named, and present state saves finding the rest one by one.
            named += self._at_creation(keep3r).present(keep3r) + self.present(keep3r)
        return [(role, address) for role, address in named if address != NOBODY]

    def present(self, keep3r: str) -> list[tuple[str, str]]:
        """Return the role and address of what a Keep3r's views name at the block."""
        helper = self._one(keep3r, "keep3rHelper")
        pool = self._one(keep3r, "kp3rWethPool")
        liquidities = self._one(keep3r, "approvedLiquidities", "address[]") or ()
        named = [("keep3r_helper", helper)] if helper else []
        named += [("uniswap_v3_pool", pool)] if pool else []
        return named + [("pair_manager", liquidity) for liquidity in liquidities]

    def _at_creation(self, keep3r: str) -> Discovery:
        first = self.first_block(keep3r, known_first=self._spec.keep3rs[keep3r].from_block)
        return Discovery(self._client, self._spec, first)

    def resolve(self, named: Iterable[tuple[str, str]], known: Mapping[str, Contract]) -> list[Contract]:
        """Return the contracts that are named and not known yet, and all that they lead to, each with its facts."""
        found: dict[str, Contract] = {}
        queue = list(named)
        while queue:
            role, address = queue.pop(0)
            address = address.lower()
            if address in known or address in found or address == NOBODY or not self._exists(address):
                continue
            contract, leads = self._describe(role, address)
            if contract is None:
                continue
            first = self.first_block(address, self._spec.keep3rs[address].from_block if role == "keep3r" else None)
            found[address] = replace(contract, facts={**contract.facts, "from_block": first})
            queue += leads
        return sorted(found.values(), key=lambda contract: (contract.role, contract.address))

    def first_block(self, address: str, known_first: int | None = None) -> int:
        """Return the block in which a contract was created, by bisection; the earliest possible if history is gone."""
        if known_first is not None:
            return known_first
        low, high = self._spec.search_from_block, self._block
        try:
            if self._has_code(address, low):
                return low
            while high - low > 1:
                middle = (low + high) // 2
                if self._has_code(address, middle):
                    high = middle
                else:
                    low = middle
        except (RefusedError, NodeError):
            return self._spec.search_from_block
        return high

    def _describe(self, role: str, address: str) -> tuple[Contract | None, list[tuple[str, str]]]:
        if role == "keep3r":
            return Contract(role, address, self._spec.keep3rs[address].version), []
        if role == "keep3r_helper":
            return self._describe_helper(address)
        if role == "pair_manager":
            pool = self._pool_of(address)
            if pool is None and self._one(address, "slot0", "uint160") is not None:
                # Keep3r's own pool is asked about like a liquidity; it is no pair manager.
                return self._describe("uniswap_v3_pool", address)
            return Contract(role, address, facts={"pool": pool} if pool else {}), (
                [("uniswap_v3_pool", pool)] if pool else []
            )
        if role == "uniswap_v3_pool":
            questions = [Question(address, view) for view in _POOL_FACTS.values()]
            answers = read_views(self._client, questions, self._block)
            facts = {name: _first(answer) for name, answer in zip(_POOL_FACTS, answers, strict=True)}
            # A parameter may name any address; what has no tokens is no pool and has no logs to follow.
            return (None, []) if None in facts.values() else (Contract(role, address, facts=facts), [])
        return Contract(role, address), []

    def _describe_helper(self, address: str) -> tuple[Contract | None, list[tuple[str, str]]]:
        leads = [
            ("uniswap_v3_pool", answer[0])
            for name in ("kp3rWethPool", "wethUSDPool")
            if (answer := self._ask(address, View(name, (), ("address", "bool"))).values)
        ]
        if pool := self._one(address, "KP3R_WETH_POOL"):
            leads.append(("uniswap_v3_pool", pool))
        version = self._spec.helper_versions.get(address) or self._helper_version(address)
        if version is None:
            return None, []
        return Contract("keep3r_helper", address, version), leads

    def _helper_version(self, address: str) -> str | None:
        """Tell a helper's version by the views it has; None if it is no helper."""
        of = self._spec.keep3rs.get(str(self._one(address, "keep3rV2")))
        keep3r = self._spec.version if of is None else of.version
        if self._one(address, "minBaseFee", "uint256") is not None:
            return keep3r if keep3r in {"2.2", "2.3", "2.3s"} else "2.2"
        if self._one(address, "minBoost", "uint256") is not None:
            return "2.2_first"
        if self._one(address, "keep3rV2") is not None:
            return keep3r if keep3r in {"2.0", "2.1"} else "2.0"
        return None

    def _pool_of(self, liquidity: str) -> str | None:
        if self._spec.version == "2.3s":
            helper = self._one(self._spec.keep3r, "keep3rHelper")
            answer = self._ask(helper, View("oracle", _ADDRESS, _ADDRESS), liquidity) if helper else None
            return _address(answer)
        pool: str | None = self._one(liquidity, "pool")
        return pool

    def _one(self, contract: str, name: str, returns: str = "address") -> Any:
        return _first(self._ask(contract, View(name, (), (returns,))))

    def _ask(self, contract: str, view: View, *arguments: Any) -> Reading:
        return read_view(self._client, contract, view, arguments, self._block)

    def _exists(self, address: str) -> bool:
        blocks = [self._block, self._spec.search_from_block]
        try:
            # Where the search for its first block will begin is asked along: most often there is nothing yet.
            answers = self._client.batch([Call("eth_getCode", [address, hex(block)]) for block in blocks])
        except RefusedError:
            return self._has_code(address, self._block)
        self._code |= {(address, block): _is_code(answer) for block, answer in zip(blocks, answers, strict=True)}
        return self._code[address, self._block]

    def _has_code(self, address: str, block: int) -> bool:
        place = (address, block)
        if place not in self._code:
            self._code[place] = _is_code(self._client.call("eth_getCode", address, hex(block)))
        return self._code[place]


def _is_code(answer: msgspec.Raw) -> bool:
    return len(bytes(answer)) > len('"0x"')


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
