"""What-ifs of Keep3r V1: nothing changed is the audit; what is changed follows by the rules."""

from __future__ import annotations

import polars as pl
import pytest
from histories import name_of

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED, KP3R, recorded, recordings

pytestmark = pytest.mark.slow

ETHER = 10**18


@pytest.fixture(scope="module")
def baseline():
    """The bundled recording as it was."""
    return PROTOCOL.what_ifs.baseline(recorded(BUNDLED).lake, None, {})


def outcome(baseline, **overlay):
    """What would have happened."""
    return PROTOCOL.what_ifs.outcome(baseline, overlay, ledger=False)


def exact(frame: pl.DataFrame) -> pl.DataFrame:
    """Amounts as integers."""
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.Int128))


@pytest.mark.parametrize("folder", recordings(), ids=name_of)
def test_nothing_changed_is_the_audit(folder):
    """An empty overlay pays every payment as it was, refuses nothing, and ends in the audit's state."""
    made = outcome(PROTOCOL.what_ifs.baseline(recorded(folder).lake, None, {}))
    assert (made.summary["changed"], made.summary["refused"], made.summary["refused_calls"]) == (0, 0, 0)
    for name in ("jobs", "job_credits", "keepers", "keeper_bonds", "job_liquidities"):
        assert made.tables[name].equals(recorded(folder).audit.tables[name])


def test_another_helper_pays_its_own_limits(baseline):
    """Under the launch helper each exact work is paid its gas times the feed, in KP3R."""
    works = exact(outcome(baseline, helper="launch").tables["works_what_if"])
    told = exact(recorded(BUNDLED).works).select("block_number", "log_index", "feed")
    paid = works.join(told, on=["block_number", "log_index"]).filter(
        (pl.col("class") == "work_exact") & pl.col("refused").is_null()
    )
    assert paid.height > 100
    assert (paid["payment_what_if"] == paid["gas"] * paid["feed"]).all()


def test_a_helper_from_a_block_leaves_what_is_before(baseline):
    """Payments before the block are as they were."""
    works = exact(outcome(baseline, helper="h1530", helper_from_block=400).tables["works_what_if"])
    before = works.filter(pl.col("block_number") < 400)
    assert (before["payment"] == before["payment_what_if"]).all()
    assert not (works["payment"] == works["payment_what_if"]).all()


def test_a_feed_of_nothing_pays_nothing_for_gas(baseline):
    """With a feed of zero every exact work of the seed's helper is paid zero."""
    works = exact(outcome(baseline, helper="seed", feed_factor="0").tables["works_what_if"])
    assert (works.filter(pl.col("class") == "work_exact")["payment_what_if"] == 0).all()


def test_without_receipts_jobs_keep_their_credits(baseline):
    """Receipts in KP3R do not happen, and the credits they took are there at the end."""
    made = outcome(baseline, no_receipts=True)
    receipts = made.tables["works_what_if"].filter(
        (pl.col("credit") == KP3R) & pl.col("class").str.starts_with("receipt")
    )
    assert receipts.height > 10
    assert (receipts["refused"] == "no receipts").all()


def test_no_fee_leaves_more_to_jobs(baseline):
    """Without a fee jobs have more credits, and nobody less."""
    made, as_it_was = outcome(baseline, fee=0), outcome(baseline)
    assert int(made.summary["credits_what_if"]) > int(as_it_was.summary["credits_what_if"])


def test_longer_times_refuse_activations_and_withdrawals(baseline):
    """With a wait of a year nothing that was bonded in the history is activated."""
    refused = outcome(baseline, bond_time=365 * 86_400).tables["refused_calls"]
    assert {"activate"} <= set(refused["function"])
    assert (refused.filter(pl.col("function") == "activate")["reason"] == "activate: bonding").all()


def test_an_origin_with_more_bonds_earns_a_bonus(baseline):
    """Under a helper with a bonus more bonds of an origin raise its own payments, the first one at once."""
    works = exact(recorded(BUNDLED).works)
    origin = works.filter((pl.col("class") == "work_exact") & (pl.col("origin_bond") < 10 * ETHER))["origin"][0]
    poor = exact(outcome(baseline, helper="h1530").tables["works_what_if"])
    rich = exact(outcome(baseline, helper="h1530", bond_account=origin, bond_add=200 * ETHER).tables["works_what_if"])
    changed = poor["payment_what_if"] != rich["payment_what_if"]
    assert changed.any()
    assert works.filter(changed)["origin"][0] == origin
    own = changed & (works["origin"] == origin) & rich["refused"].is_null()
    assert (rich.filter(own)["payment_what_if"] > poor.filter(own)["payment_what_if"]).all()


