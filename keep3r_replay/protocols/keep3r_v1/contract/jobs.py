"""Jobs: which there are, what is paid in for them, and what they pay to keepers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import UINT256_MAX
from keep3r_replay.protocols.keep3r_v1.contract.keepers import bond_in, pay_out
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.protocols.keep3r_v1.contract.token import mint_tokens, transfer_from, transfer_tokens

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def add_job(kp3r: Keep3rV1, sender: str, job: str) -> None:
    """`addJob` by governance. A job that returns stands in the list twice."""
    # CHECKS
    kp3r.require_governance(sender, "addJob")
    kp3r.require(not kp3r.jobs[job].listed, "addJob: job known")
    # EFFECTS
    kp3r.jobs[job].listed = True
    kp3r.job_list.append(job)
    kp3r.emit("JobAdded", job, kp3r.block_number, sender)


def remove_job(kp3r: Keep3rV1, sender: str, job: str) -> None:
    """`removeJob` by governance: the job's credits stay, and can not be paid until it returns."""
    # CHECKS
    kp3r.require_governance(sender, "removeJob")
    # EFFECTS
    kp3r.jobs[job].listed = False
    kp3r.emit("JobRemoved", job, kp3r.block_number, sender)


def fee_of(kp3r: Keep3rV1, amount: int) -> int:
    """The part of a credit (wei) that goes to governance. Raises `Revert` where the product does not fit."""
    product = amount * kp3r.parameters.fee
    kp3r.require(product <= UINT256_MAX, "mul: *")
    return product // kp3r.parameters.base


def add_credit_eth(kp3r: Keep3rV1, sender: str, job: str, value: int) -> None:
    """`addCreditETH` with `value` wei: the fee goes to governance; the log is gross."""
    # CHECKS
    kp3r.require(kp3r.jobs[job].listed, "addCreditETH: !job")
    # EFFECTS
    net = kp3r.subtract(value, fee_of(kp3r, value))
    kp3r.jobs[job].credits[ETH] += net
    kp3r.holdings[ETH] += net
    kp3r.emit("AddCredit", ETH, job, sender, kp3r.block_number, value)


def add_credit(kp3r: Keep3rV1, sender: str, token: str, job: str, received: int) -> None:
    """`addCredit`: `received` is what arrived (wei) of the token; the fee goes to governance, the log is gross."""
    # CHECKS
    kp3r.require(kp3r.jobs[job].listed, "addCreditETH: !job")
    # EFFECTS
    net = kp3r.subtract(received, fee_of(kp3r, received))
    if token == kp3r.address:
        # The contract spends its own allowance, through its own public function.
        transfer_from(kp3r, kp3r.address, sender, kp3r.address, received)
        transfer_tokens(kp3r, kp3r.address, kp3r.parameters.governance, received - net)
    else:
        kp3r.holdings[token] += net
    kp3r.jobs[job].credits[token] = kp3r.add(kp3r.jobs[job].credits[token], net)
    kp3r.emit("AddCredit", token, job, sender, kp3r.block_number, received)


def add_kpr_credit(kp3r: Keep3rV1, sender: str, job: str, amount: int) -> None:
    """`addKPRCredit` by governance: new KP3R (wei) for the job, without a fee."""
    # CHECKS
    kp3r.require_governance(sender, "addKPRCredit")
    kp3r.require(kp3r.jobs[job].listed, "addKPRCredit: !job")
    # EFFECTS
    kp3r.jobs[job].credits[kp3r.address] = kp3r.add(kp3r.jobs[job].credits[kp3r.address], amount)
    mint_tokens(kp3r, kp3r.address, amount)
    kp3r.emit("AddCredit", kp3r.address, job, sender, kp3r.block_number, amount)


def work_receipt(kp3r: Keep3rV1, job: str, keeper: str, amount: int, limit: int | None = None) -> None:
    """`workReceipt` by a job: `amount` (wei of KP3R) becomes the keeper's bond; `worked` names the limit itself.

    The limit is the helper's for the gas that the contract measured; None where nobody knows that gas, and the check
    is left to the audit. The Transfer from job to keeper that it logs moves no balance.
    """
    # CHECKS
    kp3r.require(kp3r.jobs[job].listed, "workReceipt: !job")
    kp3r.require(limit is None or amount <= limit, "workReceipt: max limit")
    # EFFECTS
    pay_work(kp3r, job, keeper, amount)
    kp3r.emit("Transfer", job, keeper, amount)
    kp3r.emit("KeeperWorked", kp3r.address, job, keeper, kp3r.block_number, amount)


def pay_work(kp3r: Keep3rV1, job: str, keeper: str, amount: int) -> None:
    """What `workReceipt` does to job and keeper, but for its own two logs, which follow what `_bond` logs."""
    owned = kp3r.jobs[job].credits
    owned[kp3r.address] = kp3r.subtract(owned[kp3r.address], amount, "workReceipt: insuffient funds")
    account = kp3r.accounts[keeper]
    account.last_job = kp3r.now
    bond_in(kp3r, kp3r.address, keeper, amount)
    account.work_completed = kp3r.add(account.work_completed, amount)


def receipt(kp3r: Keep3rV1, job: str, token: str, keeper: str, amount: int) -> None:
    """`receipt` by a job: any amount (wei) of its credits in a token, KP3R included, paid out without a limit.

    `receiptETH` is the same with ETH.
    """
    # CHECKS
    kp3r.require(kp3r.jobs[job].listed, "receipt: !job")
    # EFFECTS
    owned = kp3r.jobs[job].credits
    owned[token] = kp3r.subtract(owned[token], amount, "workReceipt: insuffient funds")
    kp3r.accounts[keeper].last_job = kp3r.now
    pay_out(kp3r, token, keeper, amount)
    kp3r.emit("KeeperWorked", token, job, keeper, kp3r.block_number, amount)
