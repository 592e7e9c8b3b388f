"""Numbers that add up: every table of results against the others, and against the events of the lake."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
from audits import keep3r_contracts
from sums import IN_TOKENS, events, negative, paid_in_kp3r, rows, sums

from keep3r_replay.protocols.keep3r_v2.audit.ledger_summary import ledger_words
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS, MINTED
from keep3r_replay.protocols.keep3r_v2.tables import TABLES
from keep3r_replay.report.amounts import rounded, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.replay.audited import Audit

_FLOWS = ("minted", "forced", "repriced", "removed", "migrated", "adopted", "spent", "expired", "capped")
_KINDS_OF = {
    "minted": MINTED,
    "migrated": ("migrated_in", "migrated_out"),
    **{name: (name,) for name in _FLOWS if name not in {"minted", "migrated"}},
}


# TABLES


def _works(audited: Audit) -> None:
    """Classes make up the summary's counts; credits after each payment are those of the job's history."""
    works = rows(audited.tables["works"])
    assert len(works) == len(events(audited, "KeeperWork")) == sum(audited.summary["works"].values())
    for name, count in audited.summary["works"].items():
        assert count == sum(work["class"] == name for work in works)
    history = {
        (row["block_number"], row["log_index"], row["job"]): row["credits"]
        for row in rows(audited.tables["job_history"])
    }
    for work in works:
        if work["explanation"] != "token_payment":
            assert work["credits_after"] == history[work["block_number"], work["log_index"], work["job"]]


def _rewards(audited: Audit) -> None:
    """One row an event, and as predicted."""
    rewards = rows(audited.tables["rewards"])
    assert len(rewards) == len(events(audited, "LiquidityCreditsReward"))
    for row in rewards:
        if row["expected_rewarded_at"] is not None:
            assert row["matched"] == all(
                row[f"expected_{name}"] == row[name] for name in ("rewarded_at", "current_credits", "period_credits")
            )


def _totals(audited: Audit) -> None:
    """What each job paid and each keeper earned, by token."""
    works = rows(audited.tables["works"])
    for role in ("job", "keeper"):
        totals = rows(audited.tables[f"{role}_totals"])
        assert sums(totals, (role, "credit"), "paid") == sums(works, (role, "credit"), "payment")
        assert sum(row["works"] for row in totals) == len(works)


def _credits(audited: Audit) -> None:
    """A job's credits are the ledger's, the last closing of its periods, and the last row of its history."""
    credit = sums(rows(audited.tables["job_states"]), ("job",), "credits")
    assert credit == sums(rows(audited.tables["ledger"]), ("job",), "amount")
    last = {row["job"]: row for row in rows(audited.tables["periods"])}
    assert credit == sums(last.values(), ("job",), "closing")
    last = {row["job"]: row for row in rows(audited.tables["job_history"])}
    assert credit == sums(last.values(), ("job",), "credits")


def _periods(audited: Audit) -> None:
    """Each kind of entry in each period is that of the ledger's rows; opening and entries make up the closing."""
    periods, ledger = rows(audited.tables["periods"]), rows(audited.tables["ledger"])
    begins = _begins(audited, ledger)
    for kind in KINDS:
        mine = [{**row, "begins_at": begin} for row, begin in zip(ledger, begins, strict=True) if row["kind"] == kind]
        assert sums(periods, ("job", "begins_at"), kind) == sums(mine, ("job", "begins_at"), "amount")
    for row in periods:
        assert row["opening"] + sum(row[kind] for kind in KINDS) == row["closing"]
    assert sums(periods, ("job",), "spent") == negative(paid_in_kp3r(audited, "job"))


def _begins(audited: Audit, ledger: list[dict]) -> list[int]:
    """Where the period of each ledger row begins: the last of its length and start that does so by then."""
    periods = audited.tables["reward_periods"].rows(named=True)
    return [
        max(
            period["begins_at"]
            for period in periods
            if (period["start"], period["length"]) == (row["period_start"], row["reward_period_time"])
            and period["begins_at"] <= row["timestamp"]
        )
        for row in ledger
    ]


