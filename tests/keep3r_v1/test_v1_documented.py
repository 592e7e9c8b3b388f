"""The commands of docs/keep3r_v1.md, run as they stand there, give the figures of each recording."""

from __future__ import annotations

import re
import shlex

import pytest
from histories import ROOT, name_of

from pipelines.cli import main
from tests.keep3r_v1.expected import CLASSES, COLUMNS, COUNTS, OTHER_RESERVES, REPEATED
from tests.keep3r_v1.recorded import recordings

pytestmark = pytest.mark.slow

TRIED = ("v1-gov-305", "v1-liq-306", "v1-switch-304")


def _documented(beginning: str) -> str:
    """The first command of the page that begins like this."""
    lines = [line.strip() for line in (ROOT / "docs" / "keep3r_v1.md").read_text().splitlines()]
    return next(line for line in lines if line.startswith(beginning))


@pytest.fixture(scope="module", params=[each for each in recordings() if name_of(each) in TRIED], ids=name_of)
def told(request, tmp_path_factory):
    """Runs the page's commands up to the warehouse in an empty folder; gives the recording's name there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("v1"))
        for beginning in ("keep3r import", "keep3r replay lake=v1", "keep3r warehouse"):
            command = _documented(beginning).replace("FOLDER", str(request.param))
            assert main(shlex.split(command)[1:]) in {0, 3}
        yield request.param.name


def _rows(question: str, capsys) -> list[list[str]]:
    """The rows that a question of the page's loop prints, cell by cell."""
    assert question in _documented("for question in").partition(";")[0].split()
    capsys.readouterr()
    assert main(["sql", question, "database=v1.duckdb"]) == 0
    _, *found, count = capsys.readouterr().out.splitlines()
    assert count == f"({len(found)} row{'s' * (len(found) != 1)})"
    return [re.split(r"\s{2,}", line.strip()) for line in found]


def test_the_page_gives_every_table(told, capsys):
    """Payments by class, the history's counts, and credits by moved reserves: a question each."""
    classes = {row[0]: int(row[1]) for row in _rows("payments_by_class", capsys)}
    assert classes == {name: count for name, count in zip(COLUMNS, CLASSES[told], strict=True) if count}
    *whom, consult, switches = COUNTS[told]
    assert tuple(map(int, _rows("history_counts", capsys)[0])) == (*whom, *REPEATED[told], consult, switches)
    applications, unbondings = OTHER_RESERVES[told]
    moved = [(row[0], int(row[1]), row[6]) for row in _rows("moved_reserves", capsys)]
    expected = [("ApplyCredit", *each) for each in applications] + [("UnbondJob", *each) for each in unbondings]
    assert sorted(moved) == sorted(expected)
