"""`keep3r rehearse` on served recordings: one page, of every version and protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from histories import beside, bundled, name_of
from lakes import imported

from keep3r_replay.lake.reader import Lake
from tests.node.lakes import run
from tests.rehearsal.served import ServedRecording

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract


def keep3r_of(lake: Lake) -> Contract:
    """The Keep3r of a recording's lake."""
    return next(each for each in lake.deployment.contracts if each.role == "keep3r")


def named(version: str) -> str:
    """A version as configurations name it."""
    return "v" + version.replace(".", "_", 1)


def rehearse(node: ServedRecording, lake: Lake, folder: Path, *more: str) -> int:
    """Rehearse the recording's deployment as a person would; the exit code."""
    keep3r = keep3r_of(lake)
    return run(
        node.url,
        "rehearse",
        "deployment=local",
        f"deployment.keep3r={keep3r.address}",
        f"deployment.version={named(keep3r.version)}",
        f"deployment.tokens.kp3r_in_pools={lake.deployment.tokens['kp3r_in_pools']}",
        f"lake={folder}",
        *more,
    )


@pytest.mark.parametrize("recording", [*bundled(), *beside()], ids=name_of)
def test_a_window_of_every_version_holds(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last 200 blocks, from the readings of their first: nothing is found, and the page says what that rests on."""
    lake = Lake.open(imported(recording))
    with ServedRecording(recording, lake) as node:
        assert rehearse(node, lake, tmp_path / "lake", "blocks=200") == 0
        page = capsys.readouterr().out
    print(page)
    assert "from its readings" in page
    assert "PARTIAL" in page