def _expiries(audited: Audit) -> None:
    """The rules' rows add up; the contract's are the periods', and what is given is the same by every rule."""
    expiries = rows(audited.tables["expiries"])
    by_rule = {rule: [row for row in expiries if row["rule"] == rule] for rule in ("contract", "documented", "none")}
    periods = rows(audited.tables["periods"])
    for name, kinds in _KINDS_OF.items():
        summed = [{**row, "sum": sum(row[kind] for kind in kinds)} for row in periods]
        assert sums(by_rule["contract"], ("job", "begins_at"), name) == sums(summed, ("job", "begins_at"), "sum")
    given = [sums(by_rule["contract"], ("job",), name) for name in ("minted", "forced", "adopted", "spent")]
    for rule, mine in by_rule.items():
        for row in mine:
            assert row["opening"] + sum(row[name] for name in _FLOWS) == row["closing"]
            wasted = -row["expired"] - row["capped"]
            used = wasted - row["spent"]
            assert row["wasted_share"] == (rounded(wasted * 10_000, used) if used else None)
        owed = [{**row, "given": row["spent"] - row["unpaid"]} for row in mine]
        columns = [sums(owed, ("job",), name) for name in ("minted", "forced", "adopted", "given")]
        assert columns == given, rule
        assert sum(row["migrated"] for row in mine) == 0
        assert all(row["expired"] == 0 for row in mine if rule == "none")


def _facts(audited: Audit) -> None:
    """The summary tells the sum of every kind of fact but of the one that is a state at times."""
    facts = rows(audited.tables["expiry_findings"])
    summed = {kind: str(amount) for (kind,), amount in sums(facts, ("kind",), "amount").items()}
    told = audited.summary["ledger"]["expiry_amounts"]
    assert told == {kind: amount for kind, amount in summed.items() if kind != "denied_on_paper"}


def _calendar(audited: Audit) -> None:
    """Reward periods follow one another without a gap."""
    for one, other in pairwise(audited.tables["reward_periods"].iter_rows(named=True)):
        assert one["ends_at"] == other["begins_at"]
        assert one["begins_at"] <= one["ends_at"] <= one["start"] + one["length"]


def _views(audited: Audit) -> None:
    """What `jobPeriodCredits` answers at the end is no less than nothing, and of jobs that the states hold."""
    jobs = set(audited.tables["job_states"]["job"].to_list())
    for row in rows(audited.tables["period_views"]):
        assert row["job"] in jobs
        assert row["period_credits"] is None or row["period_credits"] >= 0


def _accounts(audited: Audit) -> None:
    """Work by work, by keeper and job, by keeper: the same sums, of what is known; gas of token works apart."""
    works = {(row["block_number"], row["log_index"]): row for row in rows(audited.tables["works"])}
    each = rows(audited.tables["work_accounts"])
    assert len(each) == len(works)
    for row in each:
        work = works[row["block_number"], row["log_index"]]
        row["in_tokens"] = work["explanation"] == "token_payment"
        assert row["reward"] == (0 if row["in_tokens"] else work["payment"])
        known = row["reward_eth"] is not None and row["gas_paid"] is not None
        assert row["profit"] == (row["reward_eth"] - row["gas_paid"] if known else None)
        assert not (row["in_tokens"] and known)
    for name, keys in (("accounts", ("keeper", "job")), ("keeper_accounts", ("keeper",))):
        groups: defaultdict[tuple, list[dict]] = defaultdict(list)
        for row in each:
            groups[tuple(row[key] for key in keys)].append(row)
        for account in rows(audited.tables[name]):
            _account(account, groups.pop(tuple(account[key] for key in keys), []))
        assert not groups
    penalties = rows(audited.tables["keeper_accounts"])
    assert sum(row["slashes"] for row in penalties) == len(events(audited, "KeeperSlash"))
    assert sum(row["slashed"] for row in penalties) == sum(row["amount"] for row in events(audited, "KeeperSlash"))
    assert sum(row["revocations"] for row in penalties) == len(events(audited, "KeeperRevoke"))


def _account(account: dict, mine: list[dict]) -> None:
    in_kp3r = [row for row in mine if not row["in_tokens"]]
    assert account["works"] == len(mine)
    assert account["works_in_tokens"] == len(mine) - len(in_kp3r)
    assert account["works_by_formula"] == sum(row["boost"] is not None for row in in_kp3r)
    assert account["works_without_quote"] == sum(row["reward_eth"] is None for row in in_kp3r)
    assert account["works_with_profit"] == sum(row["profit"] is not None for row in in_kp3r)
    assert account["reward"] == sum(row["reward"] for row in in_kp3r)
    for name in ("reward_eth", "boost", "gas_paid", "profit"):
        known = [row[name] for row in in_kp3r if row[name] is not None]
        assert account[name] == (sum(known) if known else None)
    spent = [row["gas_paid"] for row in mine if row["in_tokens"] and row["gas_paid"] is not None]
    assert account["gas_paid_in_token_works"] == (sum(spent) if spent else None)
    assert account["works_with_profit"] < len(in_kp3r) or account["profit"] == (
        account["reward_eth"] - account["gas_paid"] if in_kp3r else None
    )


