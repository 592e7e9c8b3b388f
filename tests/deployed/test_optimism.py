"""Optimism's configuration, as it is, on recorded oracles that mainnet feeds and a Keep3r that quotes by them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from audits import audit, keep3r_contracts, replay_contract

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.extract.views import questions_at
from keep3r_replay.replay.protocol import Options
from tests.deployed.moved_chain import MovedChain
from tests.deployed.optimism import LAST, ServedOptimism, played
from tests.deployed.stand_ins import known, stand_ins
from tests.node.lakes import run
from tests.sidechain_oracle.test_extracted_oracles import KEEP3R, WKP3R, extracted
from tests.sidechain_oracle.test_recorded_oracles import RECORDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

ON_OPTIMISM = "0x745a50320b6eb8ff281f1664fc6713991661b129"
HELPER, HELPER_HEIGHT = "0x832acce332b81262c028b2f800d1d53c8aee12f4", 46_380_664
PRICE, DOLLAR = "0x4ab2c969c64302e5d931e5cef4755392dc005604", "0x03af20bdaaffb4cc0a521796a223f7d85e2aac31"
FIRST_LOG_OF_HELPER = 32
WORKS = 8
HEIGHT = HELPER_HEIGHT - FIRST_LOG_OF_HELPER


class Optimism(NamedTuple):
    """A node's address, and the recording that it asks."""

    url: str
    recording: ServedOptimism


def names(meta: dict[str, Any]) -> dict[str, str]:
    """Optimism's addresses by those of the recording, and of the Keep3r before it."""
    oracles = meta["generations"]["gen1"]["oracles"]
    tokens = {KEEP3R: ON_OPTIMISM, WKP3R: "0x74bcb73fa7010eb523a81fee2bb23eab3d12c2f8"}
    return tokens | {meta["helpers"]["gen1"]: HELPER, oracles["P0"]: PRICE, oracles["P2"]: DOLLAR}


@pytest.fixture(scope="module", params=RECORDINGS[:1], ids=lambda folder: folder.name)
def optimism(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Optimism]:
    """A node of Optimism, and the recording that stands behind it."""
    folder = request.param
    meta = json.loads((folder / "meta.json").read_bytes())
    price = meta["generations"]["gen1"]["oracles"]["P0"].lower()
    oracles = extracted(folder, "gen1", tmp_path_factory.mktemp("oracles") / "lake")
    (root,) = keep3r_contracts(oracles)
    left = replay_contract(oracles, root, LAST, None, Options(readings=False)).protocol
    created = {ON_OPTIMISM: 46_380_707, HELPER: HELPER_HEIGHT}
    codes = stand_ins({ON_OPTIMISM: "keep3r 2.3s", HELPER: "keep3r_helper 2.3s"})
    with ServedOptimism(folder, meta) as inner:
        inner.append(played(oracles, left, price, inner.blocks))
        with MovedChain(inner.url, 10, HEIGHT, names(meta), created, codes) as node, known(codes.values()):
            yield Optimism(node.url, inner)


@pytest.fixture(scope="module")
def lake(optimism: Optimism, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of the whole history."""
    folder = tmp_path_factory.mktemp("extracted") / "lake"
    assert run(optimism.url, "extract", "deployment=keep3r_v2_3_optimism", f"lake={folder}") == 0
    return Lake.open(folder)


def test_the_configuration_as_it_is_takes_the_whole_history(lake: Lake) -> None:
    """Oracles, factory and receivers are found, every batch is told, and works are paid as their prices say."""
    by_address = lake.deployment.by_address()
    assert by_address[PRICE].role == by_address[DOLLAR].role == "sidechain_oracle"
    made = audit(lake)
    assert made.summary["verdict"] == "clean"
    assert made.summary["findings"] == {}
    works = made.summary["works"]
    assert works["exact"] == sum(works.values()) == WORKS
    assert made.summary["events"]["matched"] == made.summary["events"]["predicted"] > WORKS


def test_the_configuration_as_it_is_is_rehearsed(
    optimism: Optimism, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is younger than a window, so from its beginning: nothing is found, and no reading at its end differs."""
    last = lake.manifest.coverage.to_block
    optimism.recording.answer_views(lake, questions_at(lake, last))
    assert run(optimism.url, "rehearse", "deployment=keep3r_v2_3_optimism", f"lake={tmp_path / 'lake'}") == 0
    page = capsys.readouterr().out
    assert "CLEAN" in page
    assert ", 0 not as predicted" in page
    assert ", 0 differ, 0 undetermined" in page
    assert int(re.search(r"readings +(\d+)  compared", page.replace(",", ""))[1]) > 50
