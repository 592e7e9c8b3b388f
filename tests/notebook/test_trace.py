from __future__ import annotations

import pytest
from histories import ROOT

from tests.notebook.charts import file_name, series_of
from tests.notebook.inference import Inferred, infer, start
from tests.notebook.market import PERIOD, SETUP, Market
from tests.notebook.trace import CUT, VIEWS, Trace, read_traces

pytestmark = pytest.mark.slow

ROWS = 1_919
DOCS = ROOT / "docs"
TRACES = read_traces()


@pytest.fixture(scope="module")
def inferred():
    """Gives what is inferred of a trace, worked out once."""
    made: dict[str, Inferred] = {}

    def get(trace: Trace) -> Inferred:
        if trace.name not in made:
            made[trace.name] = infer(trace)
        return made[trace.name]

    return get


def replay(trace: Trace, known: Inferred) -> tuple[Market, int]:
    """Replay a scenario from its quotes and payments, comparing every sample; the market, and how many there were."""
    market = start(trace, known)
    samples = sorted(
        (time, VIEWS.index(view), low) for view in VIEWS for time, low in trace.samples[view] if time >= SETUP
    )
    works = list(zip(trace.works, known.payments, strict=True))
    compared = 0
    for time, view, low in samples:
        while works and works[0][0] <= time:
            now, payment = works.pop(0)
            market.earn(now, payment)
            market.pay(now, payment)
        value = market.views(time)[view]
        assert low <= value < low + CUT, f"{VIEWS[view]} at {time}: {value} is not {low} and a bit"
        compared += 1
    assert not works
    return market, compared


def test_no_row_is_left_out():
    """The six scenarios hold all rows of the notebook's traces."""
    assert sum(trace.rows for trace in TRACES) == ROWS
    assert len(TRACES) == 6


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_replay_reproduces_every_row(trace, inferred):
    """With one quote a period and one payment a work, every sample is met within the cut and every clock exactly."""
    known = inferred(trace)
    market, compared = replay(trace, known)
    assert trace.additions in ([], [SETUP])
    assert market.rewarded_at[0 if trace.additions else 1 :] == trace.rewarded_at
    assert market.job.worked_at == (trace.works[-1] if trace.works else 0)
    assert all(time % PERIOD == 0 for time in trace.periods)
    begins, ends = trace.samples[VIEWS[0]][0][0], trace.samples[VIEWS[0]][-1][0]
    within = [time for time in trace.periods if begins <= time <= ends]
    assert within == list(range(begins + -begins % PERIOD, ends + 1, PERIOD))
    events = len(trace.rewarded_at) + len(trace.additions) + len(trace.works) + len(trace.periods)
    assert compared + events == trace.rows
    assert len(known.payments) == len(trace.works)


def test_a_wrong_payment_is_seen(inferred):
    """The comparison is sharp: a payment that is off by the cut breaks a sample."""
    trace = next(trace for trace in TRACES if trace.name == "balanced work")
    known = inferred(trace)
    payments = [known.payments[0] + CUT, *known.payments[1:]]
    with pytest.raises(AssertionError):
        replay(trace, Inferred(known.quotes, payments))


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_docs_have_its_chart(trace, inferred):
    """The chart of each scenario stands in the docs, and its curve goes through every sample of total credits."""
    assert (DOCS / "images" / file_name(trace)).is_file()
    assert file_name(trace) in (DOCS / "notebook.md").read_text()
    points = series_of(trace, inferred(trace)).points
    moments = [point.timestamp for point in points]
    assert moments == sorted(moments)
    low = dict(trace.samples[VIEWS[0]])
    compared = [point for point in points if point.timestamp in low and point.timestamp not in trace.works]
    assert compared
    assert all(low[point.timestamp] <= point.total < low[point.timestamp] + CUT for point in compared)
