"""What contracts of Keep3r V2 must answer at first contact, by the configuration, and the code that versions have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import NOBODY, View
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, RULES
from keep3r_replay.replay.contact import Configured, Expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.extract.settings import Keep3rV2Deployment, KnownKeep3r

CODES = {
    "275ae500": "keep3r 2.0",
    "406a4594": "keep3r 2.0",  # as the package of the contracts' own repository builds it
    "3792bc97": "keep3r 2.1",
    "9b0f42fe": "keep3r 2.2",
    "ca633f8b": "keep3r 2.3s",
    "de0dbb92": "keep3r 2.3p",
    "34274f8d": "keep3r_helper 2.0",
    "a088e6b0": "keep3r_helper 2.0",  # of the same package
    "7f65bd2d": "keep3r_helper 2.1",
    "088cb674": "keep3r_helper 2.2_first",
    "1f4f22c5": "keep3r_helper 2.2",
}
"""Role and version by the first bytes of the code's hash, as recorded artifacts have it; nobody read it from chains."""

_ADDRESS, _UINT = ("address",), ("uint256",)


def configured_contracts(deployment: Keep3rV2Deployment) -> list[Configured]:
    """Every contract that the configuration names, with what it must answer."""
    found = [_keep3r(deployment, known, number) for number, known in enumerate(deployment.keep3rs.values())]
    found += [_helper(deployment, address, version) for address, version in deployment.helper_versions.items()]
    found += [_pool(deployment, pool) for pool in deployment.pools]
    found += [_liquidity(deployment, liquidity) for liquidity in deployment.liquidities]
    for role, addresses in deployment.companions.items():
        for address in addresses:
            first = deployment.first_blocks.get(address)
            if role == "pair_manager_factory":
                found.append(_factory(deployment, address))
            else:
                found.append(Configured(f"companions.{role}", role, address, from_block=first))
    return list({(each.role, each.address): each for each in found}.values())


def _keep3r(deployment: Keep3rV2Deployment, known: KnownKeep3r, number: int) -> Configured:
    setting = "keep3r" if number == 0 else f"more_keep3r[{number - 1}]"
    expected = tuple(_of_keep3r(deployment, known, setting))
    return Configured(setting, "keep3r", known.address, known.version, known.from_block, expected)


def _of_keep3r(deployment: Keep3rV2Deployment, known: KnownKeep3r, setting: str) -> Iterator[Expected]:
    rules = RULES[known.version]
    version = "version" if setting == "keep3r" else f"{setting}.version"
    yield Expected(setting, View("liquidityMinimum", (), _UINT), frozenset(), "name a Keep3r V2", required=True)
    if deployment.tokens.get("kp3r"):
        kp3r = frozenset({deployment.tokens["kp3r"]})
        yield Expected("tokens.kp3r", View("keep3rV1", (), _ADDRESS), kp3r, "kp3r: {found}", at_first=True)
    if deployment.helper_versions:
        helpers = frozenset(deployment.helper_versions)
        for at_first in (True, False):
            yield Expected(
                "helper_versions",
                View("keep3rHelper", (), _ADDRESS),
                helpers,
                "add {found}: its version",
                at_first=at_first,
                required=True,
            )
    pool = View("kp3rWethPool", (), _ADDRESS)
    if not rules.has_kp3r_weth_pool:
        yield Expected(version, pool, None, "a version before 2.3")
    else:
        yield Expected(version, pool, frozenset(), "a version since 2.3", required=True)
        if deployment.pools:
            yield Expected("pools", pool, frozenset(deployment.pools), "add {found}")
    for name, has, other in (
        ("totalBonds", rules.has_total_bonds, "2.3 or a later"),
        ("virtualReserves", rules.has_virtual_reserves, "a sidechain's"),
        ("governor", rules.has_governor, "Polygon's"),
    ):
        view = View(name, (), _ADDRESS if name == "governor" else _UINT)
        if has:
            yield Expected(version, view, frozenset(), f"not {other} version", required=True)
        else:
            yield Expected(version, view, None, f"{other} version")
    if deployment.liquidities:
        approved = View("approvedLiquidities", (), ("address[]",))
        yield Expected("liquidities", approved, frozenset(deployment.liquidities), "add {found}")
    escrows = deployment.companions.get("escrow", ())
    if rules.has_virtual_reserves and escrows:
        proxy = View("keep3rV1Proxy", (), _ADDRESS)
        yield Expected("companions.escrow", proxy, frozenset(escrows), "escrow: {found}", at_first=True)


