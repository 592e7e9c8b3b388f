"""URIs and terms and conditions: typed tables, predicted from input and from logs alone, kept in snapshots."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest

from keep3r_replay.chain.wire import WireLog, log_batch
from keep3r_replay.dataset.decode import decode_logs
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.contract.snapshot import dump, load
from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.kuma.replay.protocol import KumaReplay
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots
from tests.kuma.recorded import PROTOCOL, engine

ROLE, BONDS = "kuma_bond_token", "0x" + "b0" * 20
ADDED = next(event for event in EVENTS[ROLE]["1.1"] if event.name == "TncAdded")
LONG = "https://example.org/terms?" + "x" * 70
CALLS = [
    {"at": 0, "do": "uri", "uri": "ipfs://bonds/"},
    {"at": 10, "do": "uri", "of": "clones", "uri": "ipfs://clönes/"},
    {"at": 20, "do": "uri", "uri": ""},
]
TERMS = [
    {"at": 30, "do": "add_terms", "url": LONG},
    {"at": 31, "do": "add_terms", "url": "b"},
    {"at": 40, "do": "update_terms", "terms": 2, "url": "c" * 32},
    {"at": 41, "do": "update_terms", "terms": 9, "url": "nothing to update"},
    {"at": 50, "do": "issue", "to": "alice"},
    {"at": 60, "do": "terms_of", "bond": 1, "terms": 1},
    {"at": 61, "do": "terms_of", "bond": 2, "terms": 1},
]


def simulated(folder, version="1.1", calls=(*CALLS, *TERMS)):
    """The lake of a script."""
    script = {"protocol": "kuma", "version": version, "calls": list(calls), "end": 100}
    PROTOCOL.scenarios.simulate(script, "made", folder / "lake")
    return Lake.open(folder / "lake")


def rows(lake, table, *columns):
    """Some columns of an event's table, as logged."""
    return lake.scan(f"events/{table}", columns=["block_number", *columns]).collect().select(*columns).rows()


def test_texts_have_typed_tables(tmp_path):
    """Every text is in a column of its event's table as it was set, the one before beside it."""
    lake = simulated(tmp_path)
    bonds, clones = (
        rows(lake, "kuma_bond_token.UriSet", "old_uri", "new_uri"),
        rows(lake, "kbc_token.UriSet", "new_uri"),
    )
    assert bonds == [("", "ipfs://bonds/"), ("ipfs://bonds/", "")]
    assert clones == [("ipfs://clönes/",)]
    assert rows(lake, "kuma_bond_token.TncAdded", "tnc_id", "url") == [(1, LONG), (2, "b")]
    assert rows(lake, "kuma_bond_token.TncUrlUpdated", "tnc_id", "old_url", "new_url") == [(2, "b", "c" * 32)]
    assert rows(lake, "kuma_bond_token.TokenTncUpdated", "token_id", "old_tnc_id", "new_tnc_id") == [(1, 0, 1)]
    assert not lake.has("undecoded")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_texts_are_predicted(version, tmp_path):
    """Each text's event is predicted, each refusal has its reason, from inputs and from logs alone."""
    lake = simulated(tmp_path, version, CALLS if version == "1.0" else [*CALLS, *TERMS])
    found = engine.audit(lake, PROTOCOL)
    assert (found.summary["verdict"], found.summary["calls"]["mismatch"]) == ("clean", 0)
    reverted = found.tables["calls"].filter(pl.col("class") == "reverted")
    expected = (
        {}
        if version == "1.0"
        else {
            "update_tnc_url": "TERMS_AND_CONDITIONS_URL_DOES_NOT_EXIST",
            "update_tnc_for_token": "ERC721_INVALID_TOKEN_ID",
        }
    )
    assert dict(reverted.select("function", "reason").rows()) == expected
    logs = tuple(entry for entry in lake.manifest.files if entry.table != "transactions")
    alone = engine.audit(Lake(lake.path, lake.deployment, replace(lake.manifest, files=logs)), PROTOCOL)
    assert alone.summary["verdict"] == "clean"


