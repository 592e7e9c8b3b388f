"""Optimism's configuration in front of recorded oracles: found, followed, replayed, and asked what its helper quotes.

The recording has oracles, receivers and helpers, and no Keep3r: a Keep3r that has done nothing stands before them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from audits import audit, keep3r_contracts, replay_contract
from chain.small_node import SmallNode, error, results
from eth_abi import encode

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.protocol import Options
from tests.node.lakes import run
from tests.sidechain_oracle.test_recorded_oracles import RECORDINGS, lines

if TYPE_CHECKING:
    from pathlib import Path

KEEP3R, WKP3R = ("0x" + each * 20 for each in ("33", "55"))
NOBODY = "0x" + "00" * 20
OLDER = ("gen1", "gen2", "gen3a")


def selector(signature: str) -> str:
    """Of a view."""
    return keccak256(signature.encode())[:4].hex()


class Served(SmallNode):
    """A recording of oracles of one generation, behind a Keep3r."""

    def __init__(self, folder: Path, meta: dict[str, Any], generation: str) -> None:
        super().__init__(lambda asked, _handler: results(asked, self._answer))
        self.blocks = lines(folder, "blocks")
        self._logs = lines(folder, "logs")
        self._sent = {each["hash"]: each for each in lines(folder, "txs")}
        self._views = _views(meta, generation)
        self._there = {address for address, _ in self._views}
        self.hides_inputs = False

    def _number(self, tag: str) -> int:
        return len(self.blocks) - 1 if tag in {"latest", "finalized", "safe"} else int(tag, 16)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        method, parameters = call["method"], call["params"]
        if method == "eth_chainId":
            return {"result": "0x7a69"}
        if method == "eth_getBlockByNumber":
            number = self._number(parameters[0])
            return {"result": self.blocks[number] if number < len(self.blocks) else None}
        if method == "eth_getCode":
            return {"result": "0x6001" if parameters[0].lower() in self._there else "0x"}
        if method == "eth_getStorageAt":
            return {"result": "0x" + 64 * "0"}
        if method == "eth_call":
            told = self._views.get((parameters[0]["to"].lower(), parameters[0]["data"][2:10]))
            return (
                {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
                if told is None
                else {"result": "0x" + told.hex()}
            )
        if method == "eth_getLogs":
            low, high = (self._number(parameters[0][name]) for name in ("fromBlock", "toBlock"))
            inside = (log for log in self._logs if low <= int(log["blockNumber"], 16) <= high)
            return {"result": [log for log in inside if log["address"] in parameters[0]["address"]]}
        if method == "eth_feeHistory":
            last = self._number(parameters[1])
            first = max(0, last - int(parameters[0], 16) + 1)
            fees = [each["baseFeePerGas"] for each in self.blocks[first : last + 1]]
            return {"result": {"oldestBlock": hex(first), "baseFeePerGas": [*fees, fees[-1]]}}
        if method in {"eth_getTransactionByHash", "eth_getTransactionReceipt"}:
            each = self._sent[parameters[0]]
            hidden = {"input": each["input"][:10]} if self.hides_inputs else {}
            block = self.blocks[int(each["blockNumber"], 16)]["hash"]
            return {"result": each | {"blockHash": block, "transactionHash": each["hash"]} | hidden}
        return error(-32601, "the method does not exist")


def _views(meta: dict[str, Any], generation: str) -> dict[tuple[str, str], bytes]:
    """What contracts answer about themselves, by address and selector."""
    told = meta["generations"][generation]
    helper, factory = meta["helpers"][generation].lower(), told["factory"].lower()
    governor = meta["roles"]["governor"]
    price, dollar = told["oracles"]["P0"], told["oracles"]["P2"]
    views: dict[tuple[str, str], bytes] = {}

    def add(address: str, signature: str, kinds: list[str], values: list[Any]) -> None:
        views[address.lower(), selector(signature)] = encode(kinds, values)

    for name, value in {
        "bondTime": 259_200, "unbondTime": 1_209_600, "liquidityMinimum": 3 * 10**18, "rewardPeriodTime": 432_000,
        "inflationPeriod": 2_937_600, "fee": 30, "totalBonds": 0, "virtualReserves": 0,
    }.items():  # fmt: skip
        add(KEEP3R, f"{name}()", ["uint256"], [value])
    for name, value in {
        "governance": governor, "pendingGovernance": NOBODY, "keep3rV1": WKP3R, "keep3rV1Proxy": NOBODY,
        "keep3rHelper": helper,
    }.items():  # fmt: skip
        add(KEEP3R, f"{name}()", ["address"], [value])
    for name in ("jobs", "keepers", "approvedLiquidities"):
        add(KEEP3R, f"{name}()", ["address[]"], [[]])
    for name, value in {
        "minBoost": 11_000, "maxBoost": 12_000, "targetBond": 200 * 10**18, "workExtraGas": 0, "quoteTwapTime": 86_400,
        "minBaseFee": 15 * 10**9, "minPriorityFee": 2 * 10**9,
    }.items():  # fmt: skip
        add(helper, f"{name}()", ["uint256"], [value])
    add(helper, "keep3rV2()", ["address"], [KEEP3R])
    add(helper, "governance()", ["address"], [governor])
    add(helper, "pendingGovernance()", ["address"], [NOBODY])
    add(helper, "kp3rWethPool()", ["address", "bool"], [price, True])
    add(helper, "wethUSDPool()", ["address", "bool"], [dollar, False])
    for name, oracle in told["oracles"].items():
        pool = meta["pools"][name]
        add(oracle, "token0()", ["address"], [pool["token0"]])
        add(oracle, "token1()", ["address"], [pool["token1"]])
        add(oracle, "fee()", ["uint24"], [pool["fee"]])
        add(oracle, "poolSalt()", ["bytes32"], [bytes.fromhex(pool["salt"][2:])])
        add(oracle, "factory()", ["address"], [factory])
    add(factory, "dataReceiver()", ["address"], [told["dataReceivers"][-1]])
    for receiver in told["dataReceivers"]:
        add(receiver, "owner()", ["address"], [NOBODY])
    return views


def extracted(folder: Path, generation: str, lake: Path, *, hides_inputs: bool = False) -> Lake:
    """The lake of a Keep3r that stands before the oracles of a generation."""
    meta = json.loads((folder / "meta.json").read_bytes())
    with Served(folder, meta, generation) as node:
        node.hides_inputs = hides_inputs
        settings = ["deployment=local", f"deployment.keep3r={KEEP3R}", "deployment.version=v2_3s"]
        token = meta["pools"]["P0"]["token0"].lower()
        tokens = [f"deployment.tokens.kp3r_in_pools={token}", "deployment.from_block=0"]
        assert run(node.url, "extract", *settings, *tokens, f"lake={lake}") == 0
    return Lake.open(lake)


@pytest.mark.parametrize("folder", RECORDINGS[:1], ids=lambda folder: folder.name)
@pytest.mark.parametrize("generation", [*(pytest.param(each, marks=pytest.mark.slow) for each in OLDER), "gen3b"])
def test_a_helper_s_quotes_follow_the_oracle(generation: str, folder: Path, tmp_path: Path) -> None:
    """Oracles, factory and all receivers are found; every batch is told; observations and quotes are the recorded."""
    lake = extracted(folder, generation, tmp_path / "lake")
    roles = [each.role for each in lake.deployment.contracts]
    assert roles.count("sidechain_oracle") == 2
    assert roles.count("data_receiver") >= 1
    assert audit(lake).findings == []
    views = {each["block"]: each for each in lines(folder, "views")}
    helper = next(each.address for each in lake.deployment.contracts if each.role == "keep3r_helper")
    compared = 0
    for block in sorted(views)[5 :: len(views) // 5]:
        view = views[block]
        (root,) = keep3r_contracts(lake)
        replay = replay_contract(lake, root, block, None, Options(readings=False)).protocol
        replay.context.now = view["timestamp"]
        told = view["helpers"].get(generation)
        for oracle in replay.keep3r.pools.values():
            oracle.now = view["timestamp"]
        for address, read in view["oracles"].items():
            if address.lower() in replay.keep3r.pools:
                for asked in read["observe"]:
                    answer = replay.view(address.lower(), "observe", asked["secondsAgos"], "view")
                    if "answer" in asked:
                        assert answer() == asked["answer"]
                        compared += 1
        for name in ("quote", "quoteUsdToEth") if told else ():
            answer = replay.view(helper, name, [str(10**18)], "view")
            if isinstance(told[name], str) and told["kp3rWethPool"][0].lower() in replay.keep3r.pools:
                assert str(answer()) == told[name]
                compared += 1
    assert compared > 50


@pytest.mark.parametrize("folder", RECORDINGS[:1], ids=lambda folder: folder.name)
def test_what_nothing_tells_is_undetermined(folder: Path, tmp_path: Path) -> None:
    """Without the transactions' inputs a third generation's batches are unknown: a notice, no error, no answer."""
    lake = extracted(folder, "gen3b", tmp_path / "lake", hides_inputs=True)
    audited = audit(lake)
    assert {each.kind for each in audited.findings} == {"unknown_batch"}
    assert all("what was written by nonce " in each.reason for each in audited.findings)
    assert audited.summary["verdict"] == "clean"
    (root,) = keep3r_contracts(lake)
    replay = replay_contract(lake, root, None, None, Options(readings=False)).protocol
    oracle = next(each.address for each in lake.deployment.contracts if each.role == "sidechain_oracle")
    with pytest.raises(Revert, match="unknown batch"):
        replay.view(oracle, "observe", ["0"], "view")()
    assert replay.undetermined("observe", ["0"], "0")