def _helper(deployment: Keep3rV2Deployment, address: str, version: str) -> Configured:
    rules = HELPER_RULES[version]
    keep3rs = frozenset(deployment.keep3rs)
    expected = [Expected("keep3r", View("keep3rV2", (), _ADDRESS), keep3rs, "keep3r: {found}", required=True)]
    for view, has, other in (
        (View("minBoost", (), _UINT), not rules.is_constant, "2.2 or later"),
        (View("minBaseFee", (), _UINT), rules.has_minimum_base_fee, "2.2 with a minimum fee or later"),
        (View("wethUSDPool", (), ("address", "bool")), rules.has_oracles, "a sidechain's"),
        (View("governor", (), _ADDRESS), rules.has_governor, "Polygon's"),
    ):
        setting = f"helper_versions.{address[:10]}"
        if has:
            expected.append(Expected(setting, view, frozenset(), f"not {other}", required=True))
        else:
            expected.append(Expected(setting, view, None, other))
    if deployment.pools and not rules.is_constant:
        pools = frozenset(deployment.pools)
        names = ("kp3rWethPool", "wethUSDPool") if rules.has_oracles else ("kp3rWethPool",)
        expected += [Expected("pools", View(name, (), ("address", "bool")), pools, "add {found}") for name in names]
    first = deployment.first_blocks.get(address)
    return Configured("helper_versions", "keep3r_helper", address, version, first, tuple(expected))


def _pool(deployment: Keep3rV2Deployment, pool: str) -> Configured:
    """A pool has two tokens; the first one configured is of KP3R and WETH, where the configuration names both."""
    kp3r, weth = (deployment.tokens.get(name) for name in ("kp3r_in_pools", "weth"))
    pair = frozenset({kp3r, weth}) if kp3r and weth and pool == deployment.pools[0] else frozenset()
    tokens = frozenset(each for each in pair if each)
    setting, change = ("tokens, pools", "tokens of the pool, or another pool") if tokens else ("pools", "name a pool")
    expected = tuple(
        Expected(setting, View(name, (), _ADDRESS), tokens, change, required=True) for name in ("token0", "token1")
    )
    return Configured("pools", "uniswap_v3_pool", pool, "", deployment.first_blocks.get(pool), expected)


def _liquidity(deployment: Keep3rV2Deployment, liquidity: str) -> Configured:
    """A pair manager stands for a configured pool; a sidechain's has no pool, the helper names it."""
    expected: tuple[Expected, ...] = ()
    if deployment.pools:
        pools = frozenset(deployment.pools)
        expected = (Expected("liquidities, pools", View("pool", (), _ADDRESS), pools, "pools: add {found}"),)
    return Configured("liquidities", "pair_manager", liquidity, "", deployment.first_blocks.get(liquidity), expected)


def _factory(deployment: Keep3rV2Deployment, factory: str) -> Configured:
    """A factory made the liquidities of the pools, where it made any."""
    made = frozenset({NOBODY, *deployment.liquidities})
    expected = tuple(
        Expected("liquidities", View("pairManagers", _ADDRESS, _ADDRESS), made, "add {found}", (pool,))
        for pool in deployment.pools
        if deployment.liquidities
    )
    setting = "companions.pair_manager_factory"
    return Configured(setting, "pair_manager_factory", factory, "", deployment.first_blocks.get(factory), expected)
