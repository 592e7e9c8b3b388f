"""An event of which one field is wrong may have findings about two: what is expected of one comes from the other."""

from __future__ import annotations

from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.replay.suspects import Event, as_expected

PRICE, TICK = 2**96, 0


def _finding(field, expected, observed):
    return Finding("event_mismatch", ERROR, 7, 3, "0x" + "11" * 20, field, str(expected), str(observed), -1, "", None)


def test_each_field_is_also_mended_alone():
    """The tick fits the price that was asked for: with that alone the event is right, with both mended it is not."""
    row = {"block_number": 7, "log_index": 3, "sqrt_price_x96": PRICE - 1, "tick": TICK}
    event = Event("events/uniswap_v3_pool.Initialize", row)
    findings = [_finding("sqrt_price_x96", PRICE, PRICE - 1), _finding("tick", TICK - 1, TICK)]
    assert [mend.values for mend in as_expected(event, findings, [])] == [
        {"sqrt_price_x96": PRICE, "tick": TICK - 1},
        {"sqrt_price_x96": PRICE},
        {"tick": TICK - 1},
    ]


def test_one_field_is_mended_once():
    """A finding about one field leaves one event to try."""
    event = Event("events/keep3r.KeeperWork", {"block_number": 7, "log_index": 3, "payment": 5, "gas_left": 9})
    assert [mend.values for mend in as_expected(event, [_finding("payment", 4, 5)], [])] == [{"payment": 4}]
