from __future__ import annotations

import pytest
from eth_utils import keccak
from eth_utils.abi import event_signature_to_log_topic

from keep3r_replay.evm.abi import keccak256, parse_event, snake_case
from keep3r_replay.protocols.keep3r_v2.events import EVENTS

EVERY_EVENT = [
    ((role, version, event.name), event)
    for role, versions in EVENTS.items()
    for version, events in versions.items()
    for event in events
]


@pytest.mark.parametrize(("key", "event"), EVERY_EVENT, ids=["-".join(key) for key, _ in EVERY_EVENT])
def test_topics_are_the_hashes_of_the_signatures(key: tuple[str, str, str], event) -> None:
    """Topic 0 of every event is keccak-256 of its canonical signature, by another implementation."""
    assert event.topic0 == event_signature_to_log_topic(event.signature) == keccak(text=event.signature), key


def test_known_topics() -> None:
    """The topics of the most frequent events are those that stand in logs of mainnet."""
    known = {
        ("uniswap_v3_pool", "", "Swap"): "c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67",
        ("pair_manager", "", "Transfer"): "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        ("pair_manager_factory", "", "PairCreated"): "f4e6903dddf8034e1689a73259c54f96ff67410886872805530f383ededfec23",
        ("keep3r", "2.2", "Activation"): "3673530133b6da67e9854f605b0cfa7bb9798cd33c18036dfc10d8da7c4d4a75",
    }
    for (role, version, name), topic in known.items():
        event = next(each for each in EVENTS[role][version] if each.name == name)
        assert event.topic0.hex() == topic


def test_events_say_what_is_emitted() -> None:
    """JobAddition's order turned with 2.3, and JobOwnershipAssent is (new owner, job, previous owner) throughout."""
    for version in ("2.0", "2.1", "2.2", "2.3", "2.3s"):
        events = {
            event.name: [parameter.column for parameter in event.parameters] for event in EVENTS["keep3r"][version]
        }
        assert events["JobOwnershipAssent"] == ["new_owner", "job", "previous_owner"]
        assert events["JobAddition"] == (["job", "job_owner"] if version.startswith("2.3") else ["job_owner", "job"])
        assert ("Kp3rWethPoolChange" in events) == (not version.startswith("2.3"))


def test_no_two_events_of_a_contract_share_a_topic_or_a_table() -> None:
    """In every role and version, topics and names are unique: a log has one meaning, a table one shape."""
    for role, versions in EVENTS.items():
        for version, events in versions.items():
            assert len({event.topic0 for event in events}) == len(events), (role, version)
            assert len({event.name for event in events}) == len(events), (role, version)


@pytest.mark.parametrize(
    ("solidity", "column"),
    [
        ("jobOrKeeper", "job_or_keeper"),
        ("isKP3RToken0", "is_kp3r_token0"),
        ("kp3rWethPool", "kp3r_weth_pool"),
        ("wethUSDPool", "weth_usd_pool"),
        ("isWETHToken0", "is_weth_token0"),
        ("sqrtPriceX96", "sqrt_price_x96"),
        ("keep3rV1Proxy", "keep3r_v1_proxy"),
        ("wKP3R", "wkp3r"),
        ("newWKP3R", "new_wkp3r"),
        ("amount0", "amount0"),
    ],
)
def test_columns_are_named_in_snake_case(solidity: str, column: str) -> None:
    """A Solidity name becomes the column name that the documentation gives it."""
    assert snake_case(solidity) == column


@pytest.mark.parametrize(
    "declaration",
    [
        "Broken(address",
        "E(bytes data)",
        "E(uint7 x)",
        "E(uint256)",
        "E(uint256 a, uint256 a)",
        "E(address indexed a, address indexed b, address indexed c, address indexed d)",
        "E(tuple x)",
    ],
)
def test_declarations_that_cannot_be_decoded_are_refused(declaration: str) -> None:
    """What the decoder does not know is an error when the declaration is read, not when a log comes."""
    with pytest.raises(ValueError, match=r"declaration|type|name|indexed"):
        parse_event(declaration)


def test_keccak_is_not_sha3() -> None:
    """The hash of nothing is Ethereum's, whose padding differs from the later standard's."""
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
