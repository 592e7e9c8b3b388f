"""`keep3r sql` with nothing to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from pipelines.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["", " ", "-- nothing", "/* nothing */", ";"])
@pytest.mark.parametrize("write", ["true", "false"])
def test_no_statement_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, write: str
) -> None:
    """An empty statement, or nothing but a comment, is one line and exit 2."""
    database = tmp_path / "empty.duckdb"
    duckdb.connect(str(database)).close()
    assert main(["sql", f"query={statement}", f"database={database}", f"write={write}"]) == 2
    told = capsys.readouterr().err
    assert "there is no statement in it" in told
    assert told.count("\n") == 1
