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


@pytest.mark.slow
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


def _refused(ask):
    """The one line that a question is refused with."""
    with pytest.raises(kr.UsageError) as refused:
        ask()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("wrong", [5, 1.5, b"x", [], {}, object(), "", "a\0b"])
def test_what_names_no_folder_is_refused_by_name(lake, tmp_path, wrong):
    """Every folder and file that a function takes is text or a Path, and not empty; the error names the argument."""
    asked = {
        "folder": [
            lambda: kr.open_lake(wrong),
            lambda: kr.import_recording(tmp_path, wrong),
            lambda: kr.simulate("mining", wrong),
            lambda: kr.sweep(lake, {"fee": [0]}, folder=wrong),
        ],
        "recording": [lambda: kr.import_recording(wrong, tmp_path / "lake")],
        "results": [lambda: kr.state_at(lake, BLOCK, results=wrong)],
        "resume": [lambda: kr.replay(lake, resume=wrong), lambda: kr.replay_all(lake, resume=wrong)],
        "database": [lambda: kr.warehouse(lake, tmp_path, wrong)],
    }
    for name, questions in asked.items():
        for ask in questions:
            assert _refused(ask).startswith(f"{name}=")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", ["abc", "390", 1.5, True, [], object()])
def test_what_is_no_number_is_refused_by_name(lake, tmp_path, wrong):
    """Blocks and counts are whole numbers; true is none, nor is a number in a text."""
    for name in ("until_block", "start_block", "resume_block", "snapshot_every"):
        more = {"resume": tmp_path} if name == "resume_block" else {}
        assert _refused(lambda name=name, more=more: kr.replay(lake, **{name: wrong}, **more)).startswith(f"{name}=")
    for ask in (
        lambda: kr.replay_all(lake, until_block=wrong),
        lambda: kr.what_if(lake, until_block=wrong),
        lambda: kr.sweep(lake, {"fee": [0]}, until_block=wrong),
    ):
        assert _refused(ask).startswith("until_block=")
    assert _refused(lambda: kr.sweep(lake, {"fee": [0]}, workers=wrong)).startswith("workers=")
    assert _refused(lambda: kr.sweep(lake, {"fee": [0]}, workers=0)).startswith("workers=")
    assert _refused(lambda: kr.replay(lake, snapshot_every=-1)).startswith("snapshot_every=")
    assert "resume" in _refused(lambda: kr.replay(lake, resume_block=BLOCK))
    for place in ((10**40, 1), (1, 10**40), (-1, 0)):
        assert "no such block" in _refused(lambda place=place: kr.explain(lake, place))


@pytest.mark.parametrize("wrong", ["lake", 5, None, object()])
def test_what_is_no_lake_is_refused(wrong):
    """A folder's name is no open lake: the error says what gives one."""
    for ask in (
        lambda: kr.replay(wrong),
        lambda: kr.replay_all(wrong),
        lambda: kr.state_at(wrong, BLOCK),
        lambda: kr.explain(wrong, (1, 1)),
        lambda: kr.what_if(wrong),
        lambda: kr.sweep(wrong, {"fee": [0]}),
        lambda: kr.warehouse(wrong, "results"),
    ):
        assert "open_lake" in _refused(ask)


def test_switches_grids_and_scenarios_of_another_type_are_refused(lake, tmp_path):
    """A switch is true or false, a grid a mapping of lists, a scenario a name, a file or a mapping in YAML."""
    for wrong in ("yes", 1, None):
        assert _refused(lambda wrong=wrong: kr.replay(lake, ledger=wrong)).startswith("ledger=")
        assert _refused(lambda wrong=wrong: kr.replay(lake, strict=wrong)).startswith("strict=")
        assert _refused(lambda wrong=wrong: kr.what_if(lake, ledger=wrong)).startswith("ledger=")
    for wrong in (5, "fee", None, [("fee", [0])], {"fee": 5}, {"fee": "012"}, {"fee": []}, {"fee": None}):
        assert _refused(lambda wrong=wrong: kr.sweep(lake, wrong)).startswith("grid")
    assert "5" in _refused(lambda: kr.sweep(lake, {5: [0]}))
    for wrong in (5, None, b"mining", ["mining"]):
        assert _refused(lambda wrong=wrong: kr.simulate(wrong, tmp_path / "lake")).startswith("scenario=")
    broken = tmp_path / "broken.yaml"
    for content in ("a: [", "- 1", "\0", "defaults: [mining]"):
        broken.write_text(content)
        assert _refused(lambda: kr.simulate(broken, tmp_path / "lake")).startswith(str(broken))
    assert _refused(lambda: kr.state_at(lake, BLOCK, contract="0x12")).startswith("contract=0x12: no contract of ")


@pytest.mark.slow
def test_a_what_if_begins_in_mid_history(lake):
    """It takes `start_block` as the command does: works up to that block are no part of it."""
    results = kr.what_if(lake, start_block=300)
    assert results.works["block_number"].min() > 300
