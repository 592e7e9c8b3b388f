from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keep3r_replay.chain.layout_scan import scan_logs
from keep3r_replay.chain.logs import concatenate, empty_batch, from_arrow, take
from keep3r_replay.chain.wire import MalformedError, WireLog, fixed_bytes, log_batch, quantities, varied_bytes

pytestmark = pytest.mark.slow

COLUMNS = (
    "block_number",
    "log_index",
    "transaction_index",
    "block_hash",
    "transaction_hash",
    "address",
    "topic_count",
    "topics",
    "data",
    "data_ends",
    "timestamp",
)
DECODER = msgspec.json.Decoder(list[WireLog])


def hexed(size: int) -> st.SearchStrategy[str]:
    """Draw so many bytes as a node writes them."""
    return st.binary(min_size=size, max_size=size).map(lambda raw: "0x" + raw.hex())


@st.composite
def logs(draw: st.DrawFn) -> dict[str, object]:
    """Draw a log as a node writes it."""
    log = {
        "address": draw(hexed(20)),
        "topics": draw(st.lists(hexed(32), max_size=4)),
        "data": "0x" + draw(st.binary(max_size=96)).hex(),
        "blockHash": draw(hexed(32)),
        "blockNumber": hex(draw(st.integers(0, 2**32 - 1))),
        "transactionHash": draw(hexed(32)),
        "transactionIndex": hex(draw(st.integers(0, 300))),
        "logIndex": hex(draw(st.integers(0, 2**32 - 1))),
    }
    if draw(st.booleans()):
        log["blockTimestamp"] = hex(draw(st.integers(0, 2**33)))
    if draw(st.booleans()):
        log["removed"] = False
    return log


def same(a, b) -> bool:
    """Tell whether two batches have the same columns of the same types."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) and getattr(a, name).dtype == getattr(b, name).dtype
        for name in COLUMNS
    )


@given(st.lists(logs(), min_size=1, max_size=12), st.booleans())
def test_scanning_equals_parsing(given_logs: list[dict[str, object]], upper: bool) -> None:
    """What the scanner reads by layout is what the JSON parser reads, whatever shapes the logs of an answer have."""
    content = json.dumps(given_logs, separators=(",", ":")).encode()
    if upper:
        content = content.replace(b"a", b"A").replace(b"Address", b"address")
    try:
        parsed = log_batch(DECODER.decode(content))
    except (MalformedError, msgspec.MsgspecError):
        assert scan_logs(content) is None
        return
    scanned = scan_logs(content)
    assert scanned is not None
    assert same(scanned, parsed)


@given(logs(), st.data())
def test_logs_that_differ_in_a_few_digits_are_read_alike(log: dict[str, object], data: st.DataObject) -> None:
    """Whichever digits differ between logs of one shape, and whether they are digits at all, both readers agree."""
    given_logs = [log]
    for _ in range(data.draw(st.integers(1, 5))):
        text = bytearray(json.dumps(log).encode())
        for _ in range(data.draw(st.integers(0, 3))):
            place = data.draw(st.sampled_from([i for i, sign in enumerate(text) if chr(sign) in "0123456789abcdef"]))
            text[place] = ord(data.draw(st.sampled_from("0123456789abcdefABCDEFg")))
        try:
            given_logs.append(json.loads(text))
        except ValueError:
            continue
    content = json.dumps(given_logs, separators=(",", ":")).encode()
    scanned = scan_logs(content)
    try:
        parsed = log_batch(DECODER.decode(content))
    except (MalformedError, msgspec.MsgspecError):
        assert scanned is None
    else:
        assert scanned is None or same(scanned, parsed)


@given(st.lists(logs(), min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_never_read_wrongly(given_logs: list[dict[str, object]], data: st.DataObject) -> None:
    """With one byte of an answer changed, the scanner gives up or reads what the parser reads; it never guesses."""
    content = bytearray(json.dumps(given_logs, separators=(",", ":")).encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(32, 126))
    scanned = scan_logs(bytes(content))
    if scanned is None:
        return
    assert same(scanned, log_batch(DECODER.decode(bytes(content))))


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log | {"removed": True},
        lambda log: log | {"data": "0x0"},
        lambda log: log | {"data": "12"},
        lambda log: log | {"blockNumber": "0x01"},
        lambda log: log | {"blockNumber": 5},
        lambda log: log | {"logIndex": "0x1ffffffff"},
        lambda log: log | {"topics": ["0x" + "00" * 32] * 5},
        lambda log: log | {"topics": ["0x" + "00" * 31]},
        lambda log: log | {"address": "0x" + "zz" * 20},
        lambda log: log | {"blockHash": None},
        lambda log: {key: value for key, value in log.items() if key != "transactionHash"},
    ],
)
def test_a_malformed_log_is_refused_by_both_readers(change) -> None:
    """A log of a wrong form, or one that a reorganisation removed, is an error that names its row."""
    good = {
        "address": "0x" + "11" * 20,
        "topics": [],
        "data": "0x",
        "blockHash": "0x" + "22" * 32,
        "blockNumber": "0x5",
        "transactionHash": "0x" + "33" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
    }
    content = json.dumps([good, change(good)], separators=(",", ":")).encode()
    assert scan_logs(content) is None
    with pytest.raises((MalformedError, msgspec.ValidationError)) as caught:
        log_batch(DECODER.decode(content))
    if isinstance(caught.value, MalformedError):
        assert caught.value.row == 1


@given(st.lists(logs(), max_size=10), st.data())
def test_batches_can_be_taken_apart_and_joined(given_logs: list[dict[str, object]], data: st.DataObject) -> None:
    """Taking rows, joining batches and the way through Arrow keep every byte of every log."""
    batch = log_batch(msgspec.convert(given_logs, list[WireLog]))
    cut = data.draw(st.integers(0, len(batch)))
    order = np.arange(len(batch))
    assert same(concatenate([take(batch, order[:cut]), take(batch, order >= cut), empty_batch()]), batch)
    there_and_back = from_arrow(batch.to_arrow())
    for name in COLUMNS[:-1]:
        assert np.array_equal(getattr(there_and_back, name), getattr(batch, name)), name


@pytest.mark.parametrize("text", ["", "0x", "5", "0x0g", "0x00", "0X5", "0x 5", "0x_5", "0x5\n"])
def test_only_quantities_are_numbers(text: str) -> None:
    """A number is 0x and digits without leading zeros, as the JSON-RPC specification has it."""
    with pytest.raises(MalformedError) as caught:
        quantities(["0x1", text], 32, "field")
    assert caught.value.row == 1


def test_columns_of_bytes_name_the_first_wrong_row() -> None:
    """The row of a text of another length, without 0x or with other characters is told."""
    good = "0x" + "ab" * 32
    for wrong in ("0x" + "ab" * 31, "1x" + "ab" * 32, "0x" + "zz" * 32, "", "é" * 33):
        with pytest.raises(MalformedError) as caught:
            fixed_bytes([good, good, wrong], 32, "hash")
        assert caught.value.row == 2
    for wrong in ("", "ab", "0xa", "0xgg", "0x\n1"):
        with pytest.raises(MalformedError) as caught:
            varied_bytes(["0x", wrong], "data")
        assert caught.value.row == 1
