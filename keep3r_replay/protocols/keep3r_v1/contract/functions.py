"""The contract's functions by name: what a transaction's input asks for, and how the model answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.keep3r_v1.contract import governance, jobs, keepers, liquidity, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


class Function(NamedTuple):
    """A function of the contract.

    Attributes:
        signature: canonical, as in `bond(address,uint256)`.
        run: the model's; it takes the state, the sender and the arguments.
        event: that a successful call always logs last but for votes; empty for a silent function.
        by_governance: whether only governance may call it.
        arrival: position of an amount of which less may arrive than is sent; None where there is none.
    """

    signature: str
    run: Callable[..., None]
    event: str = ""
    by_governance: bool = False
    arrival: int | None = None

    @property
    def name(self) -> str:
        """The name alone."""
        return self.signature.partition("(")[0]

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the arguments."""
        inside = self.signature.partition("(")[2].removesuffix(")")
        return tuple(inside.split(",")) if inside else ()


def _receipt_eth(kp3r: Keep3rV1, sender: str, keeper: str, amount: int) -> None:
    jobs.receipt(kp3r, sender, "0x" + "e".rjust(40, "0"), keeper, amount)


def _apply_credit(kp3r: Keep3rV1, sender: str, provider: str, pair: str, job: str, credit: int | None = None) -> None:
    """`applyCreditToJob` by anyone."""
    del sender
    liquidity.apply_credit_to_job(kp3r, provider, pair, job, credit)


def _nothing(kp3r: Keep3rV1, sender: str, *arguments: Any) -> None:
    """`isKeeper` and its kin: they only take the measure of the gas."""


FUNCTIONS: tuple[Function, ...] = (
    Function("transfer(address,uint256)", token.transfer, "Transfer"),
    Function("transferFrom(address,address,uint256)", token.transfer_from, "Transfer"),
    Function("approve(address,uint256)", token.approve, "Approval"),
    Function("burn(uint256)", token.burn, "Transfer"),
    Function("mint(uint256)", token.mint, "Transfer", by_governance=True),
    Function("delegate(address)", token.delegate, "DelegateChanged"),
    Function("addCreditETH(address)", jobs.add_credit_eth, "AddCredit"),
    Function("addCredit(address,address,uint256)", jobs.add_credit, "AddCredit", arrival=2),
    Function("addKPRCredit(address,uint256)", jobs.add_kpr_credit, "AddCredit", by_governance=True),
    Function("addJob(address)", jobs.add_job, "JobAdded", by_governance=True),
    Function("removeJob(address)", jobs.remove_job, "JobRemoved", by_governance=True),
    Function("workReceipt(address,uint256)", jobs.work_receipt, "KeeperWorked"),
    Function("receipt(address,address,uint256)", jobs.receipt, "KeeperWorked"),
    Function("receiptETH(address,uint256)", _receipt_eth, "KeeperWorked"),
    Function("addLiquidityToJob(address,address,uint256)", liquidity.add_liquidity_to_job, "SubmitJob"),
    Function("applyCreditToJob(address,address,address)", _apply_credit, "ApplyCredit"),
    Function("unbondLiquidityFromJob(address,address,uint256)", liquidity.unbond_liquidity_from_job, "UnbondJob"),
    Function("removeLiquidityFromJob(address,address)", liquidity.remove_liquidity_from_job, "RemoveJob"),
    Function("approveLiquidity(address)", liquidity.approve_liquidity, by_governance=True),
    Function("revokeLiquidity(address)", liquidity.revoke_liquidity, by_governance=True),
    Function("bond(address,uint256)", keepers.bond, "KeeperBonding", arrival=1),
    Function("activate(address)", keepers.activate, "KeeperBonded"),
    Function("unbond(address,uint256)", keepers.unbond, "KeeperUnbonding"),
    Function("withdraw(address)", keepers.withdraw, "KeeperUnbound"),
    Function("dispute(address)", keepers.dispute, "KeeperDispute", by_governance=True),
    Function("resolve(address)", keepers.resolve, "KeeperResolved", by_governance=True),
    Function("slash(address,address,uint256)", keepers.slash, "KeeperSlashed", by_governance=True),
    Function("revoke(address)", keepers.revoke, "KeeperSlashed", by_governance=True),
    Function("addVotes(address,uint256)", keepers.add_votes, "KeeperBonded", by_governance=True),
    Function("removeVotes(address,uint256)", keepers.remove_votes, by_governance=True),
    Function("setKeep3rHelper(address)", governance.set_keep3r_helper, by_governance=True),
    Function("setGovernance(address)", governance.set_governance, by_governance=True),
    Function("acceptGovernance()", governance.accept_governance, by_governance=True),
    Function("isKeeper(address)", _nothing),
    Function("isMinKeeper(address,uint256,uint256,uint256)", _nothing),
    Function("isBondedKeeper(address,address,uint256,uint256,uint256)", _nothing),
)


def selector(signature: str) -> str:
    """Eight hexadecimal digits of a function's selector."""
    return keccak256(signature.encode())[:4].hex()


BY_SELECTOR: dict[str, Function] = {selector(function.signature): function for function in FUNCTIONS}
BY_NAME: dict[str, Function] = {function.name: function for function in FUNCTIONS}
