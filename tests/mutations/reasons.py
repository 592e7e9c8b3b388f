"""Why logs cannot tell a change at its place: kinds by pattern, first match."""

from __future__ import annotations

import re

_FREE = "nothing that the contract reckons with depends on this field, and any value may stand there"
_POKE = "moves neither price nor liquidity nor observations (docs/pools.md)"
_OTHERS = "belongs to contracts of others, whose code and state the lake does not hold"
_NEXT = "shows at the first later event or reading that it would have changed; there may be none"

REASONS: tuple[tuple[str, str], ...] = (
    (
        r"uniswap_v3_pool\.Collect\.recipient",
        "whoever is owed fees may send them anywhere; who governs a pair manager, only its own call tells",
    ),
    (
        r"uniswap_v3_pool\.Collect",
        "how much of its fees an owner takes, and when, only the pool's own accounts tell (docs/pools.md)",
    ),
    (r"uniswap_v3_pool\.(Flash|CollectProtocol)", _POKE),
    (r"uniswap_v3_pool\.Burn (doubled|removed)", f"a burn of nothing {_POKE}; any other {_NEXT}"),
    (
        r"uniswap_v3_pool\.(Mint|Burn)\.amount changed",
        f"a unit of liquidity may be worth less than a wei of either token; its trace {_NEXT}",
    ),
    (r"uniswap_v3_pool\.Mint (removed|doubled)", f"the liquidity of an owner that is no pair manager {_NEXT}"),
    (r"uniswap_v3_pool\.\w+\.(sender|recipient) changed", _FREE),
    (r"uniswap_v3_pool\.(Mint|Burn)\.owner changed", f"whose the liquidity is {_NEXT}"),
    (
        r"uniswap_v3_pool\.Swap\.sqrt_price_x96",
        "a price changed by one part in 2**96 may free the same amounts, and then moves nothing",
    ),
    (r"uniswap_v3_pool\.Swap\.amount", "of an exact amount in, the fee leaves one wei in 10**6 / fee open"),
    (r"uniswap_v3_pool\.Initialize removed", "shows at the pool's next event"),
    (r"uniswap_v3_pool\.Swap removed", "shows at the next swap or reading of the pool"),
    (r"uniswap_v3_pool\.IncreaseObservationCardinalityNext", f"the room for observations {_NEXT}"),
    (r"uniswap_v3_pool\.SetFeeProtocol", f"the protocol's share {_NEXT}"),
    (
        r"keep3r(_helper)?\.\w+Change(\.\w+ changed| removed| doubled)$",
        "logged by a constructor, whose arguments no recording holds: the parameters are read from the contract later",
    ),
    (r"pair_manager_factory\.", _OTHERS),
    (r"pair_manager\.(Approval|GovernanceProposal|GovernanceSet|\w*Dust)", _OTHERS),
    (r"pair_manager\.Transfer", f"who holds a pair manager's token {_NEXT}"),
    (r"escrow\.", f"what an escrow holds {_NEXT}"),
    (r"DustSent", "the contract's other tokens are no part of its state, and what it held no event tells"),
    (r"KeeperValidation doubled$", "a job may ask for a validation as often as it likes"),
    (
        r"KeeperValidation (removed|and)|and keep3r\.KeeperValidation",
        "a validation that starts no meter of a work explains nothing; the payment that it meters tells",
    ),
    (
        r"KeeperValidation\.gas_left",
        "the bounds of 2.0 take a unit of gas in; elsewhere the validation meters no work that is paid by the formula",
    ),
    (
        r"KeeperWork\.gas_left",
        "an amount of tokens, or of the job's own choice, does not depend on it; the bounds of 2.0 take a unit in",
    ),
    (
        r"KeeperWork\.keeper",
        "a job may pay any keeper an amount of its own choice; without readings only later boosts of both tell it",
    ),
    (
        r"KeeperWork\.(payment|credit)|^own_payment payment|^token_payment payment",
        "a job may pay any amount, in any token that it holds; without readings nothing else tells it",
    ),
    (
        r"^undetermined payment|^stale_gas payment",
        "the class says so: what explains the payment is told by nothing else",
    ),
    (
        r"^interval payment|^exact payment",
        "an entry point that is seldom used proves nothing of its payments, and bounds are as narrow as events allow",
    ),
    (r"KeeperWork and keep3r\.KeeperWork", "works of one batch may come in any order; amounts within bounds fit both"),
    (r"KeeperWork (removed|doubled)$", f"a payment of the job's own choice may be made or not: its effect {_NEXT}"),
    (
        r"^keep3r\.\w+ (removed|doubled)$",
        f"made through another contract, what it did {_NEXT}",
    ),
    (
        r"TokenCredit\w+\.amount|Bonding\.amount|JobSlash\w+\.amount",
        "only the token's own logs tell what arrived through another contract, or of a token that arrived too seldom",
    ),
    (r"change places", "both orders lead to the same state"),
    (r"call through another contract", f"the call {_OTHERS}"),
    (
        r"call of a pool, pair manager, factory or escrow: sender",
        "anybody may call it, and no event names who did; of two that govern nothing else and call as often, both are",
    ),
    (
        r"call of a pool, pair manager, factory or escrow: another function",
        "pools of some chains are other contracts: not all functions are known, and an unknown one may log anything",
    ),
    (r"an argument changed", "an argument that no event repeats"),
    (r"block: base fee", f"the base fee {_NEXT}"),
    (r"block: one second later", f"the time of a block {_NEXT}"),
    (r"block: gas used", "shows where the lake holds all transactions of the block"),
)


def reason(kind: str) -> str:
    """Why a change of this kind may be missed, or found late; empty if nothing excuses it."""
    return next((why for pattern, why in REASONS if re.search(pattern, kind)), "")
