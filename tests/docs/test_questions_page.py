"""docs/questions.md: every command prints what the page shows, and every number follows another way."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

import duckdb
import pytest
from edits import VALIDATION, WORK, topic
from histories import ROOT, SAMPLE, History, place, word

from keep3r_replay.lake.reader import Lake
from pipelines.cli import main

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "questions.md").read_text()
JOB = "0xea45cd83a7309efa5ee26c53198c9b4ed77d143d"
KEEPER = "0x15a808d995ef9eadfa686560763313b38990ca22"
KP3R = Lake.open(SAMPLE / "lake").deployment.tokens["kp3r"]
DAY = 86_400


class Shown(NamedTuple):
    """A question of the page, its command, and the lines that it shows."""

    question: str
    command: str
    lines: list[str]


class Work(NamedTuple):
    """A KeeperWork, by its raw log."""

    block: int
    index: int
    time: int
    digest: str
    credit: str
    job: str
    keeper: str
    payment: int
    gas_left: int


def _page():
    for part in PAGE.split("\n### ")[1:]:
        question, _, rest = part.partition("\n")
        command, *lines = rest.split("```\n")[1].removeprefix("$ keep3r ").rstrip("\n").split("\n")
        yield Shown(question, command, lines)


def _values(lines):
    """Every number, date, address of lines, in order, without what stands around them."""
    words = [each.strip('",:;(){}') for line in lines for each in line.split()]
    return [each for each in words if each[:1].isdigit()]


@pytest.fixture(scope="module")
def raw():
    """The recording's own logs and the times of its blocks."""
    history = History(SAMPLE / "recording")
    times = {int(block["number"], 16): int(block["timestamp"], 16) for block in history.blocks}
    works = [
        Work(place(log)[0], place(log)[1], times[place(log)[0]], log["transactionHash"],
             *(f"0x{each[26:]}" for each in log["topics"][1:]), word(log, 0), word(log, 1))
        for log in history.logs
        if log["topics"][0] == WORK
    ]  # fmt: skip
    return history, times, works


def _read(view, arguments, block=590):
    """What a view answered at a block, by the lake's Parquet files."""
    readings = f"from '{SAMPLE}/lake/readings/*.parquet' where source = 'view'"
    query = f"select value {readings} and view = ? and arguments = ? and block_number = ?"
    ((value,),) = duckdb.execute(query, [view, arguments, block]).fetchall()
    return value


def _tokens(wei, places=6):
    with localcontext(prec=80):
        return f"{(Decimal(wei) / 10**18).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,}"


def _when(time):
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}".split()


def _paid(works, key):
    sums = defaultdict(int)
    for work in works:
        if work.credit == KP3R:
            sums[key(work)] += work.payment
    return sums


def _gas(works):
    """Wei that a keeper's transactions paid, shared evenly between their works, from the lake's Parquet files."""
    query = f"select hash, gas_used, effective_gas_price from '{SAMPLE}/lake/transactions/*.parquet'"
    cost = {digest: int(used) * int(price) for digest, used, price in duckdb.execute(query).fetchall()}
    counts, seen, total = Counter(work.digest for work in works), Counter(), 0
    for work in works:
        before, count = seen[work.digest], counts[work.digest]
        seen[work.digest] += 1
        if work.keeper == KEEPER:
            total += cost[work.digest] * (before + 1) // count - cost[work.digest] * before // count
    return total


