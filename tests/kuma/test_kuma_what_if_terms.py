"""What-ifs of rates from a file, of the other version's rules, of epochs and of the keepers' reimbursement."""

from __future__ import annotations

import pytest
from histories import DATA
from lakes import imported

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.contract.ray import RAY
from tests.kuma.recorded import PROTOCOL, audited
from tests.kuma.test_kuma_what_if import CLEAN, MIXED, baseline, outcome

pytestmark = pytest.mark.slow

CLEAN_1_1 = DATA / "open-kuma11-clean-1"
PAID = "reimbursement_reconstructed_not_verified"


def transmitted(recording) -> list[tuple[int, str, int]]:
    """Every recorded transmission: time, country, answer."""
    history = baseline(recording).history
    kuma = baseline(recording).world.kuma
    countries = {each.aggregator: each.country for each in kuma.categories.values()}
    return [
        (step.timestamp, countries[call.contract], call.arguments[0])
        for step in history.steps
        for call in step.calls
        if call.function == "transmit" and step.succeeded
    ]


def written(path, rates) -> str:
    """A file of rates; gives its name."""
    path.write_text("timestamp,category,answer\n" + "".join(f"{when},{name},{rate}\n" for when, name, rate in rates))
    return str(path)


# RATES


def test_the_recorded_rates_from_a_file_change_nothing(tmp_path):
    """A file of what was transmitted gives the history as it was."""
    found = outcome(CLEAN, rate_file=written(tmp_path / "rates.csv", transmitted(CLEAN)))
    assert found.summary["excess"] == "0"
    assert found.summary["supply_what_if"] == found.summary["supply"]
    assert found.summary["added_calls"] == len(transmitted(CLEAN))
    assert found.summary["added_calls_failed"] == found.summary["changed_transactions"] == 0


def test_a_files_rates_are_those_of_the_same_scale(tmp_path):
    """Half of every rate above zero percent from a file is `rate_scale=5000`, in every balance."""
    halved = [(when, name, RAY + (rate - RAY) * 5_000 // 10_000) for when, name, rate in transmitted(CLEAN)]
    file = written(tmp_path / "rates.csv", halved)
    one, other = outcome(CLEAN, rate_file=file), outcome(CLEAN, rate_scale=5_000)
    for name in ("accounts_what_if", "purchases_what_if", "bonds_what_if"):
        assert one.tables[name].equals(other.tables[name]), name
    assert int(one.summary["burned_what_if"]) < int(one.summary["burned"])


def test_a_file_speaks_for_its_categories_only(tmp_path):
    """A category that the file does not name keeps its rates, as do all before the file's first line."""
    last = max(when for when, name, _ in transmitted(MIXED) if name == "FR")
    file = written(tmp_path / "rates.csv", [(last + 1, "FR", RAY)])
    found = outcome(MIXED, rate_file=file)
    supplies = {
        row["category"]: row["supply_what_if"] - row["supply"]
        for row in found.tables["categories_what_if"].iter_rows(named=True)
    }
    assert supplies["US"] == supplies["DE"] == 0
    assert supplies["FR"] != 0


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("when,category,answer\n1,FR,1\n", "line 1"),
        ("timestamp,category,answer\n1,XX,1\n", "line 2"),
        ("timestamp,category,answer\n1,FR,1e27\n", "line 2"),
        ("timestamp,category,answer\n1,FR\n", "line 2"),
        ("timestamp,category,answer\n", "no rates"),
    ],
)
def test_a_wrong_file_of_rates_is_refused(content, word, tmp_path):
    """A file with a mistake is refused before anything runs, and the line is named."""
    file = tmp_path / "rates.csv"
    file.write_text(content)
    with pytest.raises(InputError, match=word):
        PROTOCOL.what_ifs.check({"rate_file": str(file)}, Lake.open(imported(CLEAN)))
    with pytest.raises(InputError):
        PROTOCOL.what_ifs.check({"rate_file": str(tmp_path / "none.csv")}, Lake.open(imported(CLEAN)))


