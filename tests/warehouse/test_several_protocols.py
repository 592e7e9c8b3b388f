"""A lake of several protocols, kept up to date by one job: a schema, a part of the results and a page for each."""

from __future__ import annotations

import json

import pytest

from pipelines.cli import main
from tests.keep3r_v1.test_handover import both

pytestmark = pytest.mark.slow


def test_every_part_has_its_schema_and_its_page(tmp_path, monkeypatch, capsys):
    """Audits of both run, statements name both schemas, bundled questions need one; a second run writes no page."""
    both(tmp_path / "lake")
    monkeypatch.chdir(tmp_path)
    job = ["update", "lake=lake", "results=results", "report=page.html", "log=json"]
    assert main(job) in {0, 3}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["stage"] for line in lines] == ["extract", "replay", "warehouse", "audit", "report", "result"]
    assert lines[3]["counts"]["audits"] == 11
    assert lines[3]["counts"]["bad_rows"] == lines[3]["counts"]["audits_failed"] == 0
    pages = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.html")}
    assert sorted(pages) == ["page-keep3r_v1.html", "page-keep3r_v2.html"]
    assert main(job) in {0, 3}
    assert pages == {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.html")}
    capsys.readouterr()
    counts = "select count(*) from keep3r_v1.works union all select count(*) from keep3r_v2.works"
    assert main(["sql", counts, "format=csv"]) == 0
    assert all(int(count) > 100 for count in capsys.readouterr().out.splitlines()[1:])
    assert main(["sql", "payments_by_class"]) == 2
    assert "say schema=NAME: this warehouse has keep3r_v1, keep3r_v2" in capsys.readouterr().err
    assert main(["sql", "payments_by_class", "schema=keep3r_v1"]) == 0
    assert "work_exact" in capsys.readouterr().out
