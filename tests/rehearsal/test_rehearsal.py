"""`keep3r rehearse` on served recordings: one page, of every version and protocol; wrong settings are refused first."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from histories import DATA, History, beside, bundled, name_of
from lakes import imported

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.extract.views import questions_at
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL as KEEP3R_V1
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED
from tests.keep3r_v1.served import served
from tests.kuma.recorded import lines, meta
from tests.kuma.served import ServedRecording as ServedKuma
from tests.node.lakes import run
from tests.rehearsal.served import ServedRecording, answered

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract

SAMPLE = bundled()[0]
NOBODY_S = "0x" + "77" * 20


def keep3r_of(lake: Lake) -> Contract:
    """The Keep3r of a recording's lake."""
    return next(each for each in lake.deployment.contracts if each.role == "keep3r")


def rehearse(node: ServedRecording, lake: Lake, folder: Path, *more: str) -> int:
    """Rehearse the recording's deployment as a person would; the exit code."""
    keep3r = keep3r_of(lake)
    return run(
        node.url,
        "rehearse",
        "deployment=local",
        f"deployment.keep3r={keep3r.address}",
        f"deployment.version=v{keep3r.version.replace('.', '_', 1)}",
        f"deployment.tokens.kp3r_in_pools={lake.deployment.tokens['kp3r_in_pools']}",
        f"lake={folder}",
        *more,
    )


def window(recording: Path) -> tuple[int, int]:
    """The last block with readings, and how many blocks before it to the one with readings that is 200 earlier."""
    read = [block for block, _ in History(recording).views]
    first = min(read, key=lambda block: abs(block - (read[-1] - 200)))
    return read[-1], read[-1] - first + 1


def with_most_changes() -> list[Path]:
    """Recordings beside the repository whose windows hold disputes, or changes of helpers and pools long before."""
    return [path for path in beside() if path.name.endswith(("-disputes-106", "-sparse-105"))]


