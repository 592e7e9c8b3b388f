"""Answers, states and comparisons of several results as files, held against what DuckDB reads of the results."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from pipelines.cli import main

pytestmark = pytest.mark.slow

JOB, KEEPER = "0x689463ae62d8d8c8ceac57a4ea4979703069def1", "0x15a808d995ef9eadfa686560763313b38990ca22"
FACTORS = ("1/4", "1/2", "1")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """What-ifs of the bundled sample with a quarter, half and all of its liquidity."""
    folder = tmp_path_factory.mktemp("several")
    found = [folder / f"w{place}" for place in range(len(FACTORS))]
    for factor, results in zip(FACTORS, found, strict=True):
        assert main(["replay", "mode=what_if", f"overlay.liquidity_factor={factor}", f"results={results}"]) == 0
    return found


def test_several_results_are_exported_party_by_party(folders, tmp_path, capsys):
    """Each job's payments and waste in each of three what-ifs are what their own works and comparisons come to."""
    target = tmp_path / "parties.csv"
    assert main(["compare", f"results={','.join(map(str, folders))}", f"export={target}"]) == 3
    assert "C less A" in capsys.readouterr().out
    rows = pl.read_csv(target, infer_schema=False)
    for column, folder in zip("abc", folders, strict=True):
        works, jobs = folder / "compared_works.parquet", folder / "compared_jobs.parquet"
        paid = dict(
            duckdb.sql(
                f"select job, sum(payment_what_if) from '{works}' where credit = (select credit from '{works}' "
                "group by credit order by count(*) desc limit 1) and payment_what_if > 0 group by job"
            ).fetchall()
        )
        of_jobs = rows.filter((pl.col("kind") == "job") & (pl.col("sum") == "paid") & (pl.col("address") == JOB))
        assert str(paid[JOB]) in of_jobs[column].to_list()
        ((expired,),) = duckdb.sql(f"select expired_what_if from '{jobs}' where job = '{JOB}'").fetchall()
        (told,) = rows.filter((pl.col("sum") == "expired") & (pl.col("address") == JOB))[column]
        assert told == str(expired)


def test_the_page_leads_with_what_the_tables_say(folders, tmp_path):
    """Works not paid, waste, and a work's mean cost stand before every table, and are DuckDB's own sums."""
    page = tmp_path / "page.html"
    assert main(["report", f"results={folders[0]}", f"report={page}"]) == 0
    answers = page.read_text().partition('<dl class="answers">')[2].partition("</dl>")[0]
    works, jobs = (folders[0] / f"compared_{name}.parquet" for name in ("works", "jobs"))
    ((lost, paid, count),) = duckdb.sql(
        "select count(*) filter (where status in ('reverted', 'dropped')), "
        "sum(payment_what_if) filter (where credit = kp3r)::hugeint, "
        "count(*) filter (where credit = kp3r and payment_what_if > 0) from "
        f"(select *, mode(credit) over () as kp3r from '{works}')"
    ).fetchall()
    assert f"{lost} not paid" in answers
    cost = (Decimal(int(paid)) / count / 10**18).quantize(Decimal("0.0001"))
    assert f"{cost} KP3R" in answers
    ((waste,),) = duckdb.sql(
        f"select sum(expired_what_if + capped_what_if - expired_baseline - capped_baseline)::hugeint from '{jobs}'"
    ).fetchall()
    assert f"{(Decimal(int(waste)) / 10**18).quantize(Decimal('0.01')):,} KP3R" in answers


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "xlsx"])
def test_a_question_s_answer_is_a_table(ending, tmp_path):
    """In each format; of the keeper, a row for each amount, the first of which is what it earned."""
    target = tmp_path / f"answer.{ending}"
    command = ["ask", "question=bond_more", f"keeper={KEEPER[:6]}", "amounts=[10]", f"export={target}"]
    assert main(command) == 0
    if ending == "csv":
        table = pl.read_csv(target, infer_schema=False)
        assert table["keeper"].to_list() == [KEEPER] * 2
        assert table["bonded"].to_list() == ["0", str(10 * 10**18)]
        assert int(table["earned"][1]) - int(table["earned"][0]) == int(table["more"][1])
    elif ending == "json":
        assert [row["bonded"] for row in json.loads(target.read_text())] == ["0", str(10 * 10**18)]
    else:
        assert target.stat().st_size > 100


def test_a_state_is_a_table(tmp_path, capsys):
    """Each value that is printed stands in it, under the names that lead to it."""
    target = tmp_path / "state.parquet"
    assert main(["state", "block=390", f"job={JOB[:6]}", "results=none", f"export={target}"]) == 0
    held = json.loads(capsys.readouterr().out)
    table = dict(pl.read_parquet(target).select("field", "value").iter_rows())
    found = {name: value for name, value in table.items() if name.endswith(".credits") or name == "credits"}
    assert found
    for name, value in table.items():
        if value is None:
            continue
        here = held
        for part in name.split("."):
            here = here[int(part)] if isinstance(here, list) else here[part]
        assert value == (here if isinstance(here, str) else json.dumps(here))