def test_an_oracle_that_is_always_updated_changes_prices(baseline):
    """With an update in every slot payments are limits of another average price, and none is refused for age."""
    made = outcome(baseline, oracle_every_slot=True)
    assert made.summary["changed"] > 0
    refused = made.tables["works_what_if"]["refused"].drop_nulls()
    assert not refused.str.contains("MISSING|stale").any()


def test_a_change_that_makes_no_sense_is_refused(baseline):
    """Unknown names, versions and numbers are refused before anything is done."""
    for overlay in ({"helpers": "seed"}, {"helper": "none"}, {"fee": "-1"}, {"bond_add": 1}, {"feed_factor": "x"}):
        with pytest.raises(UsageError, match="overlay"):
            outcome(baseline, **overlay)


@pytest.mark.parametrize(
    "overlay",
    [
        {"helper_from_block": 400},
        {"helper": "seed", "helper_from_block": 10**9},
        {"bond_account": KP3R},
        {"bond_account": "0x" + "12" * 20, "bond_add": ETHER},
        {"bonds": [{"account": KP3R, "add": 1, "block": 10**9}]},
        {"feed": [{"block": 10**9, "answer": 1}]},
    ],
    ids=str,
)
def test_what_would_change_nothing_is_refused(overlay, baseline):
    """A block after the history's last, an account that is not in it, half of a pair: an error instead of silence."""
    with pytest.raises(UsageError, match="overlay"):
        outcome(baseline, **overlay)


@pytest.mark.parametrize(
    "overlay",
    [
        {"fee": 1 << 256},
        {"fee": "\u0663"},
        {"fee": "9" * 5_000},
        {"feed_factor": "1e999999999"},
        {"feed_factor": "\u00bd"},
        {"feed_factor": "9" * 5_000},
        {"feed": 5},
        {"feed": [5]},
        {"feed": [{"block": "x", "answer": 1}]},
        {"bonds": {"account": KP3R}},
        {"bond_account": "0x" + "\u00e9" * 40, "bond_add": 1},
        {"helper": [1]},
        {"no_receipts": "maybe"},
    ],
    ids=lambda overlay: str(overlay)[:40],
)
def test_values_beyond_reason_are_refused_by_name(overlay, baseline):
    """More than 256 bits, digits that are not ASCII, what is no list: one line that names the change, at once."""
    with pytest.raises(UsageError, match="overlay") as refused:
        outcome(baseline, **overlay)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_amounts_beyond_the_tables_are_refused_in_one_line(baseline):
    """Bonds of more than 38 digits can not be written: the line says which column."""
    keeper = recorded(BUNDLED).works["origin"][0]
    with pytest.raises(UsageError, match="an amount has more than 38 digits") as refused:
        outcome(baseline, bond_account=keeper, bond_add=1 << 200)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("fee", "reason"), [(10_001, "sub: -"), (20_000, "sub: -"), ((1 << 256) - 1, "mul: *")])
def test_a_fee_above_the_whole_refuses_credits(baseline, fee, reason):
    """Where the fee is more than what is paid in, every `addCredit` reverts, and no job has less than nothing."""
    made = outcome(baseline, fee=fee)
    refused = made.tables["refused_calls"].filter(pl.col("function").str.starts_with("addCredit"))
    assert refused.height > 10
    assert set(refused["reason"]) == {reason}
    assert (exact(made.tables["job_credits"])["credits"] >= 0).all()


