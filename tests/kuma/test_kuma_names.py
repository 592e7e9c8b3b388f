"""Categories that share a country have names of their own, everywhere that people name one or read of one."""

from __future__ import annotations

import json

import pytest

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.contract.ray import RAY
from keep3r_replay.protocols.kuma.recording.readings import ReadingRows
from keep3r_replay.protocols.kuma.scenario.script import address_of
from pipelines.cli import main
from tests.kuma.recorded import PROTOCOL, engine

YEAR = 365 * 86_400
SHORT, LONG = f"EUR/FR/{YEAR}", f"EUR/FR/{2 * YEAR}"
CATEGORIES = [
    {"currency": "EUR", "country": "FR", "term": YEAR, "rate": RAY},
    {"currency": "EUR", "country": "FR", "term": 2 * YEAR},
    {"currency": "USD", "country": "US", "term": YEAR},
]
ISSUE = {"at": 0, "do": "issue", "category": LONG, "term": YEAR}


def simulated(folder, **script):
    """The lake of a script with two categories of one country."""
    content = {"protocol": "kuma", "calls": [ISSUE, {"at": 0, "do": "sell", "bond": 1}], "end": 10 * 86_400}
    PROTOCOL.scenarios.simulate({**content, "categories": CATEGORIES, **script}, "script", folder)
    return Lake.open(folder)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """One such lake for all."""
    return simulated(tmp_path_factory.mktemp("names") / "lake")


def test_each_simulated_category_has_contracts_of_its_own(lake):
    """No address is two contracts', and the lake replays clean, with the supply where the bond was sold."""
    addresses = [each.address for each in lake.deployment.contracts]
    assert len(set(addresses)) == len(addresses)
    audited = engine.audit(lake, PROTOCOL)
    assert audited.summary["verdict"] == "clean"
    assert set(audited.tables["bonds"]["category"]) == {LONG}


@pytest.mark.slow
def test_the_state_shows_every_category(lake, capsys):
    """The overview has all, and each is found by its full name; a country that two have is refused with the names."""
    assert main(["state", f"lake={lake.path}", f"block={lake.manifest.coverage.to_block}", "results=none"]) == 0
    assert set(json.loads(capsys.readouterr().out)["categories"]) == {SHORT, LONG, "US"}
    found = {}
    for name in (SHORT, LONG, "us"):
        assert (
            main(
                [
                    "state",
                    f"lake={lake.path}",
                    f"category={name}",
                    f"block={lake.manifest.coverage.to_block}",
                    "results=none",
                ]
            )
            == 0
        )
        found[name] = json.loads(capsys.readouterr().out)["category"]
    assert len({each["token"] for each in found.values()}) == 3
    assert (found[SHORT]["rate"], found[LONG]["term"]) == (str(RAY), 2 * YEAR)
    assert (
        main(["state", f"lake={lake.path}", "category=FR", f"block={lake.manifest.coverage.to_block}", "results=none"])
        == 2
    )
    said = capsys.readouterr().err
    assert SHORT in said
    assert LONG in said


def test_a_file_of_rates_names_one_of_them(lake, tmp_path):
    """A full name moves its own category alone; a country that two have is refused by line, with the names."""
    file = tmp_path / "rates.csv"
    file.write_text(f"timestamp,category,answer\n0,{LONG},{RAY}\n")
    baseline = PROTOCOL.what_ifs.baseline(lake, None, {})
    rows = PROTOCOL.what_ifs.outcome(baseline, {"rate_file": str(file)}, ledger=False).tables["categories_what_if"]
    assert set(rows["category"]) == {SHORT, LONG, "US"}
    file.write_text(f"timestamp,category,answer\n0,FR,{RAY}\n")
    with pytest.raises(InputError, match=f"line 2.*{SHORT}"):
        PROTOCOL.what_ifs.check({"rate_file": str(file)}, lake)


def test_a_script_says_which(tmp_path):
    """A call that names a shared country is refused by its place, as is a category that stands there twice."""
    with pytest.raises(UsageError, match=r"calls\[0\].*several"):
        simulated(tmp_path / "one", calls=[{**ISSUE, "category": "FR"}])
    with pytest.raises(UsageError, match=r"categories\[3\]"):
        simulated(tmp_path / "two", categories=[*CATEGORIES, CATEGORIES[0]])


def category_of(country: str, term: int, number: int) -> dict:
    """A category as `meta.json` names it; its addresses are made of its number."""
    roles = {"KIBToken": "11", "KUMASwap": "22"}
    addresses = {role: "0x" + start * 19 + f"{number:02x}" for role, start in roles.items()}
    return {"currency": "EUR", "country": country, "term": term, "riskCategory": "0x" + f"{number:064x}", **addresses}


def test_readings_of_two_categories_of_one_country_are_kept_apart():
    """A line names such categories in full or by their risk category, and each value goes to its own token."""
    names = ("KUMABondToken", "KBCToken", "rateFeed", "stableCoin")
    shared = {name: "0x" + f"{number:040x}" for number, name in enumerate(names)}
    categories = [category_of("FR", 100, 1), category_of("FR", 200, 2), category_of("DE", 100, 3)]
    rows = ReadingRows({**shared, "categories": categories})
    cats = {
        name: {"kibt": {"getYield": value}}
        for name, value in (("EUR/FR/100", "7"), ("0x" + f"{2:064x}", "8"), ("DE", "9"), ("EUR/DE/100", "9"))
    }
    told = [row for part in rows.parts({"block": 1, "timestamp": 2, "cats": cats}) for row in part][1:]
    assert [(row.contract[-2:], row.value) for row in told] == [("01", "7"), ("02", "8"), ("03", "9"), ("03", "9")]
    with pytest.raises(ValueError, match="FR: meta"):
        list(rows.parts({"block": 1, "timestamp": 2, "cats": {"FR": {"kibt": {"getYield": "7"}}}}))


@pytest.mark.slow
def test_an_account_is_named_by_its_beginning(tmp_path, capsys):
    """The first digits of an account's address are enough, as everywhere; a whole one may hold nothing."""
    calls = [{"at": 0, "do": "issue", "to": "alice"}, {"at": 1, "do": "sell", "bond": 1, "by": "alice"}]
    PROTOCOL.scenarios.simulate({"protocol": "kuma", "calls": calls, "end": 10}, "script", tmp_path / "lake")
    lake, alice = f"lake={tmp_path / 'lake'}", address_of("alice")

    def told(account: str) -> dict:
        assert main(["state", lake, "block=5", f"account={account}", "results=none"]) == 0
        return json.loads(capsys.readouterr().out)["account"]

    assert int(told(alice)["FR"]["balance"]) > 0
    assert told(alice[:10]) == told(alice)
    assert told("0x" + "ab" * 20)["FR"]["balance"] == "0"
    assert main(["state", lake, "block=1", "account=0xffff", "results=none"]) == 2
    assert "no account" in capsys.readouterr().err