def test_a_sweep_knows_a_file_by_its_content(tmp_path):
    """The same name with other rates is another what-if."""
    file = written(tmp_path / "rates.csv", [(1, "FR", RAY)])
    first = PROTOCOL.what_ifs.identity({"rate_file": file})
    assert PROTOCOL.what_ifs.identity({"rate_file": file}) == first
    written(tmp_path / "rates.csv", [(2, "FR", RAY)])
    assert PROTOCOL.what_ifs.identity({"rate_file": file}) != first


# RULES


def test_v1_under_the_rules_of_v1_1_goes_on():
    """Without a threshold nothing is stale: what changes is self-transfers, lengths below the minimum, what follows."""
    found = outcome(MIXED, version="1.1")
    reasons = {row["reason_what_if"] for row in found.tables["changed_transactions"].iter_rows(named=True)}
    assert "CANNOT_TRANSFER_TO_SELF" in reasons
    assert "ORACLE_ANSWER_IS_STALE" not in reasons
    assert found.summary["purchases_what_if"] > found.summary["purchases"] // 2
    clean = outcome(CLEAN, version="1.1").summary
    assert (clean["excess"], clean["changed_transactions"]) == ("0", 0)


def test_v1_with_a_staleness_threshold():
    """With a threshold, calls that need an older rate fail for that reason."""
    found = outcome(MIXED, version="1.1", staleness_threshold=86_400)
    reasons = [row["reason_what_if"] for row in found.tables["changed_transactions"].iter_rows(named=True)]
    assert reasons.count("ORACLE_ANSWER_IS_STALE") > 10


def test_v1_1_under_the_rules_of_v1():
    """The clean history comes to the same under both, and its states are those of v1's own recording."""
    found = outcome(CLEAN_1_1, version="1.0").summary
    assert (found["excess"], found["changed_transactions"]) == ("0", 0)
    assert found["burned"] == outcome(CLEAN).summary["burned"]


# EPOCHS


