"""The hand-over from V1 to V2: both on one lake, KP3R of the one the credit of the other, totals over both."""

from __future__ import annotations

import json

import polars as pl
import pytest
from histories import DATA
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.lake.deployment import deployment_from_json
from keep3r_replay.lake.manifest import Coverage, Manifest
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED, KP3R

pytestmark = pytest.mark.slow

V2 = DATA / "open-v2.0-fuzz-gov-102"
FIELDS = ("block_number", "number", "initial_state_block", "from_block")


def both(folder) -> tuple[Lake, str]:
    """A history of V1, then one of V2 in later blocks, in one lake; and a keeper that worked in both.

    The busiest keeper of V1 takes the place of V2's busiest one, whose every address and input is rewritten.
    """
    first, second = Lake.open(imported(BUNDLED)), Lake.open(imported(V2))
    assert first.deployment.tokens["kp3r"] == second.deployment.tokens["kp3r"] == KP3R
    keeper = busiest(first, "events/keep3r_v1.KeeperWorked")
    former = busiest(second, "events/keep3r.KeeperWork")
    shift = first.manifest.coverage.to_block + 1
    contents = [json.loads((each.path / "deployment.json").read_text()) for each in (first, second)]
    for contract in contents[1]["contracts"]:
        if "from_block" in contract:
            contract["from_block"] += shift
    merged = {
        **contents[0],
        "protocol": "keep3r_v1 keep3r_v2",
        "tokens": contents[1]["tokens"] | contents[0]["tokens"],
        "contracts": contents[0]["contracts"] + contents[1]["contracts"],
        "initial_state": contents[0]["initial_state"] | contents[1]["initial_state"],
        "initial_state_block": contents[1]["initial_state_block"] + shift,
    }
    files = [
        write_table(folder, name, first.scan(name).collect().to_arrow(), entry.from_block, entry.to_block)
        for name in first.tables()
        for entry in first.manifest.of_table(name)
    ]
    for name in second.tables():
        for entry in second.manifest.of_table(name):
            table = renamed(second.scan(name).collect(), former, keeper, shift).to_arrow()
            files.append(write_table(folder, name, table, entry.from_block + shift, entry.to_block + shift))
    end = second.manifest.coverage
    coverage = Coverage(0, end.to_block + shift, end.last_block_hash)
    write_deployment(folder, deployment_from_json(merged))
    write_manifest(folder, Manifest(tuple(files), coverage, {}).sorted())
    return Lake.open(folder), keeper


def busiest(lake: Lake, table: str) -> str:
    """The keeper with most works."""
    works = lake.scan(table).filter(pl.col("keeper") != pl.col("job"))
    return works.group_by("keeper").len().sort("len", "keeper").collect()["keeper"][-1]


def renamed(frame: pl.DataFrame, former: str, present: str, shift: int) -> pl.DataFrame:
    """A table later by `shift` blocks, with one address in the place of another wherever it stands."""
    changes = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if name in FIELDS:
            changes.append((column + shift).cast(kind))
        elif kind == pl.String:
            changes.append(column.str.replace_all(former, present, literal=True))
        elif kind == pl.Binary:
            text = column.bin.encode("hex").str.replace_all(former[2:], present[2:], literal=True)
            changes.append(text.str.decode("hex"))
    changed = frame.with_columns(changes)
    # A stand-in for KP3R, whose logs nobody recorded, has V1's address there: what was sent to it is left out.
    return changed.filter(pl.col("to").ne_missing(KP3R)) if "input" in frame.columns else changed


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """The lake of both, and the keeper of both."""
    return both(tmp_path_factory.mktemp("both") / "lake")


@pytest.fixture(scope="module")
def found(lake):
    """Both replays."""
    return kr.replay_all(lake[0])


def test_each_protocol_finds_what_it_finds_alone(found):
    """The part of V1 is right as it is alone, and so is that of V2: to the same states, reading by reading."""
    for recording, name in ((BUNDLED, "keep3r_v1"), (V2, "keep3r_v2")):
        alone = kr.replay(Lake.open(imported(recording)))
        part = found.parts[name]
        assert part.summary["works"] == alone.summary["works"]
        assert part.summary["events"] == alone.summary["events"]
        # What a reading tells of its block itself, both parts see in all blocks.
        assert part.summary["readings"]["matched"] >= alone.summary["readings"]["matched"]
        assert part.summary["events"]["mismatched"] == part.summary["readings"]["mismatched"] == 0
        if name == "keep3r_v1":
            assert part.summary["state_hash"] == alone.summary["state_hash"]


def test_earnings_are_over_both(lake, found):
    """The keeper of both has what each paid it, in one KP3R; sums over all are those of both tables of works."""
    earnings = found.earnings.with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    row = earnings.filter((pl.col("account") == lake[1]) & (pl.col("token") == KP3R)).row(0, named=True)
    assert min(row["payments_keep3r_v1"], row["payments_keep3r_v2"]) > 0
    assert row["amount"] == row["amount_keep3r_v1"] + row["amount_keep3r_v2"]
    for name, credit in (("keep3r_v1", "credit"), ("keep3r_v2", "credit")):
        works = found.parts[name].tables["works"].with_columns(pl.col("payment").cast(pl.Int128))
        paid = works.filter(pl.col(credit) == KP3R)["payment"].sum()
        assert earnings.filter(pl.col("token") == KP3R)[f"amount_{name}"].sum() == paid > 0
        assert earnings[f"payments_{name}"].sum() == works.height


def test_the_command_writes_a_folder_for_each(lake, tmp_path, capsys):
    """`keep3r replay` writes both results and the earnings, and a part is asked about by its name."""
    path, results = lake[0].path, tmp_path / "results"
    assert main(["replay", f"lake={path}", f"results={results}"]) in {0, 3}
    said = capsys.readouterr().out
    assert "earnings" in said
    assert lake[1] in said
    assert sorted(each.name for each in results.iterdir()) == ["earnings", "keep3r_v1", "keep3r_v2"]
    assert pl.read_parquet(results / "earnings" / "earnings.parquet").height > 1
    assert main(["state", f"lake={path}/keep3r_v1", "block=400"]) == 0
    assert main(["state", f"lake={path}", "block=400"]) == 2
    assert f"lake={path}/keep3r_v1" in capsys.readouterr().err


def test_a_part_that_is_not_there_is_refused(lake):
    """A protocol that the lake is not of is told as such."""
    with pytest.raises(kr.UsageError, match="keep3r_v1 and keep3r_v2"):
        kr.open_lake(lake[0].path / "kuma")