def _keepers(audited: Audit) -> None:
    """What keepers completed is what works in KP3R paid them."""
    assert sums(rows(audited.tables["keeper_states"]), ("keeper",), "work_completed") == paid_in_kp3r(audited, "keeper")


def _tokens(audited: Audit) -> None:
    """Token by token: what was added less the fee, less what was paid, withdrawn and slashed, is what jobs hold."""
    held = sums(rows(audited.tables["job_tokens"]), ("token",), "credits")
    (keep3r,) = keep3r_contracts(audited.lake)
    initial = audited.lake.deployment.initial_state[keep3r.address]["fee"]
    fees = [(-1, -1, int(initial))]
    fees += [(row["block_number"], row["log_index"], row["fee"]) for row in events(audited, "FeeChange")]
    moved: defaultdict[tuple, int] = defaultdict(int)
    for row in events(audited, "TokenCreditAddition"):
        *_, fee = max(each for each in fees if each[:2] < (row["block_number"], row["log_index"]))
        moved[row["token"],] += row["amount"] - row["amount"] * fee // 10_000
    for event in ("TokenCreditWithdrawal", "JobSlashToken"):
        for row in events(audited, event):
            moved[row["token"],] -= row["amount"]
    for work in rows(audited.tables["works"].filter(IN_TOKENS)):
        moved[work["credit"],] -= work["payment"]
    assert held == {token: amount for token, amount in moved.items() if amount}


def _liquidities(audited: Audit) -> None:
    """Liquidity by liquidity: what was added, less what was unbonded and slashed, is what jobs hold."""
    held = sums(rows(audited.tables["job_liquidities"]), ("liquidity",), "amount")
    pending = sums(rows(audited.tables["job_liquidities"]), ("liquidity",), "pending_unbonds")
    moved: defaultdict[tuple, int] = defaultdict(int)
    for sign, event in ((1, "LiquidityAddition"), (-1, "LiquidityWithdrawal"), (-1, "JobSlashLiquidity")):
        for row in events(audited, event):
            moved[row["liquidity"],] += sign * row["amount"]
    total = {key: held.get(key, 0) + pending.get(key, 0) for key in {*held, *pending}}
    assert total == {liquidity: amount for liquidity, amount in moved.items() if amount}


def _bonds(audited: Audit) -> None:
    """No bond is below nothing, and each is of a keeper of the states."""
    keepers = set(audited.tables["keeper_states"]["keeper"].to_list())
    for row in rows(audited.tables["keeper_bonds"]):
        assert row["keeper"] in keepers
        assert min(row["bonded"], row["pending_bonds"], row["pending_unbonds"]) >= 0


CHECKS: dict[str, Callable[[Audit], None]] = {
    "works": _works,
    "rewards": _rewards,
    "job_totals": _totals,
    "keeper_totals": _totals,
    "job_states": _credits,
    "job_history": _credits,
    "ledger": _credits,
    "periods": _periods,
    "expiries": _expiries,
    "expiry_findings": _facts,
    "reward_periods": _calendar,
    "period_views": _views,
    "work_accounts": _accounts,
    "accounts": _accounts,
    "keeper_accounts": _accounts,
    "keeper_states": _keepers,
    "job_tokens": _tokens,
    "job_liquidities": _liquidities,
    "keeper_bonds": _bonds,
}


def test_no_table_is_left_out():
    """Every table that is declared has sums to be held against; a new one needs some too."""
    assert set(CHECKS) == set(TABLES)


def test_every_table_adds_up(ledger_audit):
    """The rows of each table sum to those of the others, to the wei, and to the events of the lake."""
    for check in dict.fromkeys(CHECKS.values()):
        check(ledger_audit)


def test_the_terminals_ledger_adds_up(ledger_audit):
    """What the ledger's line is made of: opening and all kinds of entries make up what jobs hold in the end."""
    ledger = ledger_audit.summary["ledger"]
    assert int(ledger["opening"]) + sum(map(int, ledger["sums"].values())) == int(ledger["left"])
    assert int(ledger["left"]) == sum(ledger_audit.tables["job_states"]["credits"].cast(pl.Int128).to_list())
    if "spent" in ledger["sums"]:
        assert f"{tokens(int(ledger['left']))} left" in ledger_words(ledger)