@pytest.mark.slow
@pytest.mark.parametrize("recording", [*bundled(), *with_most_changes()], ids=name_of)
def test_a_window_of_every_version_holds(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some 200 blocks, from the readings of their first: nothing is found, and the page says what that rests on."""
    lake = Lake.open(imported(recording))
    head, blocks = window(recording)
    with ServedRecording(recording, lake, head=head) as node:
        assert rehearse(node, lake, tmp_path / "lake", f"blocks={blocks}") == 0
    page = capsys.readouterr().out
    assert f"blocks {head - blocks + 1} to {head}" in page
    assert "from its readings" in page
    assert page.count("PARTIAL") == 1
    assert ", 0 not as predicted" in page
    assert ", 0 differ" in page
    assert int(re.search(r"readings +(\d+)  compared", page.replace(",", ""))[1]) > 20
    for part in (
        "what it cost",
        "the whole history",
        "positions in pools",
        "to fetch as fast as this window",
        "replay",
    ):
        assert part in page


MISTAKES = [
    ("another address", ["deployment.keep3r=" + NOBODY_S], "keep3r"),
    ("another version", ["deployment.version=v2_3"], "version"),
    ("another build", ["deployment.version=v2_3p"], "version"),
    ("a block too late", ["deployment.from_block=100"], "from_block"),
    ("a block beyond the head", ["deployment.from_block=1000000"], "from_block"),
    ("another KP3R", ["deployment.tokens.kp3r=" + NOBODY_S], "tokens.kp3r"),
    ("a pool that is none", [f"deployment.pools=['{NOBODY_S}']"], "pools"),
    ("a liquidity that is none", [f"deployment.liquidities=['{NOBODY_S}']"], "liquidities"),
    ("a factory that is none", [f"+deployment.companions={{pair_manager_factory:['{NOBODY_S}']}}"], "companions"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "setting"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_refused_before_anything_is_fetched(
    mistake: list[str], setting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one table with the setting, and no lake."""
    lake = Lake.open(imported(SAMPLE))
    with ServedRecording(SAMPLE, lake) as node:
        assert rehearse(node, lake, tmp_path / "lake", *mistake) == 2
    printed = capsys.readouterr()
    assert any(row.startswith(setting) or f"({setting})" in row for row in printed.out.splitlines())
    assert "nothing was fetched" in printed.err
    assert not [path for path in (tmp_path / "lake").rglob("*") if path.is_file() and path.name != ".lock"]


def test_another_chain_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The node's chain is not the deployment's: exit 2, and the setting."""
    lake = Lake.open(imported(SAMPLE))
    with ServedRecording(SAMPLE, lake, chain_id=10) as node:
        assert rehearse(node, lake, tmp_path / "lake") == 2
    assert "deployment.chain_id" in capsys.readouterr().err


def test_a_former_rehearsal_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds something is refused, and left as it is; a window of one block has no two ends."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "mine").write_text("kept")
    arguments = ["rehearse", "deployment=keep3r_v2_2", f"lake={tmp_path / 'lake'}"]
    assert run("http://127.0.0.1:9", *arguments) == 2
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "lake" / "mine").read_text() == "kept"
    assert run("http://127.0.0.1:9", "rehearse", "deployment=keep3r_v2_2", f"lake={tmp_path / 'x'}", "blocks=1") == 2


@pytest.mark.slow
def test_a_false_answer_at_the_end_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One wei more in a keeper's bonds at the second reading: exit 3, and the reading is named, in JSON too."""
    lake = Lake.open(imported(SAMPLE))
    head, blocks = window(SAMPLE)

    class Lying(ServedRecording):
        def _value(self, asked, number):
            value = super()._value(asked, number)
            return value + 1 if asked.view.name == "bonds" and number == head and value else value

    with Lying(SAMPLE, lake, head=head) as node:
        assert rehearse(node, lake, tmp_path / "lake", f"blocks={blocks}", "format=json") == 3
    told = json.loads(capsys.readouterr().out)
    page = "\n".join(told["told"])
    assert "bonds(" in page
    assert "FINDINGS" in page
    assert (told["holds"], told["summary"]["verdict"]) == (False, "findings")
    assert told["blocks"] == [head - blocks + 1, head]
    assert told["costs"][-1]["step"] == "replay"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["open-kuma-clean-1", "open-kuma11-clean-1"])
def test_kuma_is_rehearsed_from_its_beginning(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No view tells roles and allowances, so the window is the first one; its end is held against the readings."""
    recording = DATA / name
    last = lines(recording, "views")[-1]["block"]
    version = "v1_1" if "kuma11" in name else "v1_0"
    settings = [f"deployment.swaps=['{meta(recording)['categories'][0]['KUMASwap'].lower()}']", f"to_block={last}"]
    with ServedKuma(recording, [last]) as node:
        arguments = ["rehearse", "deployment=kuma_local", f"deployment.version={version}", f"lake={tmp_path / 'lake'}"]
        assert run(node.url, *arguments, *settings) == 0
    page = capsys.readouterr().out
    assert "from its beginning" in page
    assert "CLEAN" in page
    assert ", 0 differ" in page


@pytest.mark.slow
def test_keep3r_v1_is_rehearsed_from_its_beginning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As KUMA: the bonds' token and votes stand in no view."""
    lake = Lake.open(imported(BUNDLED))
    (root,) = roots(lake, KEEP3R_V1)

    def model(block: int):
        return replay_root(lake, KEEP3R_V1, root, block, None, Options(readings=False)).replay

    companions = "+deployment.companions={weth:['0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'],uniswap_v2_factory:"
    companions += "['0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f']}"
    arguments = ["rehearse", "deployment=keep3r_v1_local", f"lake={tmp_path / 'lake'}", companions, "blocks=100000"]
    with served(BUNDLED) as (url, node), mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        answered(node, questions_at(lake, node.number("latest")), model)
        # Its payments without standing are facts of the history, found in the imported one too.
        assert main(arguments) == 3
    page = capsys.readouterr().out
    assert "from its beginning" in page
    assert ", 0 not as predicted" in page
    assert ", 0 differ" in page
