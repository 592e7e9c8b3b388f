"""A file that is no table of its name is refused in one line, also where the manifest vouches for its bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from histories import SAMPLE

from keep3r_replay.lake.integrity import problem_of
from keep3r_replay.lake.manifest import FileEntry
from pipelines.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLE = "events/keep3r.KeeperWork"


def _retyped(column: str, kind: pa.DataType) -> Callable[[Path], None]:
    """A change of a column's type."""

    def change(file: Path) -> None:
        rows = pq.read_table(file)
        place = rows.column_names.index(column)
        pq.write_table(rows.set_column(place, column, pa.nulls(len(rows), kind)), file)

    return change


def _without(column: str) -> Callable[[Path], None]:
    return lambda file: pq.write_table(pq.read_table(file).drop_columns([column]), file)


def _cut(share: int) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size * share // 2]) and None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        (TABLE, _cut(1), "is no Parquet"),
        (TABLE, _cut(0), "is no Parquet"),
        (TABLE, _retyped("payment", pa.float64()), "has other columns"),
        (TABLE, _without("job"), "has other columns"),
        (TABLE, _retyped("payment", pa.decimal128(38, 0)), "has empty cells in payment"),
        ("transactions", _retyped("hash", pa.string()), "has empty cells in hash"),
        ("blocks", _retyped("base_fee_per_gas", pa.string()), "has other columns"),
        ("transactions", _without("status"), "has other columns"),
        ("readings", _retyped("value", pa.binary()), "has other columns"),
    ],
)
def test_a_file_of_other_columns_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, change: Callable[[Path], None], words: str
) -> None:
    """The manifest was made to fit: verify and replay still say which file it is, and why."""
    lake = shutil.copytree(SAMPLE / "lake", tmp_path / "lake")
    told = json.loads((lake / "manifest.json").read_text())
    entry = next(each for each in told["files"] if each["table"] == table)
    change(lake / entry["path"])
    content = (lake / entry["path"]).read_bytes()
    entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (lake / "manifest.json").write_text(json.dumps(told))
    assert main(["replay", f"lake={lake}", f"results={tmp_path / 'results'}"]) == 1
    assert f"{entry['path']}: {words}" in capsys.readouterr().err
    assert main(["verify", f"lake={lake}"]) == 3
    assert f"{entry['path']}: {words}" in capsys.readouterr().out


def test_what_is_no_file_is_damage(tmp_path: Path) -> None:
    """A pipe or a folder of a file's name is said to be none, and waited for by nobody."""
    entry = FileEntry("logs", "logs/000000001-000000002.parquet", 1, 2, 0, 0, "0" * 64)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert problem_of(tmp_path / "pipe", entry) == "is no file"
    assert problem_of(tmp_path / "folder", entry) == "is no file"
    assert problem_of(tmp_path / "nothing", entry) == "missing"
