from __future__ import annotations

import base64
import time
from email.utils import formatdate

import pytest

from keep3r_replay.chain.endpoint import LEFT_OUT, endpoint_of, masked, retry_after, secrets_of

KEY = "a1B2c3D4e5F6"
ADDRESSES = {
    "in the path": f"https://mainnet.example.org/v3/{KEY}",
    "in the query": f"https://example.org/rpc?apikey={KEY}&x=1",
    "as a password": f"https://user:{KEY}@example.org/",
    "with percent signs": f"https://user:%61{KEY[1:]}@example.org/",
    "as a part of the host": f"https://{KEY.lower()}.example.org/",
}


@pytest.mark.parametrize("place", ADDRESSES)
def test_the_key_is_masked_wherever_a_node_repeats_it(place: str) -> None:
    """A node's own text is told without the key, in whatever case or encoding it echoes it."""
    secrets = secrets_of(ADDRESSES[place])
    for said in (KEY, KEY.upper(), KEY.lower()):
        assert said.lower() not in masked(f"invalid project id {said}!", secrets).lower()
        assert masked(f"invalid project id {said}!", secrets) == "invalid project id ***!"


@pytest.mark.parametrize(
    "echoed",
    [
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        "".join(f"%{ord(each):02x}" for each in KEY),
        "".join(f"\\u{ord(each):04x}" for each in KEY),
        "".join(f"&#{ord(each)};" for each in KEY),
        base64.b64encode(f"x:{KEY}".encode()).decode(),
        f"{KEY[:5]}\u200b{KEY[5:]}",
        KEY[:8],
        KEY[-7:],
    ],
)
@pytest.mark.parametrize("place", ["in the path", "in the query", "as a password"])
def test_a_key_in_another_encoding_leaves_no_word(place: str, echoed: str) -> None:
    """A text that holds the key, or a piece of it, in an encoding is left out as a whole."""
    assert masked(f"invalid project id {echoed} here", secrets_of(ADDRESSES[place])) == LEFT_OUT


def test_an_authorisation_header_is_masked() -> None:
    """User and password as a header holds them are as secret as they are in the address."""
    header = base64.b64encode(f"someone:{KEY}".encode()).decode()
    said = masked(f"Authorization: Basic {header} is wrong", secrets_of(f"https://someone:{KEY}@example.org/"))
    assert header.rstrip("=") not in said


def test_a_long_text_is_cut_after_the_key_is_masked() -> None:
    """No part of a key is left at the end of a text that is cut."""
    secrets = secrets_of(f"https://example.org/{KEY}")
    for length in range(180, 205):
        said = masked("x" * length + KEY, secrets)
        assert not any(KEY[:size] in said for size in range(3, len(KEY)))


def test_plain_words_stay() -> None:
    """What a person needs to read of an error is left: short words of the address are no secrets."""
    secrets = secrets_of("http://127.0.0.1:8545/v2/eth")
    text = "error -32005: limit of 10000 logs exceeded on eth v2 at 127.0.0.1"
    assert masked(text, secrets) == text


def test_a_password_with_special_characters_is_sent_as_it_is() -> None:
    """Percent signs stand in the address alone: the header holds what they stand for."""
    headers = endpoint_of(1, "https://user:p%40ss%25w@example.org/", 1, 1.0).headers
    assert base64.b64decode(headers["authorization"].split()[1]) == b"user:p@ss%w"


def test_a_date_to_wait_for_is_understood() -> None:
    """`Retry-After` is a number of seconds or a date; anything else says nothing."""
    assert retry_after("2.5") == 2.5
    assert 25 <= retry_after(formatdate(time.time() + 30, usegmt=True)) <= 30
    assert retry_after(formatdate(time.time() - 30, usegmt=True)) == 0
    assert retry_after("soon") is None
    assert retry_after("") is None
