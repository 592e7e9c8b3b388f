"""Sweeps over what jobs and keepers hold where a replay begins: credits, liquidity, bonds."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.cli import main

pytestmark = pytest.mark.slow

BLOCK = 360
JOB, KEEPER = "0x689463ae62d8d8c8ceac57a4ea4979703069def1", "0x15a808d995ef9eadfa686560763313b38990ca22"


def _swept(folder, name, values, *more):
    """The folders of a sweep of the bundled sample from a block on, in the order of the values."""
    command = ["replay", "-m", f"start_block={BLOCK}", f"results={folder}", "tables=true", *more]
    assert main([*command, f"overlay.{name}={','.join(map(str, values))}"]) == 0
    table = pl.read_parquet(folder / "sweep.parquet")
    found = dict(zip(table[f"overlay.{name}"], table["scenario"], strict=True))
    return [folder / found[str(value)] for value in values]


def _of(folder, table, column, party, who):
    frame = pl.read_parquet(folder / f"{table}.parquet").filter(pl.col(party) == who)
    return [None if each is None else int(each) for each in frame[column]]


def test_credits_are_what_the_first_work_finds_more(tmp_path):
    """What one is given more than another its first work finds more; other jobs' works find nothing else."""
    given = (10**18, 3 * 10**18)
    one, three = _swept(tmp_path / "swept", "credits_add", given, f"overlay.credits_job={JOB}")
    before = [_of(each, "compared_works", "credits_before_what_if", "job", JOB) for each in (one, three)]
    assert before[1][0] - before[0][0] == 2 * 10**18
    others = [
        pl.read_parquet(each / "compared_works.parquet").filter(pl.col("job") != JOB)["credits_before_what_if"]
        for each in (one, three)
    ]
    assert others[0].equals(others[1])


def test_liquidity_is_a_multiple_of_what_is_held(tmp_path):
    """Twice all liquidity of one job from the start on is twice its amounts at the end, and nobody else's changes."""
    whole, twice = _swept(tmp_path / "swept", "liquidity_factor", (1, 2), f"overlay.liquidity_job={JOB}")
    amounts = [_of(each, "job_liquidities", "amount", "job", JOB) for each in (whole, twice)]
    assert any(amounts[0])
    assert amounts[1] == [2 * each for each in amounts[0]]
    others = [pl.read_parquet(each / "job_liquidities.parquet").filter(pl.col("job") != JOB) for each in (whole, twice)]
    assert others[0].equals(others[1])


def test_bonds_are_kept_and_earn(tmp_path):
    """A keeper with 100 KP3R more at the start has them at the end, beside what it earns, which is not less."""
    plain, more = _swept(tmp_path / "swept", "bond_add", (0, 100 * 10**18), f"overlay.bond_keeper={KEEPER}")
    bonds, paid = (
        [_of(each, "compared_keepers", f"{name}_what_if", "keeper", KEEPER)[0] for each in (plain, more)]
        for name in ("bonds", "paid")
    )
    assert bonds[1] - bonds[0] == 100 * 10**18 + paid[1] - paid[0]
    assert paid[1] >= paid[0]
