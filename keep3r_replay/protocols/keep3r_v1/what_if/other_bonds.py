"""Accounts that have more or fewer KP3R bonded than in the history, from a block on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.contract.token import move_delegates

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


class Taken(NamedTuple):
    """What is taken from an account at the moment, in wei."""

    bonds: int = 0
    votes: int = 0


class OtherBonds:
    """What accounts have fewer bonded, in wei, and what of it is taken at the moment.

    Fewer is fewer for good: an account that has less than that has none, and of whatever it comes to have later the
    rest is taken too. Bonds go first, then the votes that governance added, which count as bonds. A call finds what it
    found in the history, so that no unbonding fails for want of bonds; what is measured by bonds finds what is left.
    """

    def __init__(self) -> None:
        self._fewer: dict[str, int] = {}
        self._taken: dict[str, Taken] = {}

    def change(self, kp3r: Keep3rV1, account: str, add: int) -> None:
        """Let an account have `add` wei of KP3R more bonded, or fewer if below 0, from here on."""
        self.give_back(kp3r)
        if add > 0:
            _add(kp3r, account, Taken(bonds=add))
        else:
            self._fewer[account] = self._fewer.get(account, 0) - add
        self.take(kp3r)

    def give_back(self, kp3r: Keep3rV1) -> None:
        """Before a call: the accounts have what is taken from them."""
        for account, taken in self._taken.items():
            _add(kp3r, account, taken)
        self._taken = {}

    def take(self, kp3r: Keep3rV1) -> None:
        """After a call or payment: take what is still to be taken of the bonds and votes that there are."""
        for name, fewer in self._fewer.items():
            former, account = self._taken.get(name, Taken()), kp3r.accounts[name]
            bonds = min(fewer - sum(former), account.bonds[kp3r.address])
            votes = min(fewer - sum(former) - bonds, account.votes)
            if bonds or votes:
                _add(kp3r, name, Taken(-bonds, -votes))
                self._taken[name] = Taken(former.bonds + bonds, former.votes + votes)


def _add(kp3r: Keep3rV1, name: str, added: Taken) -> None:
    """Bonds and votes (wei, below 0 to take) that come from nowhere; behind bonds the contract owns as many KP3R."""
    account = kp3r.accounts[name]
    account.bonds[kp3r.address] += added.bonds
    account.votes += added.votes
    kp3r.total_bonded += sum(added)
    kp3r.accounts[kp3r.address].balance += added.bonds
    kp3r.total_supply += added.bonds
    former = (ZERO_ADDRESS, account.delegate) if sum(added) > 0 else (account.delegate, ZERO_ADDRESS)
    move_delegates(kp3r, *former, abs(sum(added)))
