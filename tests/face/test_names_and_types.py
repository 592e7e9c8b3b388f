"""Whom a person names by a beginning, and what the public face is given that it cannot take: one line each."""

from __future__ import annotations

import json

import pytest

import keep3r_replay as kr
from pipelines.cli import main

BLOCK = 390


@pytest.fixture(scope="module")
def lake():
    """The bundled sample."""
    return kr.open_lake()


@pytest.fixture(scope="module")
def state(lake):
    """What its contract holds in the middle."""
    return kr.state_at(lake, BLOCK)


@pytest.mark.parametrize("kind", ["job", "keeper"])
def test_a_state_is_asked_by_the_beginning_of_an_address(kind, state):
    """A unique beginning is the address, in capitals too; one of several or of none is refused with names."""
    for address in state.overview()[f"{kind}s"]:
        assert getattr(state, kind)(address[:8].upper().replace("X", "x")) == getattr(state, kind)(address)
        assert getattr(state, kind)(address[:8])["address"] == address
        with pytest.raises(kr.UsageError, match=r"^\w+=0xzz: no \w+ that .*; the nearest name is 0x[0-9a-f]{40}$"):
            getattr(state, kind)("0xzz")
    with pytest.raises(kr.UsageError, match=f"{kind}s begin so: 0x"):
        getattr(state, kind)("0x")
    with pytest.raises(kr.UsageError, match="nearest name"):
        getattr(state, kind)("")


def test_the_command_takes_the_beginning_of_an_address(state, capsys):
    """`keep3r state job=0x6894` is that job; an unknown one is wrong usage."""
    job = next(address for address in state.overview()["jobs"] if address.startswith("0x6894"))
    assert main(["state", f"block={BLOCK}", "job=0x6894"]) == 0
    assert json.loads(capsys.readouterr().out)["job"] == state.job(job)
    assert main(["state", f"block={BLOCK}", "job=0x1234"]) == 2
    assert "nearest name" in capsys.readouterr().err


@pytest.mark.slow
def test_a_transaction_goes_by_the_beginning_of_its_hash(lake, capsys):
    """A unique beginning, with 0x or without, is the hash; others are wrong usage, in one line."""
    whole = lake.scan("events/keep3r.KeeperWork").collect()["transaction_hash"][0]
    terms = kr.explain(lake, whole)
    assert terms.height
    for start in (whole[:10], whole[2:10], whole[:10].upper().replace("X", "x")):
        assert kr.explain(lake, start).equals(terms)
    assert main(["explain", f"tx={whole[:10]}"]) == 0
    by_beginning = capsys.readouterr().out
    assert main(["explain", f"tx={whole}"]) == 0
    assert capsys.readouterr().out == by_beginning
    for start, problem in (
        ("0x", "no transaction hash"),
        ("zzz", "no transaction hash"),
        (whole + "0", "no transaction hash"),
        (whole[:3], "transactions begin so"),
        (f"{whole[:20]}{(int(whole[20], 16) + 1) % 16:x}", f"nearest is {whole}"),
    ):
        with pytest.raises(kr.UsageError, match=problem) as refused:
            kr.explain(lake, start)
        assert "\n" not in str(refused.value)
        assert main(["explain", f"tx={start}"]) == 2
        assert problem in capsys.readouterr().err


def test_an_argument_of_another_type_is_refused(lake):
    """A transaction that is neither hash nor place, a block that is no number, results that are none of a replay."""
    for transaction in (5, (1,), (1, "2"), (1, True), None, b"\x00"):
        with pytest.raises(kr.UsageError, match="a transaction is its hash, or "):
            kr.explain(lake, transaction)
    for block in ("abc", "390", 1.5, True, None):
        with pytest.raises(kr.UsageError, match="a block is a whole number"):
            kr.state_at(lake, block)
    for results in (kr.what_if(lake, until_block=50), 5, None):
        with pytest.raises(kr.UsageError, match=r"replay\(lake, ledger=True\)"):
            kr.warehouse(lake, results)
    with pytest.raises(kr.UsageError, match="nearest name"):
        kr.state_at(lake, BLOCK).job(5)