def test_terms_are_none_of_v1_s(tmp_path):
    """Whoever calls v1's bond token for terms is refused without a reason."""
    found = engine.audit(simulated(tmp_path, "1.0", TERMS[:3]), PROTOCOL)
    assert found.tables["calls"].filter(pl.col("class") == "reverted")["reason"].to_list() == ["empty"] * 3


@pytest.mark.slow
def test_a_changed_text_is_found_at_its_log(tmp_path):
    """A text that is not the one that the call set, or that was set before, is one root at its log."""
    lake = simulated(tmp_path)
    changes = (("UriSet", "new_uri"), ("UriSet", "old_uri"), ("TncAdded", "url"), ("TncUrlUpdated", "old_url"))
    for table, column in changes:
        entry = lake.manifest.of_table(f"events/kuma_bond_token.{table}")[0]
        path, whole = lake.path / entry.path, (lake.path / entry.path).read_bytes()
        frame = pl.read_parquet(path)
        changed = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("other")).otherwise(pl.col(column)).alias(column)
        frame.with_columns(changed).write_parquet(path)
        (root,) = engine.audit(lake, PROTOCOL).roots
        path.write_bytes(whole)
        assert (root.block_number, root.log_index) == frame.select("block_number", "log_index").row(0)
        assert (root.kind, root.field) == ("event_mismatch", column)


def test_a_snapshot_keeps_texts(tmp_path):
    """What a snapshot holds of texts is what a model has that takes it over."""
    lake = simulated(tmp_path)
    replay = replay_root(lake, PROTOCOL, roots(lake, PROTOCOL)[0], None, None, Options(readings=False)).replay
    assert isinstance(replay, KumaReplay)
    state = replay.kuma
    dumped = json.loads(json.dumps(dump(state)))
    assert dumped["tnc_urls"] == {"1": LONG, "2": "c" * 32}
    other = state.copy()
    other.uris, other.tnc_urls = {}, {}
    load(other, dumped)
    assert (other.uris, other.tnc_urls) == (state.uris, state.tnc_urls)
    assert dump(other) == dump(state)


def log(index: int, topics: list[str], data: bytes) -> dict:
    """A log of the bond token as a node tells it."""
    word = "0x" + "11" * 32
    places = {"blockNumber": "0x1", "transactionIndex": "0x0", "logIndex": hex(index)}
    hashes = {"blockHash": word, "transactionHash": word}
    return {**places, **hashes, "address": BONDS, "topics": topics, "data": "0x" + data.hex()}


def decoded_logs(logs: list[dict]):
    """Logs decoded as those of a bond token of v1.1."""
    batch = log_batch([msgspec.convert(each, WireLog) for each in logs])
    contracts = {BONDS: Contract(ROLE, BONDS, "1.1", {})}
    return decode_logs(batch, contracts, EVENTS, np.zeros(len(batch), np.int64))


def test_both_ways_of_indexing_terms_are_read():
    """Whether the number of terms is a topic or a word, the row is the same; a text cut short is told, not read."""
    topic0, number = "0x" + ADDED.topic0.hex(), "0x" + (7).to_bytes(32, "big").hex()
    as_topic, as_word = encode_arguments(["string"], [LONG]), encode_arguments(["uint256", "string"], [7, LONG])
    for topics, data in (([topic0, number], as_topic), ([topic0], as_word)):
        decoded = decoded_logs([log(0, topics, data), log(1, topics, data[:-32]), log(2, topics, data)])
        assert decoded.tables[f"events/{ROLE}.TncAdded"].select(["log_index", "tnc_id", "url"]).to_pylist() == [
            {"log_index": index, "tnc_id": 7, "url": LONG} for index in (0, 2)
        ]
        assert [(each.log_index, each.reason) for each in decoded.anomalies] == [(1, "TncAdded: too little data")]
