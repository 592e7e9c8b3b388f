"""KP3R as an ERC-20 token with delegated votes: balances, allowances, supply, delegation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import UINT256_MAX
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def mint_tokens(kp3r: Keep3rV1, recipient: str, amount: int) -> None:
    """`_mint`: new KP3R (wei) for `recipient`."""
    kp3r.total_supply = kp3r.add(kp3r.total_supply, amount)
    account = kp3r.accounts[recipient]
    account.balance = kp3r.add(account.balance, amount)
    kp3r.emit("Transfer", ZERO_ADDRESS, recipient, amount)


def burn_tokens(kp3r: Keep3rV1, owner: str, amount: int) -> None:
    """`_burn`: KP3R (wei) of `owner` cease to be."""
    account = kp3r.accounts[owner]
    account.balance = kp3r.subtract(account.balance, amount, "_burn: exceeds balance")
    kp3r.total_supply = kp3r.subtract(kp3r.total_supply, amount)
    kp3r.emit("Transfer", owner, ZERO_ADDRESS, amount)


def transfer_tokens(kp3r: Keep3rV1, source: str, recipient: str, amount: int) -> None:
    """`_transferTokens`: KP3R (wei) change hands, without a look at allowances."""
    # CHECKS
    kp3r.require(source != ZERO_ADDRESS, "_transferTokens: zero address")
    kp3r.require(recipient != ZERO_ADDRESS, "_transferTokens: zero address")
    # EFFECTS
    account = kp3r.accounts[source]
    account.balance = kp3r.subtract(account.balance, amount, "_transferTokens: exceeds balance")
    receiver = kp3r.accounts[recipient]
    receiver.balance = kp3r.add(receiver.balance, amount, "_transferTokens: overflows")
    kp3r.emit("Transfer", source, recipient, amount)


def move_delegates(kp3r: Keep3rV1, source: str, destination: str, amount: int) -> None:
    """`_moveDelegates`: votes (wei) pass from one delegate to another; the zero address has none."""
    if source == destination or amount == 0:
        return
    if source != ZERO_ADDRESS:
        loser = kp3r.accounts[source]
        previous = loser.current_votes
        loser.current_votes = kp3r.subtract(previous, amount, "_moveVotes: underflows")
        kp3r.emit("DelegateVotesChanged", source, previous, loser.current_votes)
    if destination != ZERO_ADDRESS:
        winner = kp3r.accounts[destination]
        previous = winner.current_votes
        winner.current_votes = kp3r.add(previous, amount)
        kp3r.emit("DelegateVotesChanged", destination, previous, winner.current_votes)


def mint(kp3r: Keep3rV1, sender: str, amount: int) -> None:
    """`mint` by governance, for itself."""
    # CHECKS
    kp3r.require_governance(sender, "mint")
    # EFFECTS
    mint_tokens(kp3r, kp3r.parameters.governance, amount)


def burn(kp3r: Keep3rV1, sender: str, amount: int) -> None:
    """`burn` of the sender's own KP3R."""
    burn_tokens(kp3r, sender, amount)


def transfer(kp3r: Keep3rV1, sender: str, recipient: str, amount: int) -> None:
    """`transfer` of the sender's KP3R (wei)."""
    transfer_tokens(kp3r, sender, recipient, amount)


def transfer_from(kp3r: Keep3rV1, sender: str, source: str, recipient: str, amount: int) -> None:
    """`transferFrom`: the rest of the allowance is logged first, unless it is endless or the sender owns the KP3R."""
    owner = kp3r.accounts[source]
    allowance = owner.allowances[sender]
    if sender != source and allowance != UINT256_MAX:
        rest = kp3r.subtract(allowance, amount, "transferFrom: exceeds spender allowance")
        owner.allowances[sender] = rest
        kp3r.emit("Approval", source, sender, rest)
    transfer_tokens(kp3r, source, recipient, amount)


def approve(kp3r: Keep3rV1, sender: str, spender: str, amount: int) -> None:
    """`approve`: the sender's allowance for `spender` is `amount` (wei)."""
    kp3r.accounts[sender].allowances[spender] = amount
    kp3r.emit("Approval", sender, spender, amount)


def delegate(kp3r: Keep3rV1, sender: str, delegatee: str) -> None:
    """`delegate`: the sender's votes and bonded KP3R count for `delegatee` from here on."""
    account = kp3r.accounts[sender]
    former = account.delegate
    account.delegate = delegatee
    kp3r.emit("DelegateChanged", sender, former, delegatee)
    move_delegates(kp3r, former, delegatee, kp3r.worth_of_bonds(sender))
