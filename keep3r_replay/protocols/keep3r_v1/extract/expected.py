"""What contracts of Keep3r V1 must answer at first contact, by the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.chain.views import View
from keep3r_replay.replay.contact import Configured, Expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v1.extract.settings import Keep3rV1Deployment

_ADDRESS = ("address",)


def configured_contracts(deployment: Keep3rV1Deployment) -> list[Configured]:
    """Every contract that the settings name, by setting, with what it must answer."""
    return [
        Configured(
            setting,
            role,
            address,
            from_block=deployment.from_block if setting == "keep3r" else None,
            expected=tuple(_expected(deployment, setting)),
            may_be_account=role in {"keep3r_v1_governance", "fastgas_owner"},
        )
        for setting, role, address in deployment.named_by_setting()
    ]


def _expected(deployment: Keep3rV1Deployment, setting: str) -> Iterator[Expected]:
    pairs = frozenset({deployment.kp3r_weth, *deployment.pairs})
    if setting == "keep3r":
        helpers = frozenset(deployment.helpers.values())
        yield Expected("helpers", View("KPRH", (), _ADDRESS), helpers, "add {found}: its version", required=True)
    elif setting == "kp3r_weth":
        tokens = frozenset({deployment.keep3r, deployment.weth})
        for name in ("token0", "token1"):
            yield Expected("kp3r_weth, weth", View(name, (), _ADDRESS), tokens, "the pair's tokens", required=True)
    elif setting == "pairs":
        for name in ("token0", "token1"):
            yield Expected("pairs", View(name, (), _ADDRESS), frozenset(), "name a pair", required=True)
    elif setting == "keep3r_v2_oracle":
        yield Expected("pairs", View("pair", (), _ADDRESS), pairs, "add {found}")
    elif setting == "keep3r_v2_oracle_factory" and deployment.keep3r_v2_oracle:
        oracle = frozenset({deployment.keep3r_v2_oracle})
        observed = (*deployment.pairs, deployment.kp3r_weth)[0]
        view = View("feeds", _ADDRESS, _ADDRESS)
        yield Expected("keep3r_v2_oracle_factory", view, oracle, "keep3r_v2_oracle: {found}", (observed,))
    elif setting == "fastgas":
        yield Expected("fastgas", View("latestAnswer", (), ("int256",)), frozenset(), "name a feed")
