from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from histories import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from keep3r_replay.errors import LakeError
from keep3r_replay.lake.integrity import damaged_files
from keep3r_replay.lake.manifest import Coverage, FileEntry, Manifest, file_name
from keep3r_replay.lake.partition_writer import PartitionWriter, rows_of
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_bytes
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return the folder of a freshly imported lake."""
    import_recording(DATA / "open-v2.2-nb-mining-twap", tmp_path / "lake", protocol_recorded)
    return tmp_path / "lake"


def test_a_scan_reads_the_manifests_files_in_chain_order(lake: Path) -> None:
    """A scan is in chain order, keeps to the columns and blocks asked for, and ignores files of no manifest."""
    opened = Lake.open(lake)
    frame = opened.scan("logs", columns=["block_number", "log_index"]).collect()
    assert frame.columns == ["block_number", "log_index"]
    assert frame.rows() == sorted(frame.rows())
    (lake / "logs" / "999999999-999999999.parquet").write_bytes(b"no parquet")
    half = int(frame["block_number"].median())
    part = Lake.open(lake).scan("logs", until_block=half).collect()
    assert part.height == frame.filter(pl.col("block_number") <= half).height
    assert Lake.open(lake).scan("blocks", until_block=half).collect()["number"].max() == half


def test_amounts_are_exact_decimals(lake: Path) -> None:
    """Amounts are Decimal(38, 0), ticks Int32, prices 32 bytes, as every reader of the lake expects."""
    swaps = Lake.open(lake).scan("events/uniswap_v3_pool.Swap").collect_schema()
    assert swaps["amount0"] == pl.Decimal(38, 0)
    assert swaps["tick"] == pl.Int32
    assert swaps["sqrt_price_x96"] == pl.Binary
    assert Lake.open(lake).scan("logs").collect_schema()["block_number"] == pl.UInt32


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda lake: (lake / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda lake: (lake / "manifest.json").write_text("{"), "cannot be read"),
        (lambda lake: (lake / "manifest.json").write_text("[]"), "not a JSON object"),
        (lambda lake: (lake / "deployment.json").unlink(), "deployment.json is missing"),
        (lambda lake: next((lake / "logs").iterdir()).unlink(), "file is missing"),
        (lambda lake: next((lake / "logs").iterdir()).write_bytes(b"x"), "has 1 bytes instead of"),
    ],
)
def test_a_damaged_lake_does_not_open(lake: Path, damage, problem: str) -> None:
    """A lake without its manifest, or with a file that is missing or cut, is an error that names it."""
    damage(lake)
    with pytest.raises(LakeError, match=problem):
        Lake.open(lake)


def change_manifest(lake: Path, change) -> None:
    """Change the content of a lake's manifest in place."""
    content = json.loads((lake / "manifest.json").read_text())
    change(content)
    (lake / "manifest.json").write_text(json.dumps(content))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("logs", "../victim"),
        ("logs", "/etc/passwd"),
        ("logs", "blocks/000000000-000000590.parquet"),
        ("../../x", "../../x/000000000-000000590.parquet"),
        ("events/../../x.y", "events/../../x.y/000000000-000000590.parquet"),
        ("events/keep3r.Work\x1b[2J", "events/keep3r.Work\x1b[2J/000000000-000000590.parquet"),
    ],
)
def test_no_manifest_leads_out_of_its_lake(lake: Path, table: str, path: str) -> None:
    """A file that is not where its table and its blocks say is refused before anything is read or deleted."""
    change_manifest(lake, lambda content: content["files"][0].update(table=table, path=path))
    with pytest.raises(LakeError, match="damaged manifest") as refused:
        Lake.open(lake)
    assert "\x1b" not in str(refused.value)


def test_blocks_that_no_file_holds_are_missed(lake: Path) -> None:
    """A lake that says it reaches further than its files, or has a gap, does not open."""
    last = Lake.open(lake).manifest.coverage.to_block
    change_manifest(lake, lambda content: content["coverage"].update(to_block=last + 7))
    with pytest.raises(LakeError, match=f"blocks {last + 1} to {last + 7} are missing"):
        Lake.open(lake)


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_missing_blocks_are_told_by_partitions(size: int) -> None:
    """What is missing is every block that is covered and in no file, once, in parts of single partitions."""
    held = [(3, 49), (60, 99), (100, 149), (200, 220)]
    files = tuple(FileEntry("blocks", file_name("blocks", *span), *span, 1, 1, "") for span in held)
    facts = {"detail": "all", "partition_blocks": size}
    parts = Manifest(files, Coverage(3, 240, "0x"), facts).missing()
    blocks = [block for first, last in parts for block in range(first, last + 1)]
    assert blocks == [*range(50, 60), *range(150, 200), *range(221, 241)]
    assert all(first // size == last // size for first, last in parts)


def test_a_newer_layout_does_not_open(lake: Path) -> None:
    """A lake of a layout that this version does not know is refused, with the way out."""
    content = json.loads((lake / "manifest.json").read_text())
    (lake / "manifest.json").write_text(json.dumps(content | {"layout": 2}))
    with pytest.raises(LakeError, match="newer than this version's 1; update keep3r"):
        Lake.open(lake)


def test_one_flipped_bit_is_found(lake: Path) -> None:
    """Every file whose bytes changed is found, and no other."""
    manifest = Lake.open(lake).manifest
    assert not list(damaged_files(lake, manifest))
    entry = manifest.files[3]
    content = bytearray((lake / entry.path).read_bytes())
    content[len(content) // 3] ^= 4
    (lake / entry.path).write_bytes(content)
    assert [damage.entry for damage in damaged_files(lake, manifest)] == [entry]


def test_opening_a_lake_imports_no_heavy_library(lake: Path) -> None:
    """Opening needs neither polars nor pyarrow nor numpy: a replay should not wait for what it does not use."""
    code = (
        "import sys; from keep3r_replay.lake.reader import Lake; Lake.open(sys.argv[1]); "
        "print([name for name in ('polars', 'pyarrow', 'numpy', 'web3', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(lake)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails halfway, the former content stands and no unfinished file is left."""
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=5), st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_a_files_bytes_do_not_depend_on_how_its_rows_came(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], kept: int
) -> None:
    """Rows written in any parts, or continued from a file that held the first of them, give the same bytes."""
    folder = tmp_path_factory.mktemp("parts")
    total = sum(sizes)
    table = pa.table(
        {"block_number": pa.array(range(total), pa.uint32()), "address": [f"0x{i % 7}" for i in range(total)]}
    )
    with PartitionWriter(folder, 0) as writer:
        writer.add("whole", table)
        whole = writer.complete(9)[0]
    with PartitionWriter(folder, 0) as writer:
        start = 0
        for number, size in enumerate(sizes):
            if number == kept and start:
                entry = writer.complete(8)[0]
                for rows in rows_of(folder / entry.path):
                    writer.add("parts", rows)
            writer.add("parts", table.slice(start, size))
            start += size
        parts = writer.complete(9)[0]
    assert (parts.sha256, parts.rows) == (whole.sha256, whole.rows)
