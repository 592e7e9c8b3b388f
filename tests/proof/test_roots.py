"""Hashes, roots, blooms and senders come out as public chains and a local one have them, and as the libraries do."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
import rlp
from eth_utils import keccak as eth_keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from keep3r_replay.proof.base_fee import MARKETS, expected_base_fee, market_of
from keep3r_replay.proof.blooms import BLOOM_BYTES, bloom_of, joined, may_hold
from keep3r_replay.proof.header import FIELDS, FRONTIER, LATER, Header, header_from_rlp, header_of
from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.receipts import (
    DEPOSIT,
    Log,
    Receipt,
    receipt_from_consensus,
    receipt_from_slim,
    receipt_of,
    receipts_root,
)
from keep3r_replay.proof.rlp import decode, encode, integer
from keep3r_replay.proof.transactions import raw_of, transaction_of, transactions_root
from keep3r_replay.proof.tries import EMPTY_ROOT, ordered_root
from tests.proof.mainnet import blocks, raw, receipts
from tests.proof.served_chain import recorded

DATA = json.loads((Path(__file__).parent / "data" / "headers.json").read_bytes())
EMPTY_BLOOM = "0x" + "00" * BLOOM_BYTES
ITEMS = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=30)


@pytest.mark.slow
@settings(max_examples=40)
@given(ITEMS)
def test_encodings_are_those_of_the_library(item) -> None:
    """Both ways, for anything that can be encoded."""
    assert encode(item) == rlp.encode(item)
    assert decode(encode(item)) == item


@settings(max_examples=40)
@given(st.binary(max_size=60))
def test_what_the_library_refuses_is_refused(data: bytes) -> None:
    """Bytes that are no encoding, or not the shortest one, are read by neither; others alike by both."""
    try:
        expected = rlp.decode(data)
    except rlp.exceptions.DecodingError:
        with pytest.raises(ValueError, match=r"."):
            decode(data)
    else:
        assert decode(data) == expected


@settings(max_examples=12)
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=300))
def test_roots_are_those_of_the_library(values: list[bytes]) -> None:
    """The root that is folded from sorted keys is the one of a trie that is filled value by value."""
    trie = HexaryTrie({})
    for place, value in enumerate(values):
        trie[rlp.encode(place)] = value
    assert ordered_root(values) == trie.root_hash


@settings(max_examples=20)
@given(st.binary(max_size=600))
def test_the_fast_hash_is_the_hash(data: bytes) -> None:
    """Whichever implementation is at hand."""
    assert keccak(data) == eth_keccak(data)


@pytest.mark.parametrize("told", DATA["headers"], ids=["block 0", "block 1"])
def test_headers_of_mainnets_beginning(told) -> None:
    """The first two blocks of mainnet have the hashes that everybody knows."""
    header = header_of({"logsBloom": EMPTY_BLOOM, **told})
    assert header.hash == raw(told["hash"])
    assert header_from_rlp(header.rlp).fields == header.fields


def test_a_block_of_goerli() -> None:
    """A public block: its header's hash, its transactions' hashes and root, and who sent them."""
    told = DATA["goerli"]
    header = header_of(told)
    assert header.hash == raw(told["hash"])
    raws = [raw_of(each) for each in told["transactions"]]
    assert transactions_root(raws) == header["transactionsRoot"]
    for content, each in zip(raws, told["transactions"], strict=True):
        transaction = transaction_of(content)
        assert (transaction.hash, transaction.recovered()) == (raw(each["hash"]), raw(each["from"]))
        assert transaction.effective_price(header.base_fee) == int(each["gasPrice"], 16)


@pytest.mark.parametrize("place", [0, 1])
def test_two_blocks_of_mainnet(place: int) -> None:
    """From 298 receipts with 681 logs: both receipts roots, both blooms; and the withdrawals' roots."""
    block = blocks()[place]
    mine = receipts()[block["number"]]
    assert receipts_root(mine) == raw(block["receipts_root"])
    assert joined(receipt.bloom for receipt in mine) == raw(block["logs_bloom"])
    withdrawals = [
        encode(
            [
                *(integer(each[name]) for name in ("index", "validator_index")),
                raw(each["address"]),
                integer(each["amount"]),
            ]
        )
        for each in block["withdrawals"]
    ]
    assert ordered_root(withdrawals) == raw(block["withdrawals_root"])


def test_the_second_base_fee_follows_from_the_first() -> None:
    """Mainnet's rule gives the base fee of block 17,173,050 from the block before."""
    first, second = blocks()
    fields = dict.fromkeys(FIELDS[:16], b"")
    fields |= {"gasLimit": integer(first["gas_limit"]), "gasUsed": integer(first["gas_used"])}
    parent = Header([*[*fields.values()][:15], integer(first["base_fee_per_gas"])])
    market = market_of(1, second["number"])
    assert market is not None
    assert expected_base_fee(market, parent) == second["base_fee_per_gas"]
    assert market_of(1, 12_964_999) is None
    assert market_of(31_337, 5) is None
    assert market_of(137, 40_000_000) == MARKETS[137][1]