def _expected(history, times, works):
    """The numbers of every question, in order."""
    mine = [work for work in works if work.job == JOB]
    his = [work for work in works if work.keeper == KEEPER]
    in_kp3r = [work for work in mine if work.credit == KP3R]
    recent = [work for work in in_kp3r if work.time > in_kp3r[-1].time - 30 * DAY]
    interval = (recent[-1].time - recent[0].time) // (len(recent) - 1)
    months = _paid(mine, lambda work: _when(work.time)[0][:7])
    month_counts = Counter(_when(work.time)[0][:7] for work in in_kp3r)
    at = max(number for number, time in times.items() if time <= datetime(2022, 10, 1, tzinfo=UTC).timestamp())
    largest = max(in_kp3r, key=lambda work: work.payment)
    validation = [
        log
        for log in history.logs
        if log["topics"][0] == VALIDATION and log["transactionHash"] == largest.digest and place(log)[1] < largest.index
    ][-1]
    held = ("0x458a0504983b706d8f8cbfdfd8c9ed98f117cbed", "0xa25eb62a7108f5813d9697c6c0b2a81ab4db7281")
    token = "0x" + "5" * 40
    (readings,) = duckdb.execute(f"select count(*) from '{SAMPLE}/lake/readings/*.parquet'").fetchone()
    may = [work for work in his if _when(work.time)[0].startswith("2022-05")]
    may_paid, may_counts = _paid(may, lambda work: work.job), Counter(work.job for work in may)
    best = sorted(_paid(his, lambda work: work.job).items(), key=lambda each: -each[1])[:3]
    struck = [
        sum(log["topics"][0] == topic(event) and log["topics"][1][26:] == KEEPER[2:] for log in history.logs)
        for event in (
            "Dispute(address subject, address disputer)",
            "KeeperSlash(address keeper, address slasher, uint256 amount)",
            "KeeperRevoke(address keeper, address slasher)",
        )
    ]
    last = [work for work in works if work.digest == his[-1].digest]
    return [
        [_tokens(_read("jobLiquidityCredits", JOB)), _tokens(_read("totalJobCredits", JOB))],
        [_tokens(_read("jobPeriodCredits", JOB))],
        [str(len(mine)), str(len(mine) - len(in_kp3r))],
        [value for each in held for value in (_tokens(_read("liquidityAmount", f"{JOB},{each}")), each)],
        [_tokens(_read("jobTokenCredits", f"{JOB},{token}")), token],
        [value for each, paid in months.items() for value in (each, str(month_counts[each]), _tokens(paid, 18))],
        [
            *(str(len(recent)), "30", str(interval // DAY), str(interval % DAY // 3600)),
            _tokens(sum(work.payment for work in recent) // len(recent), 9),
        ],
        [str(at), *_when(times[at]), _read("jobLiquidityCredits", JOB, at), _read("jobPeriodCredits", JOB, at)],
        [
            *(str(largest.block), str(largest.index), *_when(largest.time), JOB, largest.keeper),
            *map(str, (word(validation, 0), *place(validation), largest.gas_left, largest.payment)),
        ],
        ["2.2", "0", str(max(times)), f"{readings:,}", "0", "0"],
        [str(len(his)), *_when(his[0].time), *_when(his[-1].time)],
        [str(len(his)), _tokens(sum(work.payment for work in his if work.credit == KP3R), 18)],
        [value for job in sorted(may_counts) for value in (job, str(may_counts[job]), _tokens(may_paid[job], 18))],
        [value for each in (KP3R, token) for value in (_tokens(_read("bonds", f"{KEEPER},{each}")), each)],
        [str(len(his)), _tokens(_gas(works), 18)],
        [value for job, paid in best for value in (job, _tokens(paid, 18))],
        [
            *(KP3R, _read("bonds", f"{KEEPER},{KP3R}"), KP3R, _read("pendingBonds", f"{KEEPER},{KP3R}")),
            *(KP3R, _read("canActivateAfter", f"{KEEPER},{KP3R}"), _read("pendingUnbonds", f"{KEEPER},{token}")),
            _read("canWithdrawAfter", f"{KEEPER},{token}"),
        ],
        [str(each) for each in struck],
        [
            value
            for work in last
            for value in (str(work.block), str(work.index), *_when(work.time), work.job, KEEPER, str(work.payment))
        ],
        [str(each) for pair in Counter(work.keeper for work in works).most_common() for each in pair],
    ]


def test_every_number_follows_from_the_recording(raw):
    """No number of the page is left unchecked, and none needs the model: logs, transactions and views tell them."""
    shown = list(_page())
    expected = _expected(*raw)
    assert len(shown) == len(expected) == 20
    for each, wanted in zip(shown, expected, strict=True):
        assert _values(each.lines) == wanted, each.question


def test_every_command_prints_what_the_page_shows(tmp_path, monkeypatch, capfd):
    """Line by line, in a folder that holds nothing but what the page says to make first."""
    monkeypatch.chdir(tmp_path)
    assert main(["replay", "ledger=true"]) == main(["warehouse"]) == 0
    printed = {}
    for each in _page():
        if each.command not in printed:
            capfd.readouterr()
            assert main(shlex.split(each.command)) == 0, each.command
            printed[each.command] = capfd.readouterr().out.splitlines()
        lines = iter(printed[each.command])
        assert all(line in lines for line in each.lines), each.question
