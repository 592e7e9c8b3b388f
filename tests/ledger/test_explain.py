from __future__ import annotations

import json

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import truncating_div
from keep3r_replay.protocols.keep3r_v2.audit.explain import explain, find_log, find_transaction
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio
from pipelines import cli

RECORDINGS = (
    pytest.param("open-v2.2-fuzz-gov-102", marks=pytest.mark.slow),
    "open-v2.3-fuzz-mixed-101",
    pytest.param("open-v2.3s-fuzz-mixed-101", marks=pytest.mark.slow),
)
MOVES = {
    "minted_reset",
    "minted_topup",
    "minted_liquidity",
    "minted_settled",
    "repriced",
    "spent",
    "expired",
    "capped",
    "removed",
    "migrated_out",
    "migrated_in",
    "forced",
}


@pytest.fixture(scope="module", params=RECORDINGS)
def history(request, audited_recordings):
    """A random history and its audit."""
    return audited_recordings(DATA / request.param)


def _terms(one) -> dict[str, int | str]:
    return {f"{term.section}.{term.name}": term.value for term in one.terms}


def _some(works: pl.DataFrame, count: int) -> list[tuple[int, int]]:
    step = max(1, works.height // count)
    return works.gather_every(step).select("block_number", "log_index").rows()


def _explained(lake, block: int, log_index: int):
    (one,) = [one for one in explain(lake, find_log(lake, block, log_index)) if one.log_index == log_index]
    return one


def _pay_by_hand(t) -> int:
    """The payment as a reader of the printed terms works it out with pen and paper."""
    share = (t["price.max_boost"] - t["price.min_boost"]) * min(t["price.bonds"], t["price.target_bond"])
    cap = t["price.min_boost"] + share // t["price.target_bond"]
    gas = t["payment.initial_gas"] - t["payment.gas_left"] + t["payment.extra_gas"]
    if "usd.sqrt_ratio" in t:
        one_usd = 2**192 * 10**18 // t["usd.sqrt_ratio"] ** 2
        kp3r = 2**192 * one_usd // t["quote.sqrt_ratio"] ** 2
        return gas * cap // 10_000 * (kp3r * t["payment.usd_per_gas_unit"]) // 10**18
    base_fee = t["price.block_base_fee"]
    if "price.min_base_fee" in t:
        base_fee = max(t["price.min_base_fee"], base_fee + t["price.min_priority_fee"])
    one_eth = 2**192 * 10**18 // t["quote.sqrt_ratio"] ** 2
    return gas * (cap * base_fee) // 10_000 * one_eth // 10**18


@pytest.mark.slow
def test_exact_works_follow_from_their_terms(history):
    """Computed by hand from the printed terms, the payment of any exact work is what was paid."""
    works = history.audit.tables["works"].filter(pl.col("class") == "exact")
    for block, log_index in _some(works, 8):
        one = _explained(history.lake, block, log_index)
        terms = _terms(one)
        assert _pay_by_hand(terms) == terms["payment.computed"] == terms["payment.paid"]


@pytest.mark.slow
def test_ticks_give_the_price(history):
    """The average tick is the cumulatives' difference over the window, cut toward zero, and gives the root price."""
    works = history.audit.tables["works"].filter(pl.col("class") == "exact")
    for block, log_index in _some(works, 4):
        for one in explain(history.lake, find_log(history.lake, block, log_index)):
            terms = _terms(one)
            if "quote.average_tick" not in terms:
                continue
            gained = terms["quote.tick_cumulative_now"] - terms["quote.tick_cumulative_then"]
            assert terms["quote.tick_difference"] in {gained, -gained}
            assert terms["quote.average_tick"] == truncating_div(
                terms["quote.tick_difference"], terms["quote.quote_twap_time"]
            )
            assert terms["quote.sqrt_ratio"] == sqrt_ratio(terms["quote.average_tick"])


@pytest.mark.slow
def test_credits_follow_from_their_moves(history):
    """Credits before and the changes that are printed make up the credits after, for every kind of event."""
    kinds = set()
    rewards = history.audit.tables["rewards"].select("block_number", "log_index")
    for block, log_index in _some(rewards, 12):
        for one in explain(history.lake, find_log(history.lake, block, log_index)):
            moved = [term for term in one.terms if term.section == "credits" and term.name in MOVES]
            kinds |= {term.name for term in moved}
            before, after = one.value("credits_before"), one.value("credits_after")
            assert before + sum(term.value for term in moved) == after
    assert {"expired", "minted_reset", "spent"} <= kinds


def test_branches_say_why(history):
    """A reset is named where the ledger shows one, with the comparison that led to it."""
    works = history.audit.tables["works"].filter(pl.col("rewards") == 1)
    block, log_index = _some(works, 1)[0]
    one = _explained(history.lake, block, log_index)
    branch = next(term for term in one.terms if term.name == "branch")
    assert branch.value in {"reset", "none", "repriced"}
    assert any(word in branch.source for word in ("rewarded_at", "worked"))


@pytest.mark.slow
def test_command_prints_terms(history, capsys):
    """`keep3r explain` finds a transaction by hash or by log, and prints the same terms as text and as JSON."""
    work = history.audit.tables["works"].filter(pl.col("class") == "exact").row(3, named=True)
    lake = f"lake={history.lake.path}"
    assert cli.main(["explain", lake, f"tx={work['transaction_hash']}", "format=json"]) == 0
    by_hash = json.loads(capsys.readouterr().out)
    place = [f"block={work['block_number']}", f"log_index={work['log_index']}"]
    assert cli.main(["explain", lake, *place, "format=json"]) == 0
    assert json.loads(capsys.readouterr().out) == by_hash
    assert cli.main(["explain", lake, *place]) == 0
    text = capsys.readouterr().out
    assert str(int(work["payment"])) in text
    assert work["job"] in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [[], ["tx=0x1g"], ["block=1"], ["tx=0x" + "0" * 64, "block=1", "log_index=0"]], ids=str
)
def test_bad_places_are_usage_errors(history, arguments, capsys):
    """A place that is none is refused in one line, with exit code 2."""
    assert cli.main(["explain", f"lake={history.lake.path}", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_unknown_transaction_is_said(history):
    """A transaction that the lake does not hold is named."""
    with pytest.raises(UsageError, match="the lake holds no log of transaction 0xab"):
        find_transaction(history.lake, "0x" + "ab" * 32)
