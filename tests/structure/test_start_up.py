"""What a command does not need it does not load: starting counts where a scheduler runs it every ten minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from keep3r_replay import data

if TYPE_CHECKING:
    from pathlib import Path

EXTRACTION = """
import json, sys
import pipelines.extract
import keep3r_replay.dataset.extraction
import keep3r_replay.protocols.keep3r_v2.protocol
import keep3r_replay.protocols.keep3r_v2.extract.extractor
print(json.dumps([name for name in ("polars", "pyarrow.compute", "duckdb", "vl_convert") if name in sys.modules]))
"""


@pytest.mark.slow
def test_an_extraction_loads_no_engine() -> None:
    """Extracting reads logs and writes Parquet: neither polars nor DuckDB nor Arrow's kernels are loaded for it."""
    told = subprocess.run([sys.executable, "-c", EXTRACTION], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == []


@pytest.mark.slow
def test_a_replay_loads_neither_web3_nor_its_codec(tmp_path: Path) -> None:
    """Importing web3 takes as long as replaying a small history: only what asks a node or checks capitals does."""
    ran = f"""
import json, sys
from pipelines.cli import main
for mode in ("audit", "what_if"):
    main(["replay", "lake={data.__path__[0]}/sample", f"mode={{mode}}", f"results={tmp_path}/{{mode}}"])
main(["status", "lake={data.__path__[0]}/sample"])
print(json.dumps([name for name in ("web3", "eth_abi", "eth_account") if name in sys.modules]))
"""
    told = subprocess.run([sys.executable, "-c", ran], capture_output=True, text=True, check=True).stdout
    assert json.loads(told.splitlines()[-1]) == []
