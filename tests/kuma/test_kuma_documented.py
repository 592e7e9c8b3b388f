"""The commands of docs/kuma.md, run as they stand there, give the figures of each recording."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal

import pytest
from histories import ROOT, name_of

from pipelines.cli import main
from tests.kuma.figures import BLOCKED, CALLS, EXCESS, FAILED_REFRESHES, KEEPERS, LATE, SEED_1, STALE_RATES
from tests.kuma.recorded import recordings

pytestmark = pytest.mark.slow

TRIED = ("kuma-clean-1", "kuma-mixed-301", "kuma11-stale-301")


def documented(*beginnings: str) -> list[str]:
    """Commands of the page that begin like this, without what the page remarks of them."""
    lines = [line.strip().partition(" #")[0].strip() for line in (ROOT / "docs" / "kuma.md").read_text().splitlines()]
    return [line for line in lines if line.startswith(beginnings)]


@pytest.fixture(scope="module", params=[each for each in recordings() if name_of(each) in TRIED], ids=name_of)
def told(request, tmp_path_factory):
    """Runs the page's commands from the import to the warehouse in an empty folder; gives a recording's name there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("kuma"))
        commands = [*documented("keep3r import"), documented("keep3r replay")[0], *documented("keep3r warehouse")]
        assert [each.split()[1] for each in commands] == ["import", "replay", "warehouse"]
        for command in commands:
            assert main(shlex.split(command.replace("FOLDER", str(request.param)))[1:]) == 0
        yield name_of(request.param)


def rows(question: str, capsys) -> list[list[str]]:
    """The rows that a question of the page prints, cell by cell."""
    (command,) = documented(f"keep3r sql {question} ")
    capsys.readouterr()
    assert main(shlex.split(command)[1:]) == 0
    _, *found, count = capsys.readouterr().out.splitlines()
    assert count == f"({len(found)} row{'s' * (len(found) != 1)})"
    return [re.split(r"\s{2,}", line.strip()) for line in found]


def test_the_page_gives_every_figure(told, capsys):
    """Calls, statuses, costs, keepers' gas, failures, stale yields and rates: a question each, exact to the wei."""
    assert tuple(map(int, rows("history_counts", capsys)[0])) == CALLS[told]

    # BONDS AND WHAT LATENESS COST
    statuses = {status: int(bonds) for status, bonds in rows("bonds_by_status", capsys)}
    cost = tuple(map(int, rows("cost_of_lateness", capsys)[0]))
    in_time = statuses.get("in time, bought", 0) + statuses.get("in time, still in reserve", 0)
    late = (
        *("late, bought", "late, still in reserve"),
        *("never expired, bought late", "never expired, currently late"),
    )
    assert (in_time, *(statuses.get(each, 0) for each in late), *cost[:3]) == LATE[told]
    assert cost[3:] == EXCESS[told]

    # KEEPERS
    outlay = tuple(map(int, rows("keepers_outlay", capsys)[0]))
    *_, stale_yields, stale_rates = rows("stale_readings", capsys)[-1]
    assert (*outlay[:6], int(stale_yields)) == KEEPERS[told]
    assert outlay[6:] == FAILED_REFRESHES.get(told, (0, 0))
    assert int(stale_rates) == STALE_RATES.get(told, 0)

    # FAILURES
    *failed, (_, _, all_of_them, _) = rows("failures_by_reason", capsys)
    assert sum(int(calls) for _, _, calls, _ in failed) == int(all_of_them) == CALLS[told][-1]
    blocked = [int(calls) for _, reason, calls, _ in failed if reason == "ORACLE_ANSWER_IS_STALE"]
    assert sum(blocked) == BLOCKED.get(told, 0)


def test_the_page_gives_every_case(told, capsys):
    """Each late bond with its seconds, both excesses and its clones; buyers' sums are those of the bonds."""
    cases = {int(row[1]): row for row in rows("late_expiries_by_cost", capsys)}
    if told == "kuma-clean-1":
        letters = {"True": "C", "False": "N"}
        found = {
            bond: (int(row[3]), wei(row[5]), wei(row[4]), "".join(letters[each] for each in row[6:9]))
            for bond, row in cases.items()
        }
        assert found == SEED_1
    buyers = rows("who_paid_for_lateness", capsys)
    assert sum(int(row[1]) for row in buyers) == LATE[told][5]
    assert (sum(wei(row[3]) for row in buyers), sum(wei(row[2]) for row in buyers)) == EXCESS[told][2:]


def wei(tokens: str) -> int:
    """Wei of an amount in whole tokens."""
    return int(Decimal(tokens).scaleb(18))
