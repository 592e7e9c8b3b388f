"""Keep3r V1's configuration for mainnet, as it is, on a served recording that stands at its heights and addresses."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from histories import History, name_of, set_word
from histories import word as log_word

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, ROOT
from keep3r_replay.protocols.keep3r_v1.extract.views import questions_at
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots
from pipelines.cli import main
from tests.deployed.moved_chain import MovedChain
from tests.keep3r_v1.recorded import BUNDLED, KP3R, recorded, recordings
from tests.keep3r_v1.served import call, served, word
from tests.rehearsal.served import answered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.keep3r_v1.served import Served

pytestmark = pytest.mark.slow

FACTORY = "0xaed599aadfee8e32cedb59db2b1120d33a7bacfd"
SUSHI = "0xaf988aff99d3d0cb870812c325c588d8d8cb7de8"
TELLING_BLOCKS = {
    "0x" + event.topic0.hex(): event for event in EVENTS[ROOT]["1"] if "block" in {each.name for each in event.in_data}
}
SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
BEFORE_LONDON, AFTER_LONDON = 11_140_000, 13_000_000


def with_sushi(history: History, meta: dict) -> History:
    """The history with a second pair that is synchronised to the first one's reserves whenever these change.

    On mainnet the last oracle reads another pair than the first two, and its factory is told of that one; in recordings
    all three read the same. What moves the second pair's tokens is not told: only its `Sync` is.
    """
    pair, factory = meta["pairs"]["kp3rWeth"].lower(), meta["keep3rV2OracleFactory"].lower()
    logs, block, added = [], "", 0
    for log in history.logs:
        block, added = log["blockNumber"], added if log["blockNumber"] == block else 0
        logs.append(log | {"logIndex": hex(int(log["logIndex"], 16) + added)})
        if log["address"].lower() == pair and log["topics"][0] == SYNC:
            added += 1
            logs.append(log | {"address": SUSHI, "logIndex": hex(int(log["logIndex"], 16) + added)})
    twin = history.copy()
    twin.logs = logs
    for sent in twin.transactions:
        if (sent["to"] or "").lower() == factory:
            sent["input"] = sent["input"].replace(pair[2:], SUSHI[2:])
    return twin


def at_height(history: History, height: int) -> None:
    """Raise the block numbers that Keep3r V1's events tell among their parameters."""
    for log in history.logs:
        event = TELLING_BLOCKS.get(log["topics"][0])
        if event is not None and log["address"].lower() == KP3R:
            place = [each.name for each in event.in_data].index("block")
            set_word(log, place, log_word(log, place) + height)


def lead_to_sushi(node: Served) -> None:
    """Let the last oracle and its factory name the second pair."""
    pair, factory = node.meta["pairs"]["kp3rWeth"], node.meta["keep3rV2OracleFactory"].lower()
    oracle = node.meta["keep3rV2Oracle"].lower()
    del node._views[factory, call("feeds(address)", pair)]
    node._views[factory, call("feeds(address)", SUSHI)] = word(oracle)
    node._views[oracle, call("pair()")] = word(SUSHI)
    for token in ("token0()", "token1()"):
        node._views[SUSHI, call(token)] = node._views[pair.lower(), call(token)]


@contextmanager
def on_mainnet(recording: Path, folder: Path) -> Iterator[Served]:
    """Let a node of mainnet with the recording's history be the one that commands ask."""
    history = History(recording)
    history_there = with_sushi(history, recorded(recording).meta)
    height = AFTER_LONDON if "baseFeePerGas" in history.blocks[0] else BEFORE_LONDON
    at_height(history_there, height)
    with served(history_there.write(folder)) as (url, node):
        lead_to_sushi(node)
        names = {node.meta["keep3rV2OracleFactory"]: FACTORY}
        with MovedChain(url, 1, height, names) as moved, mock.patch.dict(os.environ, {"ETH_RPC_URL": moved.url}):
            yield node


def answer_views(node: Served) -> None:
    """Let views be answered at the last block by the recording's own history; nobody holds the second pair."""
    lake = recorded(BUNDLED).lake
    (root,) = roots(lake, PROTOCOL)
    answered(
        node,
        questions_at(lake, node.number("latest")),
        lambda block: replay_root(lake, PROTOCOL, root, block, None, Options(readings=False)).replay,
    )
    told, pair = node._view, node.meta["pairs"]["kp3rWeth"].lower()

    def view(contract: str, data: str, block: int) -> Any:
        if contract == SUSHI and data[:10] in {call("totalSupply()"), call("balanceOf(address)")}:
            return word(0)
        return told(pair if contract == SUSHI else contract, data, block)

    node._view = view


OF_EACH_RULES = [each for each in recordings() if each.name in {BUNDLED.name, "open-v1-switch-304"}]
"""A recording before London, and, where it is at hand, one after it."""


@pytest.mark.parametrize("recording", OF_EACH_RULES, ids=name_of)
def test_the_configuration_as_it_is_takes_the_whole_history(recording: Path, tmp_path: Path) -> None:
    """Everything is found from the configuration; the replay finds what the import's finds, and nothing else."""
    with on_mainnet(recording, tmp_path / "recording"):
        assert main(["extract", "deployment=keep3r_v1_mainnet", f"lake={tmp_path / 'lake'}"]) == 0
    lake = Lake.open(tmp_path / "lake")
    assert lake.deployment.chain_id == 1
    by_address = lake.deployment.by_address()
    assert by_address[FACTORY].role == "keep3r_v2_oracle_factory"
    assert by_address[recorded(recording).meta["keep3rV2Oracle"].lower()].facts["pair"] == SUSHI
    made, imported = audit(lake, PROTOCOL), recorded(recording).audit
    for name in ("verdict", "works", "applications", "events", "findings"):
        assert made.summary[name] == imported.summary[name], name
    assert made.summary["events"]["mismatched"] == made.summary["works"]["undetermined"] == 0
    updates = made.tables["oracle_updates"], imported.tables["oracle_updates"]
    assert updates[0]["timestamp"].equals(updates[1]["timestamp"])
    last = recorded(recording).meta["keep3rV2Oracle"].lower()
    for oracle, pair in zip(updates[0]["oracle"], updates[0]["pair"], strict=True):
        assert (pair == SUSHI) is (oracle == last)


def test_the_configuration_as_it_is_is_rehearsed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From its beginning, as all of V1: every event as predicted, and no reading at its end differs."""
    with on_mainnet(BUNDLED, tmp_path / "recording") as node:
        answer_views(node)
        # Its payments without standing are facts of the history, found in the imported one too.
        assert main(["rehearse", "deployment=keep3r_v1_mainnet", f"lake={tmp_path / 'lake'}"]) == 3
    page = capsys.readouterr().out
    assert "from its beginning" in page
    assert ", 0 not as predicted" in page
    assert ", 0 differ" in page