def test_fewer_bonds_from_the_beginning_are_fewer_throughout(baseline):
    """Each limit of an origin is that of its bonds less as many, however late it bonded them, reckoned from the audit.

    Other payments of bonds before it count too.
    """
    told = exact(recorded(BUNDLED).works).select("block_number", "log_index", "origin", "origin_bond", "feed")
    origin = "0x718c84886767aade19281ac0daf94485095296e3"
    made = outcome(baseline, helper="bonus", bond_account=origin, bond_add=-40 * ETHER)
    works = exact(made.tables["works_what_if"]).join(told, on=["block_number", "log_index"])
    more, compared = 0, 0
    for row in works.sort("block_number", "log_index").iter_rows(named=True):
        if row["origin"] == origin and row["class"] == "work_exact" and row["refused"] is None:
            bond = min(max(row["origin_bond"] + more - 40 * ETHER, 0), 100 * ETHER)
            quote = row["gas"] * row["feed"]
            assert row["payment_what_if"] == max(quote, quote * 25 // 10 * bond // (100 * ETHER))
            compared += bond > 0
        if row["keeper"] == origin and row["credit"] == KP3R and row["class"].startswith("work"):
            more += row["payment_what_if"] - row["payment"]
    assert compared > 10
    assert made.tables["refused_calls"].equals(outcome(baseline, helper="bonus").tables["refused_calls"])


def test_no_more_than_there_is_can_be_taken(baseline):
    """Bonds and votes end at none where more is taken than an account ever has, and the sums follow."""
    keeper = "0x718c84886767aade19281ac0daf94485095296e3"
    made, former = outcome(baseline, bond_account=keeper, bond_add=-(10**24)), outcome(baseline)
    ends = [
        exact(each.tables["keeper_bonds"]).filter((pl.col("keeper") == keeper) & (pl.col("token") == KP3R))["bonds"]
        for each in (made, former)
    ]
    assert (sum(ends[0]), sum(ends[1]) > 0) == (0, True)
    assert int(made.summary["total_bonded_what_if"]) <= int(former.summary["total_bonded_what_if"]) - sum(ends[1])


def test_a_feed_beyond_reason_makes_works_revert(baseline):
    """Gas that costs more than any job has is no internal error: the contract refuses the payments."""
    assert outcome(baseline, feed_factor="1e60").summary["refused"] > 100


def test_a_feed_from_a_file_is_the_feed_of_records(baseline, tmp_path):
    """Answers from CSV and Parquet give what they give as records; a broken file is refused."""
    records = [{"block": 0, "answer": 40 * 10**9}, {"block": 300, "answer": 90 * 10**9}]
    frame = pl.DataFrame(records[::-1])
    frame.write_csv(tmp_path / "feed.csv")
    frame.write_parquet(tmp_path / "feed.parquet")
    expected = outcome(baseline, feed=records)
    assert expected.summary["changed"] > 100
    for name in ("feed.csv", "feed.parquet"):
        assert outcome(baseline, feed_file=str(tmp_path / name)).summary == expected.summary
    (tmp_path / "wrong.csv").write_text("block,answers\n1,2\n")
    for name in ("wrong.csv", "absent.csv"):
        with pytest.raises(InputError):
            outcome(baseline, feed_file=str(tmp_path / name))
    with pytest.raises(UsageError):
        outcome(baseline, feed=records, feed_file="feed.csv")


def test_credits_at_the_previous_block_are_what_the_audit_says(tmp_path):
    """With the previous block's reserves a sandwiched credit is the one that the audit puts beside it."""
    calls = [
        {"at": 0, "do": "add_liquidity", "amount": 1_000 * ETHER},
        {"at": 345_600, "do": "swap", "kp3r_in": 10_000 * ETHER},
        {"at": 345_600, "do": "apply_credit"},
        {"at": 345_600, "do": "swap", "weth_in": 2_000 * ETHER},
    ]
    PROTOCOL.scenarios.simulate({"calls": calls}, "script", tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    row = audit(lake, PROTOCOL).tables["credit_applications"].row(0, named=True)
    base = PROTOCOL.what_ifs.baseline(lake, None, {})
    former, other = outcome(base), outcome(base, credit_at_previous_block=True)
    less = int(former.summary["credits_what_if"]) - int(other.summary["credits_what_if"])
    assert less == int(row["credit"]) - int(row["credit_at_previous_block"]) > 0


def test_another_fee_is_the_fee_of_every_credit(baseline):
    """With twice the fee a job that nothing is refused lacks as much once more as its fees came to."""
    made = outcome(baseline, fee=60)
    refused = set(made.tables["works_what_if"].filter(pl.col("refused").is_not_null())["job"])
    audited = audit(recorded(BUNDLED).lake, PROTOCOL, ledger=True)
    fees = exact(audited.tables["ledger_totals"]).filter(~pl.col("job").is_in(refused) & (pl.col("fee") < 0))
    both = fees.join(exact(made.tables["job_credits"]), on=["job", "token"], suffix="_what_if")
    assert both.height >= 2
    for row in both.iter_rows(named=True):
        # Each fee is cut to whole wei, so twice the fee may be a wei more.
        assert 0 <= row["credits"] + row["fee"] - row["credits_what_if"] <= 20
        assert row["credits_what_if"] < row["credits"]


def test_a_sweep_over_helpers_is_the_what_ifs(baseline, tmp_path):
    """`keep3r replay -m` over helpers comes out, helper by helper, with what single what-ifs say."""
    lake = recorded(BUNDLED).lake.path
    arguments = ["replay", "-m", "mode=what_if", f"lake={lake}", f"results={tmp_path / 'sweep'}"]
    assert main([*arguments, "overlay.helper=launch,h24e1", "workers=1"]) in {0, 3}
    table = pl.read_parquet(tmp_path / "sweep" / "sweep.parquet")
    assert table.height == 2
    for row in table.iter_rows(named=True):
        expected = outcome(baseline, helper=row["overlay.helper"]).summary
        assert int(row["paid_what_if"]) == int(expected["paid_what_if"])
        assert row["refused"] == expected["refused"]
