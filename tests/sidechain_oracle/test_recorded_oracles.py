"""Oracles of all four generations, rebuilt from logs and inputs alone, against every reading of a recording."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode
from histories import ROOT

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.helper import eth_quote
from keep3r_replay.sidechain_oracle.feed import SWAP, RawLog, feed_of
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle

FOLDER = Path(os.environ.get("KEEP3R_RECORDINGS") or ROOT.parent / "shared" / "recordings")
RECORDINGS = sorted(FOLDER.glob("open-oracle-sidechain-*"))
GROWTH = "0xac49e518f90a358f652e4400164f05a5d8f7e35e7747279bc3a93dbf584e125a"
INFO = "0xb50ab96cf9f83d6c076a0d2a6e27a65bf1242920ba414829aa618d57d4a26373"


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records of a file."""
    return [json.loads(line) for line in gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes()).splitlines()]


def raw(log: dict[str, Any]) -> RawLog:
    """A log of the recording."""
    numbers = (int(log[name], 16) for name in ("blockNumber", "logIndex", "transactionIndex"))
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return RawLog(*numbers, log["address"].lower(), topics, bytes.fromhex(log["data"][2:]))


def observed(oracle: SidechainOracle, now: int, ago: list[str]) -> Any:
    """What `observe` answers, or the name of its error."""
    oracle.now = now
    try:
        targets = [now - int(each) for each in ago]
        ticks = [str(oracle.tick_cumulative(target)) for target in targets]
        return [ticks, [str(oracle.seconds_per_liquidity_cumulative(target)) for target in targets]]
    except Revert as revert:
        return revert.name


def quoted(oracle: SidechainOracle, now: int, window: int, *, is_token0: bool) -> Any:
    """What a helper quotes for one ETH, or the error that it reverts with: the oracle's, or its own for a tick."""
    answer = observed(oracle, now, ["0", str(window)])
    if isinstance(answer, str):
        return {"revert": "0x27e8e875", "name": answer}
    difference = int(answer[0][0]) - int(answer[0][1])
    try:
        return str(eth_quote(10**18, difference if is_token0 else -difference, window))
    except Revert as revert:
        return {"revert": "0x08c379a0" + encode(["string"], ["T"]).hex(), "name": revert.name}


class Followed:
    """The oracles of a recording, as the logs up to a block have made them."""

    def __init__(self, folder: Path) -> None:
        self.logs = [raw(log) for log in lines(folder, "logs")]
        inputs = {
            (int(each["blockNumber"], 16), int(each["transactionIndex"], 16)): bytes.fromhex(each["input"][2:])
            for each in lines(folder, "txs")
            if each["status"] == "0x1"
        }
        self.feed = feed_of(self.logs, inputs)
        self.oracles: dict[str, SidechainOracle] = {}
        self.swaps = 0
        self._next = 0

    def go_to(self, block: int) -> None:
        """Take all logs up to a block."""
        while self._next < len(self.logs) and self.logs[self._next].block <= block:
            log = self.logs[self._next]
            self._next += 1
            if log.address in self.feed.oracles:
                self._take(log)

    def _take(self, log: RawLog) -> None:
        if log.address not in self.oracles:
            self.oracles[log.address] = SidechainOracle(log.address, "", "")
            self.oracles[log.address].deploy(*self.feed.oracles[log.address][1:])
        oracle, topic = self.oracles[log.address], "0x" + log.topics[0].hex()
        if log.topics[0] == SWAP:
            written = self.feed.written[log.block, log.log_index]
            assert written.nonce == oracle.pool_nonce
            oracle.write(written.batch)
            assert oracle.sqrt_price_x96 == int.from_bytes(log.data[64:96], "big")
            assert oracle.tick == int.from_bytes(log.data[128:160], "big", signed=True)
            self.swaps += 1
        elif topic == GROWTH:
            oracle.grow(int.from_bytes(log.data[32:], "big"))
        elif topic == INFO:
            oracle.unlocked = False


def answers_as_read(oracle: SidechainOracle, now: int, told: dict[str, Any]) -> int:
    """Compare slot, nonce, ring and observations; how many observations there were."""
    slot0 = [oracle.sqrt_price_x96, oracle.tick, oracle.index, oracle.cardinality, oracle.cardinality_next, 0]
    assert [*map(str, slot0), oracle.unlocked] == told["slot0"]
    assert str(oracle.pool_nonce) == told["poolNonce"]
    for where, value in told["observations"].items():
        *numbers, is_written = oracle.observation(int(where))
        assert [*map(str, numbers), is_written] == value
    for asked in told["observe"]:
        said = asked["name"] if "revert" in asked else asked["answer"]
        assert observed(oracle, now, asked["secondsAgos"]) == said
    return len(told["observe"])


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_every_reading_is_answered(folder: Path) -> None:
    """Slots, rings, nonces, observations with their errors, and quotes, after every block."""
    followed = Followed(folder)
    answers = quotes = 0
    for view in lines(folder, "views"):
        followed.go_to(view["block"])
        now = view["timestamp"]
        for address, told in view["oracles"].items():
            answers += answers_as_read(followed.oracles[address.lower()], now, told)
        for helper in view["helpers"].values():
            address, order = helper["kp3rWethPool"]
            oracle = followed.oracles[address.lower()]
            assert quoted(oracle, now, int(helper["quoteTwapTime"]), is_token0=order) == helper["quote"]
            quotes += 1
    assert answers > 50_000
    assert quotes > 1_000
    assert followed.swaps == len(followed.feed.written)
