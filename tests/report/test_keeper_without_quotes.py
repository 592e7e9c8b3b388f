"""What nobody can tell is not told as zero: profit without a quote of ETH, overpayment without a work."""

from __future__ import annotations

import re

import polars as pl
import pytest
from histories import DATA, SAMPLE

from keep3r_replay.protocols.keep3r_v2.report.chosen import page_of
from keep3r_replay.replay.results import write_results
from keep3r_replay.report.amounts import tokens

NO_QUOTES = DATA / "open-v2.0-nb-intense"
NO_WORKS = DATA / "open-v2.2-nb-mining-twap"
UNDETERMINED = SAMPLE / "recording"


@pytest.fixture(scope="module")
def markup(ledger_audits, tmp_path_factory):
    """Gives a recording's page, or one keeper's, without scripts and styles."""

    def made(recording, keeper=""):
        audit = ledger_audits(recording)
        folder = tmp_path_factory.mktemp("unknown") / "results"
        write_results(audit, folder, {})
        return re.sub(r"(?s)<(script|style).*?</\1>", "", page_of(folder, audit.lake, keeper and f"keeper {keeper}"))

    return made


@pytest.fixture(scope="module")
def page(markup):
    """Gives the words of a recording's page, or of one keeper's."""

    def words(recording, keeper=""):
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup(recording, keeper)))

    return words


@pytest.mark.slow
def test_profit_without_a_quote_is_not_zero(page, ledger_audits):
    """In 2.0 nothing quotes ETH: profit cannot be told, sums of it are none, and what gas cost stands apart."""
    accounts = ledger_audits(NO_QUOTES).tables["work_accounts"].cast({pl.Decimal: pl.Int128})
    keeper = accounts["keeper"][0]
    mine = accounts.filter(pl.col("keeper") == keeper)
    assert mine["profit"].null_count() == mine.height
    words, gas = page(NO_QUOTES, keeper), tokens(sum(mine["gas_paid"].drop_nulls().to_list()), 6)
    assert f"profit cannot be told {mine.height:,} works without a quote of ETH" in words
    assert "0.000000 ETH" not in words
    assert re.search(rf"gas, worth unknown .* all {mine.height:,} 0 [\d.,]+ - - - {re.escape(gas)} ", words)


@pytest.mark.slow
def test_a_keepers_works_are_told_in_words(page, ledger_audits):
    """How a work was paid is said as the summary says it, not by the name of its class."""
    accounts = ledger_audits(NO_QUOTES).tables["work_accounts"]
    words = page(NO_QUOTES, accounts["keeper"][0])
    assert "within the bounds of what events tell" in words
    assert " interval " not in words


@pytest.mark.slow
def test_no_work_is_no_payment_by_the_formula(page):
    """A job that nobody has worked for paid nothing above the formula, and nothing by it."""
    words = page(NO_WORKS)
    assert "paid above the formula nothing no work yet" in words
    assert "no payment is the job's own amount" not in words


@pytest.mark.slow
def test_a_payment_that_is_undetermined_is_not_said_to_be_by_the_formula(page, ledger_audits):
    """Nothing above the formula is known, and no more is said."""
    works = ledger_audits(UNDETERMINED).tables["works"]
    keepers = works.filter(pl.col("class") == "undetermined")["keeper"].to_list()
    assert keepers
    own = works.filter(pl.col("class") == "own_payment")["keeper"].to_list()
    for keeper in keepers:
        words = page(UNDETERMINED, keeper)
        assert "is by the formula" not in words
        if keeper not in own:
            assert "paid above the formula nothing no payment in KP3R is the job's own amount" in words


@pytest.mark.slow
def test_every_name_in_a_page_is_there_once(markup):
    """Links lead to one place: no two parts of the page have one name."""
    names = re.findall(r' id="?([\w-]+)', markup(UNDETERMINED))
    assert len(names) == len(set(names))
