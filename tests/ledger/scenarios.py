"""Hand-made histories of jobs: liquidity of 100 mines 100 credits in each period of five days, the price stays."""

from __future__ import annotations

import copy
from fractions import Fraction

import polars as pl

from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
from keep3r_replay.protocols.keep3r_v2.audit.expiry_findings import expiry_findings
from keep3r_replay.protocols.keep3r_v2.audit.expiry_rules import expiry_rows
from keep3r_replay.protocols.keep3r_v2.audit.ledger import make_ledger
from keep3r_replay.protocols.keep3r_v2.audit.ledger_periods import period_rows
from keep3r_replay.protocols.keep3r_v2.audit.ledger_tables import entries_table
from keep3r_replay.protocols.keep3r_v2.audit.steps import steps_of
from keep3r_replay.protocols.keep3r_v2.contract.credits import settle
from keep3r_replay.protocols.keep3r_v2.contract.state import Approval, Keep3r, Parameters
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import EXPLAIN
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS
from keep3r_replay.uniswap_v3.oracle import Pool

DAY = 86_400
PERIOD = 5 * DAY
START = 3_800 * PERIOD
KP3R, POOL, LIQUIDITY, KEEPER = "0xkp3r", "0xpool", "0xliquidity", "0xkeeper"


class Scenario:
    """A history told step by step: `at(day)`, then what happens; one event a block."""

    def __init__(self, *jobs: str) -> None:
        parameters = Parameters(
            bond_time=0,
            unbond_time=0,
            liquidity_minimum=0,
            reward_period_time=PERIOD,
            inflation_period=PERIOD,
            fee=0,
            governance="0xgovernor",
            pending_governance="",
            keep3r_v1=KP3R,
            keep3r_v1_proxy="",
            keep3r_helper="0xhelper",
        )
        self.keep3r = Keep3r("0xkeep3r", "2.3", RULES["2.3"], parameters, KP3R)
        pool = Pool(POOL, KP3R, "0xweth")
        pool.initialize(0, 1 << 96, 0)
        self.keep3r.pools[POOL] = pool
        self.keep3r.pair_pools[LIQUIDITY] = POOL
        self.keep3r.approvals[LIQUIDITY] = Approval(POOL, is_kp3r_token0=True)
        self.keep3r.approved_liquidities.add(LIQUIDITY)
        self.keep3r.slashers["0xslasher"] = None
        for job in jobs or ("job",):
            self.keep3r.job_list.add(job)
            self.keep3r.jobs[job].owner = "0xowner"
        self.context = CallContext(self.keep3r, Journal(), {}, EXPLAIN[self.keep3r.rules.payment])
        self.keep3r.checks = self.context.checks
        self.observer = CreditObserver(self)
        self._handle = {name: handler.handle for name, handler in self.observer.handlers(HANDLERS).items()}
        self._block = 0
        self._now = START

    # STEPS

    def at(self, day: float) -> Scenario:
        """Go on to `day` days after the start of the first period."""
        self._now = START + round(day * DAY)
        return self

    def _event(self, name: str, *values) -> Scenario:
        self._block += 1
        self.observer.before_block(self._now)
        self.context.block_number, self.context.now = self._block, self._now
        self._handle[f"keep3r.{name}"](self.context, (0, *values))
        assert all(each.kind != "impossible_call" for each in self.context.journal.findings)
        return self

    def add_liquidity(self, amount: int, job: str = "job") -> Scenario:
        """Somebody adds liquidity worth `amount` credits per period."""
        return self._event("LiquidityAddition", job, LIQUIDITY, "0xprovider", amount)

    def unbond(self, amount: int, job: str = "job") -> Scenario:
        """The owner takes liquidity out again."""
        return self._event("Unbonding", job, LIQUIDITY, amount)

    def work(self, payment: int, job: str = "job") -> Scenario:
        """The job pays its keeper."""
        return self._event("KeeperWork", KP3R, job, KEEPER, payment, 0)

    def force(self, amount: int, job: str = "job") -> Scenario:
        """Governance gives credits."""
        self.keep3r.ledger = None
        twin = copy.deepcopy(self.keep3r)
        self.keep3r.ledger = self.observer.recorder
        settle(twin, twin.jobs[job], self._now)
        return self._event("LiquidityCreditsForced", job, self._now, twin.jobs[job].credits + amount)

    def migrate(self, source: str, target: str) -> Scenario:
        """The owners move one job into the other."""
        self._event("JobMigrationRequested", source, target)
        self._now += 60
        return self._event("JobMigrationSuccessful", source, target)

    def change_period(self, days: int) -> Scenario:
        """Governance makes reward periods `days` long."""
        return self._event("RewardPeriodTimeChange", days * DAY)

    # ANSWERS

    def ledger(self):
        """The ledger of everything so far."""
        return make_ledger(self.observer)

    def table(self) -> pl.DataFrame:
        """The ledger's table."""
        return entries_table(self.ledger(), self.observer.changes_table(), self.calendar())

    def _facts(self):
        return expiry_findings(self.ledger(), self.table(), self._steps(), self.calendar())

    def _steps(self):
        return steps_of(self.ledger().changes, self.calendar())

    def calendar(self) -> Calendar:
        """The periods so far."""
        return Calendar(self.observer.regimes, self.observer.ended_at)

    def findings(self, kind: str) -> list[tuple[Fraction, int]]:
        """Findings of a kind: (day, amount)."""
        return [(Fraction(fact.timestamp - START, DAY), fact.amount) for fact in self._facts() if fact.kind == kind]

    def finding(self, kind: str):
        """The only finding of a kind."""
        (fact,) = [fact for fact in self._facts() if fact.kind == kind]
        return fact

    def entries(self) -> list[tuple[Fraction, str, int]]:
        """The ledger's entries: (day, kind, amount)."""
        entries = self.table().select("timestamp", "kind", pl.col("amount").cast(pl.Int128)).iter_rows()
        return [(Fraction(timestamp - START, DAY), kind, amount) for timestamp, kind, amount in entries]

    def periods(self, job: str = "job") -> list[dict[str, int]]:
        """A job's periods as rows by column."""
        rows = period_rows(self.ledger(), self._steps(), self.calendar())
        return [row._asdict() for row in rows if row.job == job]

    def by_rule(self, rule: str) -> dict[str, int]:
        """Sums over all jobs and periods by a rule, and what is left in the end."""
        ledger, calendar = self.ledger(), self.calendar()
        periods = period_rows(ledger, self._steps(), calendar)
        rows = [row._asdict() for row in expiry_rows(ledger, self._steps(), calendar, periods)[0]]
        mine = [row for row in rows if row["rule"] == rule]
        sums = {name: sum(row[name] for row in mine) for name in ("minted", "spent", "expired", "capped", "unpaid")}
        last = {row["job"]: row["closing"] for row in mine}
        return {name: amount for name, amount in sums.items() if amount} | {"left": sum(last.values())}
