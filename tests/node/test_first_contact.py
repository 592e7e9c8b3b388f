"""First contact: a deployment that is not what the chain holds is refused, with the line to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.code import IMPLEMENTATION_SLOT, code_hashes
from keep3r_replay.dataset.first_contact import Contact, first_contact
from keep3r_replay.replay.contact import Configured
from pipelines.deployment import spec_of
from tests.node.anvil import Anvil, word
from tests.node.keep3r_chain import KP3R, WETH, Keep3rChain
from tests.node.lakes import content, run, settings
from tests.node.packages import artifact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keep3r_replay.dataset.spec import ExtractionSpec

Config = dict[str, Any]
NOBODY_S = "0x" + "77" * 20


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Keep3rChain, Config, str, str]]:
    """Keep3r 2.0, the configuration that is right for it, and a helper and a pool that are not in use."""
    with Anvil("--hardfork", "london") as node:
        chain = Keep3rChain(node)
        created = _created(node, chain.keep3r)
        other_helper = chain.new_helper()
        chain.govern("setKeep3rHelper(address)", chain.helper)
        other_pool, _ = chain.second_pool()
        yield chain, _right(chain, created), other_helper.lower(), other_pool.lower()


def _created(node: Anvil, address: str) -> int:
    return next(n for n in range(node.head + 1) if node.rpc("eth_getCode", address, hex(n)) != "0x")


def _right(chain: Keep3rChain, created: int) -> Config:
    return {
        "name": "test",
        "chain_id": 31337,
        "keep3r": chain.keep3r,
        "version": "v2_0",
        "from_block": created,
        "helper_versions": {chain.helper: "v2_0"},
        "pools": [chain.pool],
        "liquidities": [chain.liquidity],
        "companions": {"pair_manager_factory": [chain.pair_factory]},
        "tokens": {"kp3r": KP3R, "kp3r_in_pools": KP3R, "weth": WETH},
    }


def _contact(chain: Keep3rChain, config: Config) -> Contact:
    client = NodeClient([chain.node.url])
    spec, protocol = spec_of(config, detail="all")
    return first_contact(client, protocol.extractor(client, spec.settings), spec, chain.node.head)


def test_a_right_configuration_has_no_difference(world: tuple[Keep3rChain, Config, str, str]) -> None:
    """The configuration that says what the chain holds is taken without a word."""
    chain, right, _, _ = world
    assert _contact(chain, right) == Contact([], [])


WRONG: list[tuple[str, str, Callable[[Config, Keep3rChain, str, str], Config]]] = [
    ("an account", "keep3r", lambda c, *_: c | {"keep3r": NOBODY_S}),
    ("the helper in the place of Keep3r", "keep3r", lambda c, k, *_: c | {"keep3r": k.helper}),
    ("the pool in the place of Keep3r", "keep3r", lambda c, k, *_: c | {"keep3r": k.pool}),
    ("version 2.1", "keep3r", lambda c, *_: c | {"version": "v2_1"}),
    ("version 2.2", "keep3r", lambda c, *_: c | {"version": "v2_2"}),
    ("version 2.3", "version", lambda c, *_: c | {"version": "v2_3"}),
    ("Optimism's version", "version", lambda c, *_: c | {"version": "v2_3s"}),
    ("Polygon's version", "version", lambda c, *_: c | {"version": "v2_3p"}),
    ("a block too early", "keep3r (from_block)", lambda c, *_: c | {"from_block": c["from_block"] - 1}),
    ("a block too late", "keep3r (from_block)", lambda c, *_: c | {"from_block": c["from_block"] + 1}),
    ("a block to come", "keep3r (from_block)", lambda c, *_: c | {"from_block": 10**9}),
    ("a search that begins too late", "search_from_block", lambda c, *_: c | {"search_from_block": 10**6}),
    ("the helper missing", "helper_versions", lambda c, _, helper, __: c | {"helper_versions": {helper: "v2_0"}}),
    ("a helper of 2.1", "helper_versions", lambda c, k, *_: c | {"helper_versions": {k.helper: "v2_1"}}),
    ("a helper of 2.2", "helper_versions", lambda c, k, *_: c | {"helper_versions": {k.helper: "v2_2_first"}}),
    ("a sidechain's helper", "helper_versions", lambda c, k, *_: c | {"helper_versions": {k.helper: "v2_3s"}}),
    ("a helper that is an account", "helper_versions", lambda c, *_: c | {"helper_versions": {NOBODY_S: "v2_0"}}),
    ("a helper's block", "helper_versions (from_block)", lambda c, k, *_: c | {"first_blocks": {k.helper: 1}}),
    ("another pool", "pools", lambda c, _, __, pool: c | {"pools": [pool]}),
    ("a pool that is none", "pools", lambda c, k, *_: c | {"pools": [k.pool, k.keep3r]}),
    ("a pool that is not there", "pools", lambda c, k, *_: c | {"pools": [k.pool, NOBODY_S]}),
    ("a liquidity missing", "liquidities", lambda c, k, *_: c | {"liquidities": [k.pair_factory]}),
    (
        "a factory that is not there",
        "companions",
        lambda c, *_: c | {"companions": {"pair_manager_factory": [NOBODY_S]}},
    ),
    ("another KP3R", "tokens.kp3r", lambda c, *_: c | {"tokens": c["tokens"] | {"kp3r": WETH}}),
    ("another WETH", "tokens", lambda c, k, *_: c | {"tokens": c["tokens"] | {"weth": k.pair_factory}}),
    ("another KP3R in pools", "tokens", lambda c, k, *_: c | {"tokens": c["tokens"] | {"kp3r_in_pools": k.keep3r}}),
]


@pytest.mark.parametrize(("setting", "change"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_a_wrong_configuration_names_its_line(
    setting: str,
    change: Callable[[Config, Keep3rChain, str, str], Config],
    world: tuple[Keep3rChain, Config, str, str],
) -> None:
    """Each mistake is found, at the setting that makes it, with what the chain says and what to change."""
    chain, right, helper, pool = world
    differences = _contact(chain, change(right, chain, helper, pool)).differences
    assert any(each.setting.startswith(setting) for each in differences), differences
    assert all(each.found and each.change and each.contract.startswith("0x") for each in differences)


@pytest.mark.parametrize("plan", ["plan=true", "plan=false"])
def test_a_plan_and_a_run_refuse_with_a_table(
    plan: str, world: tuple[Keep3rChain, Config, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with exit 2 and one table, and nothing is fetched or written."""
    chain, _, _, _ = world
    lake = tmp_path / "lake"
    arguments = settings(chain.keep3r, lake, "deployment.version=v2_3", "confirmations=0", plan)
    assert run(chain.node.url, *arguments) == 2
    printed = capsys.readouterr()
    assert "nothing was fetched" in printed.err
    rows = [line.split() for line in printed.out.splitlines()]
    assert ["setting", "contract", "configuration", "chain", "change"] in rows
    assert any(row[:2] == ["version", chain.keep3r.lower()] for row in rows)
    assert not lake.exists() or not content(lake)


