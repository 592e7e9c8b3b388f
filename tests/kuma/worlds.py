"""A deployment of one category, made by hand, for unit vectors."""

from __future__ import annotations

from keep3r_replay.protocols.kuma.contract import access, kib_token, nfts, rate_feed
from keep3r_replay.protocols.kuma.contract.ray import RAY
from keep3r_replay.protocols.kuma.contract.state import (
    Aggregator,
    Bond,
    Category,
    FeeCollector,
    KIBToken,
    Kuma,
    KUMASwap,
    Nft,
)
from keep3r_replay.protocols.kuma.contract.versions import RULES

DAY = 86_400
YEAR = 365 * DAY
HOURS_4 = 4 * 3_600
START = 30 * YEAR + HOURS_4
TERM = 30 * YEAR
YIELD_3 = 1000000000937303470807876290
YIELD_5 = 1000000001547125957863212449
YIELD_6 = 1000000001847694957439350563
RISK = "0x" + "11" * 32
TOKEN, SWAP, COLLECTOR, ORACLE = ("0x" + digit * 40 for digit in "abcd")
ALICE, BOB = "0x" + "1" * 40, "0x" + "2" * 40
TEN = 10 * 10**18


def world(version: str = "1.0", rate: int = YIELD_5, start: int = START, term: int = TERM) -> Kuma:
    """A deployment at `start`, whose epoch is four hours and whose accrual begins with it."""
    token = KIBToken(TOKEN)
    category = Category(
        RISK, "EUR", "FR", ("0x", "0x"), term, token, KUMASwap(SWAP), FeeCollector(COLLECTOR), ORACLE, "FR"
    )
    kuma = Kuma(RULES[version], "0xp", "0xac", "0xmc", "0xbl", "0xrf", Nft("0xbonds"), Nft("0xclones"))
    kuma.categories[RISK] = category
    kuma.by_contract = dict.fromkeys((TOKEN, SWAP, COLLECTOR), RISK)
    kuma.aggregators[ORACLE] = Aggregator(ORACLE, max_answer=2 * RAY)
    kuma.staleness_threshold = 10**12
    kuma.now = start
    kib_token.initialize(kuma, category, HOURS_4)
    kuma.roles["0xac", access.role_hash(access.KUMA_SET_EPOCH_LENGTH)] = frozenset({ALICE})
    rate_feed.transmit(kuma, ORACLE, "", rate)
    return kuma


def only(kuma: Kuma) -> Category:
    """The category."""
    return kuma.categories[RISK]


def issue(kuma: Kuma, coupon: int, principal: int = TEN, term: int = TERM, issuance: int | None = None) -> int:
    """A bond of Alice's, approved for the swap; its number."""
    begun = kuma.now if issuance is None else issuance
    nfts.issue_bond(kuma, "", ALICE, Bond(coupon, principal, begun, begun + term, term, RISK))
    nfts.set_approval_for_all(kuma, kuma.bond_token, ALICE, SWAP, approved=True)
    return kuma.bond_token.counter