def test_deadlines_follow_another_epoch_length():
    """With an epoch of a day the deadline is the next midnight; an expiry at the deadline stands a second before."""
    found = outcome(CLEAN, epoch_length=86_400, expire="all", expire_at="deadline")
    sold = found.tables["bonds_what_if"].drop_nulls("status_what_if")
    assert sold.height > 15
    for row in sold.iter_rows(named=True):
        assert row["deadline_what_if"] == (row["maturity"] // 86_400 + 1) * 86_400
        if row["expired_at_what_if"] is not None:
            assert row["expired_at_what_if"] == row["deadline_what_if"] - 1
            assert row["seconds_late_what_if"] is None
    assert found.summary["late_what_if"] < found.summary["late"]


def test_another_length_from_a_block():
    """The length holds from the block on; where the contract refuses it, the added call tells why."""
    since = baseline(CLEAN).history.steps[100].block
    found = outcome(CLEAN, epoch_length=7_200, epoch_length_from=since)
    assert found.tables["added_calls"]["reason"].to_list() == ["", "", ""]
    assert set(found.tables["added_calls"]["block_number"]) == {since}
    refused = outcome(CLEAN_1_1, epoch_length=60, epoch_length_from=since).tables["added_calls"]["reason"]
    assert refused.to_list() == ["EPOCH_LENGTH_TOO_LOW"] * 3


def test_a_refresh_that_fails_leaves_the_rate():
    """A refresh at a rate's transmission is a call of its own: where it reverts, the transmission stands."""
    found = outcome(MIXED, refresh="rate_changes")
    changed = found.tables["changed_transactions"]
    assert "transmit" not in changed["function"].to_list()
    assert found.summary["added_calls"] > 0


# BONDS


def test_one_keeper_never_comes():
    """The bond is never expired, and costs at least as much; other bonds keep their expiries."""
    late = audited(CLEAN).tables["late_expiries"].drop_nulls("expired_at").row(0, named=True)
    bonds = outcome(CLEAN, expire=[late["bond_id"]], expire_at="never").tables["bonds_what_if"]
    for row in bonds.iter_rows(named=True):
        if row["bond_id"] == late["bond_id"]:
            assert row["expired_at"] is not None
            assert row["expired_at_what_if"] is None
        else:
            assert row["expired_at_what_if"] == row["expired_at"]


def test_a_bond_that_was_never_sold_is_refused():
    """A number that is no bond's would change nothing, in silence."""
    with pytest.raises(UsageError, match="bond 999"):
        outcome(CLEAN, expire=[999])


@pytest.mark.parametrize(
    "changes",
    [
        {"delay": "1.5"},
        {"delay": True},
        {"rates": [1]},
        {"reward": -1},
        {"max_gas_price": "much"},
        {"epoch_length_from": 5},
        {"expire_at": "maturity"},
        {"delay": 86_400},
        {"expire": "all", "expire_at": "never", "delay": 1},
        {"expire": "all", "delay": -1},
        {"rate_file": "a.csv", "rate_scale": 1},
    ],
)
def test_more_nonsense_is_refused(changes):
    """Numbers that are none, and changes that contradict each other."""
    with pytest.raises(UsageError):
        PROTOCOL.what_ifs.check(changes, Lake.open(imported(CLEAN)))


# REIMBURSEMENT: reconstructed, not verified


def calls_of(recording):
    """Keepers' calls as the audit has them."""
    return audited(recording).tables["keeper_calls"].to_dicts()


def test_every_term_of_the_reimbursement_counts():
    """(gas + overhead) x min(feed, cap) + reward for each call that does not fail, by every term as it is set."""
    terms = {"gas_overhead": 21_000, "gas_feed": 40 * 10**9, "max_gas_price": 35 * 10**9, "reward": 10**15}
    found = outcome(MIXED, **terms)
    paid = [each for each in calls_of(MIXED) if each["judgement"] != "failed"]
    assert int(found.summary[PAID]) == sum(each["gas_used"] * 31 * 10**9 for each in paid)
    wanted = sum((each["gas_used"] + 21_000) * 35 * 10**9 + 10**15 for each in paid)
    assert int(found.summary[f"{PAID}_what_if"]) == wanted
    table = found.tables["keepers_what_if"]
    assert table[f"{PAID}_what_if"].sum() == wanted
    assert found.summary["excess"] == "0"


def test_the_cap_holds():
    """Below the transactions' price, the cap is the price; above it, it changes nothing."""
    gas = sum(each["gas_used"] for each in calls_of(MIXED) if each["judgement"] != "failed")
    assert int(outcome(MIXED, max_gas_price=7).summary[f"{PAID}_what_if"]) == 7 * gas
    assert outcome(MIXED, max_gas_price=32 * 10**9).summary[f"{PAID}_what_if"] == outcome(MIXED).summary[PAID]


def test_nothing_is_paid_that_the_contract_does_not_hold():
    """A call is paid whole or not at all, as long as the funds suffice."""
    first, *_ = [each for each in calls_of(MIXED) if each["judgement"] != "failed"]
    wei = first["gas_used"] * 31 * 10**9
    assert int(outcome(MIXED, keeper_funds=wei).summary[f"{PAID}_what_if"]) == wei
    assert int(outcome(MIXED, keeper_funds=0).summary[f"{PAID}_what_if"]) == 0


def test_calls_that_are_left_out_are_not_paid():
    """Where keepers come otherwise, the expiries that they made are neither outlay nor paid back."""
    found = outcome(CLEAN, expire="all", expire_at="never")
    row = found.tables["keepers_what_if"].sum().row(0, named=True)
    refreshes = [each for each in calls_of(CLEAN) if each["function"] == "refresh_yield"]
    assert row["calls_what_if"] == len(refreshes)
    assert row["outlay_what_if"] == sum(each["outlay"] for each in refreshes)


def test_the_words_stand_wherever_it_is_shown():
    """In the lines of a what-if, in the meanings of its changes, and in every column's name."""
    found = outcome(MIXED, reward=1)
    assert any("reconstructed, not verified" in line for line in found.lines)
    for name in ("gas_overhead", "gas_feed", "max_gas_price", "reward", "keeper_funds"):
        assert "reconstructed, not verified" in PROTOCOL.what_ifs.changes()[name]
    columns = [*found.summary, *(column for table in found.tables.values() for column in table.columns)]
    assert all("reconstructed_not_verified" in each for each in columns if each.startswith("reimburse"))