def test_another_chain_is_named_by_its_setting(
    world: tuple[Keep3rChain, Config, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node of another chain than the deployment's ends the command with exit 2, and the setting."""
    chain, _, _, _ = world
    arguments = settings(chain.keep3r, tmp_path / "lake", "deployment.chain_id=10")
    assert run(chain.node.url, *arguments) == 2
    assert "deployment.chain_id" in capsys.readouterr().err


class _Proxies:
    """An extractor of one proxy, whose code must be a helper's."""

    def __init__(self, address: str) -> None:
        self.configured = [Configured("swaps[0]", "keep3r", address, "2.0")]
        self.codes = {"a088e6b0": "keep3r_helper 2.0", "406a4594": "keep3r 2.0"}


@pytest.mark.parametrize(("implementation", "found"), [("helper", "code of keep3r_helper 2.0"), ("", "no contract")])
def test_a_proxy_is_judged_by_its_implementation(
    implementation: str, found: str, world: tuple[Keep3rChain, Config, str, str]
) -> None:
    """A proxy's own code says nothing; what it stands for is another contract, or none."""
    chain, right, _, _ = world
    proxy = "0x" + "9a" * 20
    chain.node.rpc("anvil_setCode", proxy, "0x60016002")
    target = chain.helper if implementation else NOBODY_S
    chain.node.rpc("anvil_setStorageAt", proxy, IMPLEMENTATION_SLOT, word(int(target, 16)))
    chain.node.mine()
    spec: ExtractionSpec
    spec, _ = spec_of(right, detail="all")
    contact = first_contact(NodeClient([chain.node.url]), _Proxies(proxy), spec, chain.node.head)  # type: ignore[arg-type]  # what first contact asks of it
    assert [found in each.found for each in contact.differences] == [True]


def test_code_of_no_known_version_is_named_on_a_public_chain(world: tuple[Keep3rChain, Config, str, str]) -> None:
    """On a chain of the table of forks, unknown code is remarked on with its hash; on a test chain it is nobody's."""
    chain, right, _, _ = world
    code = chain.node.rpc("eth_getCode", chain.keep3r, "latest")
    chain.node.rpc("anvil_setCode", chain.keep3r, code + "00")
    chain.node.mine()
    try:
        assert _contact(chain, right).remarks == []
        (remark,) = _contact(chain, right | {"chain_id": 1}).remarks
    finally:
        chain.node.rpc("anvil_setCode", chain.keep3r, code)
        chain.node.mine()
    assert code_hashes(bytes.fromhex(code[2:] + "00")).masked[:8] in remark


def test_a_deployed_contract_has_the_hash_of_its_artifact(world: tuple[Keep3rChain, Config, str, str]) -> None:
    """A helper whose constructor filled in Keep3r's address has the masked hash of what the compiler made."""
    chain, _, _, _ = world
    compiled = artifact("keep3r-v2/artifacts/solidity/contracts/Keep3rHelper.sol/Keep3rHelper.json")
    deployed = bytes.fromhex(chain.node.rpc("eth_getCode", chain.helper, "latest")[2:])
    built = bytes.fromhex(compiled["deployedBytecode"][2:])
    assert deployed != built
    assert code_hashes(deployed).masked == code_hashes(built).plain