def test_every_block_of_the_local_chain() -> None:
    """Hash, parent, roots, bloom and senders of all recorded blocks but the first, which the program made up."""
    chain = recorded()
    former = None
    for block, told in list(zip(chain.blocks, chain.receipts, strict=True))[1:]:
        header = header_of(block)
        assert header.hash == raw(block["hash"])
        assert former is None or header.parent == former.hash
        mine = [receipt_of(each) for each in told]
        assert receipts_root(mine) == header["receiptsRoot"]
        assert joined(receipt.bloom for receipt in mine) == header.bloom
        raws = [raw_of(each) for each in block["transactions"]]
        assert transactions_root(raws) == header["transactionsRoot"]
        senders = [transaction_of(each).recovered() for each in raws]
        assert senders == [raw(each["from"]) for each in block["transactions"]]
        former = header


@pytest.mark.parametrize("count", range(len(LATER) + 1))
def test_every_format_of_headers(count: int) -> None:
    """A header with the fields of any fork is hashed over exactly these, by JSON as by RLP."""
    choose = Random(count)
    told = {name: "0x" + choose.randbytes(32).hex() for name in FIELDS}
    told |= {"miner": "0x" + "11" * 20, "nonce": "0x" + "22" * 8, "logsBloom": EMPTY_BLOOM, "extraData": "0x0102"}
    kept = {name: told[name] for name in (*FRONTIER, *LATER[:count])}
    header = header_of(kept)
    assert len(header.fields) == len(FRONTIER) + count
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed"}
    numbers |= {"excessBlobGas", "slotNumber"}
    expected = [
        rlp.sedes.big_endian_int.serialize(int(text, 16)) if name in numbers else raw(text)
        for name, text in kept.items()
    ]
    assert header.hash == eth_keccak(rlp.encode(expected))
    assert header_from_rlp(header.rlp).hash == header.hash
    assert (header.base_fee is None) == (count == 0)


def test_a_deposits_receipt_is_hashed_with_its_version_only() -> None:
    """Before Canyon nodes told a nonce that the root does not hold; with a version nonce and version are in it."""
    logs = (Log(b"\x01" * 20, (b"\x02" * 32,), b"data"),)
    plain, before, since = (Receipt(DEPOSIT, b"\1", 21_000, logs, deposit) for deposit in ((), (9,), (9, 1)))
    assert before.encoded() == plain.encoded()
    body = [b"\1", integer(21_000), plain.bloom, [[b"\x01" * 20, [b"\x02" * 32], b"data"]]]
    assert plain.encoded() == b"\x7e" + rlp.encode(body)
    assert since.encoded() == b"\x7e" + rlp.encode([*body, b"\x09", b"\1"])
    for receipt in (plain, before, since):
        assert receipt_from_slim(decode(encode(receipt.slim()))) == receipt
    assert receipt_from_consensus(since.encoded()) == since


def test_receipts_before_byzantium_hold_a_state_root() -> None:
    """Where a receipt has 32 bytes of state instead of a status, these are hashed, and there is no status."""
    told = {"root": "0x" + "77" * 32, "cumulativeGasUsed": "0x5208", "logs": [], "type": "0x0"}
    receipt = receipt_of(told)
    assert receipt.status is None
    assert receipt.encoded() == rlp.encode([b"\x77" * 32, integer(21_000), bytes(BLOOM_BYTES), []])


@pytest.mark.parametrize(
    "change",
    [
        {"logs": [{"address": "0x12", "topics": [], "data": "0x"}]},
        {"logs": [{"address": "0x" + "12" * 20, "topics": ["0x12"], "data": "0x"}]},
        {"logs": [{"address": "0x" + "12" * 20, "topics": ["0x" + "12" * 32] * 5, "data": "0x"}]},
        {"status": None, "root": "0x1234"},
        {"status": "0x2"},
        {"logs": None},
    ],
)
def test_what_is_no_receipt_is_refused(change: dict) -> None:
    """A part of another width could make another receipt have the same bytes."""
    told = {"status": "0x1", "cumulativeGasUsed": "0x5208", "logs": [], "type": "0x2"} | change
    with pytest.raises(ValueError, match=r"."):
        receipt_of(told)


def test_blooms_allow_for_what_they_hold_and_little_else() -> None:
    """No block is passed over that holds a log of a followed address; of 1,000 other addresses few are allowed for."""
    choose = Random(3)
    held = [choose.randbytes(20) for _ in range(50)]
    bloom = bloom_of(held)
    assert all(may_hold([bloom], [address])[0] for address in held)
    others = [choose.randbytes(20) for _ in range(1_000)]
    assert sum(bool(may_hold([bloom], [address])[0]) for address in others) < 20
    assert may_hold([bloom, bytes(BLOOM_BYTES)], others[:0]).tolist() == [False, False]


def test_nothing_has_the_empty_root() -> None:
    """A block without transactions has the root that every such block has."""
    assert ordered_root([]) == EMPTY_ROOT == raw(DATA["headers"][0]["transactionsRoot"])
