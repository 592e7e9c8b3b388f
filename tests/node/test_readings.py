from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keep3r_replay.lake.reader import Lake
from tests.node.anvil import calldata
from tests.node.lakes import content, run, settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.node.keep3r_chain import Keep3rChain


def test_readings_are_what_the_views_answer(chain: Keep3rChain, tmp_path: Path) -> None:
    """Readings at chosen blocks hold the contracts' answers, reverts by name, and survive the next runs."""
    arguments = settings(chain.keep3r, tmp_path / "lake", "confirmations=0")
    head = chain.node.head
    assert run(chain.node.url, *arguments, f"readings=[60,{head}]") == 0
    chain.live(3, seed=9)
    assert run(chain.node.url, *arguments) == 0
    rows = Lake.open(tmp_path / "lake").scan("readings").collect().rows(named=True)
    assert {row["block_number"] for row in rows} == {60, head}
    found = {(row["contract"], row["view"], row["arguments"]): row for row in rows if row["block_number"] == head}
    keep3r, job, pool = chain.keep3r.lower(), chain.job.lower(), chain.pool.lower()
    asked = {"to": chain.keep3r, "data": calldata("jobPeriodCredits(address)", chain.job)}
    mined = int(chain.node.rpc("eth_call", asked, hex(head)), 16)
    assert mined > 0
    assert found[keep3r, "jobPeriodCredits", job]["value"] == str(mined)
    assert json.loads(found[keep3r, "jobs", ""]["value"]) == [job]
    assert len(json.loads(found[pool, "slot0", ""]["value"])) == 7
    assert [len(each) for each in json.loads(found[pool, "observe", "600"]["value"])] == [1, 1]
    old = next(row for row in rows if row["block_number"] == 60 and row["arguments"] == "432000")
    assert (old["value"] is None) == (old["revert"] is not None)


def test_readings_survive_a_repair(chain: Keep3rChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partition that is fetched again keeps its readings; if their own file is damaged, the run says so."""
    lake = tmp_path / "lake"
    arguments = settings(chain.keep3r, lake, "confirmations=0")
    assert run(chain.node.url, *arguments, "readings=[60,70]") == 0
    whole = content(lake)
    (readings,) = (path for path in sorted((lake / "readings").iterdir()) if path.suffix == ".parquet")
    (lake / "logs" / readings.name).unlink()
    assert run(chain.node.url, *arguments) == 0
    assert content(lake) == whole
    readings.write_bytes(readings.read_bytes()[:-5])
    capsys.readouterr()
    assert run(chain.node.url, *arguments) == 0
    assert "readings of blocks" in capsys.readouterr().err
    assert not list((lake / "readings").glob("*.parquet"))
    assert run(chain.node.url, *arguments, "readings=[60,70]") == 0
    assert content(lake) == whole


def test_readings_outside_the_lake_are_refused(chain: Keep3rChain, tmp_path: Path) -> None:
    """A block that the lake does not cover cannot be read at: a usage error."""
    assert run(chain.node.url, *settings(chain.keep3r, tmp_path / "lake", "readings=[1000000]")) == 2
