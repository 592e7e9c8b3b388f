"""A history done again to another model: the same calls and the same gas, with what is changed and what follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract import keep3r_v1_oracle, uniswap_v2_oracle
from keep3r_replay.protocols.keep3r_v1.contract.market import UnknownHelperError
from keep3r_replay.protocols.keep3r_v1.contract.savepoint import undone
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.what_if.other_bonds import OtherBonds
from keep3r_replay.replay.tables import UInt32  # noqa: TC001 - rows of a table: columns by annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.audit.works import Judged
    from keep3r_replay.protocols.keep3r_v1.contract.helpers import Pricing
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.replay.steps import Step
    from keep3r_replay.protocols.keep3r_v1.what_if.changes import Changes

_BY_GAS = frozenset({"work_exact", "work_deep", "work_stale", "receipt_measured"})
"""Classes of payments whose gas is known."""
_OWN = frozenset({"work_own", "work_excess"})


class Paid(NamedTuple):
    """What becomes of a payment: its amount in wei, or the reason of its refusal (then the amount is 0).

    `limit` (wei) is the helper's for the payment's gas, or for the largest plausible gas where the job chose the
    amount; None where nothing limits it, or the limit reverts.
    """

    amount: int
    helper: str
    refused: str
    limit: int | None


class Refused(NamedTuple):
    """A call, other than a payment, that goes through in the history, and not in the what-if: `refused_calls`."""

    block_number: UInt32
    log_index: UInt32 | None
    function: str
    reason: str


@dataclass
class World:
    """One model that lives through a history with changes. `judged` are the history's payments with their classes."""

    kp3r: Keep3rV1
    judged: Sequence[Judged]
    changes: Changes
    paid: list[Paid] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    bonds: OtherBonds = field(default_factory=OtherBonds)
    _block: int = -1
    _second: int = 0

    def live(self, steps: Sequence[Step]) -> None:
        """Do all steps."""
        changes, parameters = self.changes, self.kp3r.parameters
        if changes.fee is not None:
            parameters.fee = changes.fee
        parameters.bond_time = parameters.bond_time if changes.bond_time is None else changes.bond_time
        parameters.unbond_time = parameters.unbond_time if changes.unbond_time is None else changes.unbond_time
        for step in steps:
            if step.block != self._block:
                self._enter(step)
            if step.payment is not None:
                self._pay(step)
            elif step.log_index is None and step.run.__module__.endswith("replay.steps"):
                step.run(self.kp3r, *step.arguments)
            else:
                self._call(step)
            self.bonds.take(self.kp3r)

    def _enter(self, step: Step) -> None:
        kp3r = self.kp3r
        if self.changes.oracle_every_slot:
            self._keep_updated(step.timestamp)
        former, self._block, self._second = self._block, step.block, step.timestamp
        kp3r.block_number, kp3r.now = step.block, step.timestamp
        kp3r.market.begin_block()
        for change in self.changes.bonds:
            if former < change.block <= step.block:
                self.bonds.change(kp3r, change.account, change.add)

    def _keep_updated(self, until: int) -> None:
        """Update the oracles at every second up to `until` (not included) at which there is something to update."""
        market = self.kp3r.market
        first, second, third = market.uniswap_v2_oracle, market.v1_oracle, market.v2_oracle
        if not self._second:
            return
        for pair in first.pairs if first is not None else ():
            assert first is not None
            slot = uniswap_v2_oracle.PERIOD
            for start in range((self._second // slot + 1) * slot, until, slot):
                first.update(market.pairs[pair], start)
        for pair, observations in second.observations.items() if second is not None else ():
            assert second is not None
            while observations and (due := observations[-1].time + keep3r_v1_oracle.PERIOD + 1) < until:
                second.update(market.pairs[pair], max(due, self._second))
        if third is not None and third.observations:
            third.update(market.pairs[third.pair])

    def _call(self, step: Step) -> None:
        """A call of the contract: it goes through, or leaves no trace."""
        kp3r, arguments = self.kp3r, step.arguments
        run = partial(step.run, kp3r, *arguments)
        if self.changes.credit_at_previous_block and step.name in {"applyCreditToJob", "unbondLiquidityFromJob"}:
            run = partial(run, **self._former_worth(step))
        self.bonds.give_back(kp3r)
        names = tuple(dict.fromkeys([*(each for each in arguments if isinstance(each, str)), ZERO_ADDRESS]))
        kp3r.collected = None
        kp3r.emitted = []
        try:
            with undone(kp3r, names) as savepoint:
                run()
                savepoint.keep()
        except Revert as error:
            self.refused.append(Refused(step.block, step.log_index, step.name, error.name))

    def _former_worth(self, step: Step) -> dict[str, int]:
        """The worth of the liquidity at the end of the previous block, by the parameter that overrides it.

        Empty where nobody knows the pair's reserves.
        """
        applies = step.name == "applyCreditToJob"
        # applyCreditToJob is kept with a sender in front where an input told it.
        pair_address = next((str(each) for each in step.arguments if each in self.kp3r.market.pairs), None)
        if pair_address is None:
            return {}
        pair = self.kp3r.market.pairs[pair_address]
        place = step.arguments.index(pair_address)
        if applies:
            provider, job = str(step.arguments[place - 1]), str(step.arguments[place + 1])
            amount = self.kp3r.provisions[provider, pair_address, job].amount
        else:
            amount = int(step.arguments[-1])
        before = pair.before_block
        reserve = before.reserve0 if pair.token0 == self.kp3r.address else before.reserve1
        worth = reserve * amount // pair.supply_before_block if pair.supply_before_block else 0
        return {"credit" if applies else "worth": worth}

    def _pay(self, step: Step) -> None:
        assert step.payment is not None
        judged = self.judged[step.payment]
        payment = judged.payment
        job = self.kp3r.jobs[payment.job]
        helper = self._helper(judged)
        limit = None
        try:
            limit = self._limit(judged, helper)
            amount, refusal = self._amount(judged, limit), ""
        except Revert as error:
            amount, refusal = 0, error.name
        if not job.listed:
            refusal = "workReceipt: !job" if payment.kind == "work" else "receipt: !job"
        elif not refusal and job.credits[payment.credit] < amount:
            refusal = "workReceipt: insuffient funds"
        self.paid.append(Paid(0 if refusal else amount, helper, refusal, limit))
        if refusal:
            return
        self.kp3r.collected = []
        step.run(self.kp3r, *step.arguments[:-1], amount)
        self.kp3r.collected = None
        self.kp3r.emitted = []

    def _helper(self, judged: Judged) -> str:
        changes = self.changes
        if changes.helper is None or judged.payment.block < changes.helper_from_block:
            return judged.helper
        helpers = self.kp3r.market.helpers
        known = [address for address, version in helpers.items() if version == changes.helper]
        if known:
            return known[0]
        # A helper that this chain never had: it goes by its version's name.
        helpers[changes.helper] = changes.helper
        return changes.helper

    def _limit(self, judged: Judged, helper: str) -> int | None:
        """What limits the payment, as `Paid` has it. Raises `Revert` where the limit does."""
        payment, seen, name = judged.payment, judged.verdict.evaluation, judged.verdict.name
        gas = None
        if seen is not None and name in _BY_GAS:
            gas = seen.gas
        elif seen is not None and name in _OWN and payment.kind == "work":
            gas = payment.bound
        return None if gas is None else self._pricing(judged, helper).limit(gas)

    def _amount(self, judged: Judged, limit: int | None) -> int:
        """What the payment comes to. Raises `Revert` where it does not happen."""
        payment, seen = judged.payment, judged.verdict.evaluation
        if payment.kind == "receipt" and self.changes.no_receipts:
            raise Revert("no receipts")
        if limit is None or seen is None:
            return payment.amount
        if judged.verdict.name in _BY_GAS:
            return limit
        return payment.amount if limit == seen.limit_at_bound else min(payment.amount, limit)

    def _pricing(self, judged: Judged, helper: str) -> Pricing:
        kp3r, changes = self.kp3r, self.changes
        feed = kp3r.market.feed.latest_answer
        for each in changes.feed:
            if each.block <= judged.payment.block:
                feed = each.answer
        feed = feed * changes.feed_factor.numerator // changes.feed_factor.denominator
        try:
            return kp3r.market.pricing(helper, kp3r.worth_of_bonds(judged.payment.origin), kp3r.now, feed)
        except UnknownHelperError as error:
            raise Revert("unknown helper") from error
