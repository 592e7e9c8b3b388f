"""What a command does not need it does not load: starting counts where a scheduler runs it every ten minutes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

EXTRACTION = """
import json, sys
import pipelines.extract
import keep3r_replay.dataset.extraction
import keep3r_replay.protocols.keep3r_v2.protocol
import keep3r_replay.protocols.keep3r_v2.extract.extractor
print(json.dumps([name for name in ("polars", "pyarrow.compute", "duckdb", "matplotlib") if name in sys.modules]))
"""


@pytest.mark.slow
def test_an_extraction_loads_no_engine() -> None:
    """Extracting reads logs and writes Parquet: neither polars nor DuckDB nor Arrow's kernels are loaded for it."""
    told = subprocess.run([sys.executable, "-c", EXTRACTION], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == []
