"""Every event of the KUMA contracts, as truly emitted: role by role, version by version.

What the names do not say: a `BondBought` after `DeprecationModeEnabled` of its swap carries stablecoin, not KIBT; of
several `BondExpired` of one bond in v1 the first counts; `MinCouponUpdated` comes from purchases only, a sale lowers
the smallest coupon in silence; the two cumulative yields of a token are updated each for itself; and a refresh that
changes nothing leaves no event at all.
"""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, parse_event, places_of

V1, V1_1 = "1.0", "1.1"

_PROXY = ("Upgraded(address indexed implementation)", "Initialized(uint8 version)")
_UPGRADES = ("AdminChanged(address previousAdmin, address newAdmin)", "BeaconUpgraded(address indexed beacon)")
_PROVIDER = ("KUMAAddressProviderSet(address KUMAAddressProvider)",)
_CATEGORY = ("RiskCategorySet(bytes32 riskCategory)",)
_PAUSABLE = ("Paused(address account)", "Unpaused(address account)")
_CONTROLLER = ("AccessControllerSet(address accessController)",)
_ERC20 = "Transfer(address indexed from, address indexed to, uint256 amount)"
_ALLOWANCE = "Approval(address indexed owner, address indexed spender, uint256 value)"
_ERC721 = (
    "Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
    "Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)",
    "ApprovalForAll(address indexed owner, address indexed operator, bool approved)",
)
_URI = "UriSet(string oldUri, string newUri)"
_TERMS = (
    "TncAdded(uint256{} tncId, string url)",
    "TncUrlUpdated(uint256{} tncId, string oldUrl, string newUrl)",
    "TokenTncUpdated(uint256{} tokenId, uint256 oldTncId, uint256 newTncId)",
)
"""Terms and conditions of bonds; the source indexes their first parameters, and both ways are read."""
_CATEGORIES = ("KIBTokenSet(address KIBToken", "KUMASwapSet(address KUMASwap", "KUMAFeeCollectorSet(address collector")
_OF_CATEGORY = {
    V1: "bytes4 indexed currency, bytes4 indexed country, uint64 indexed term)",
    V1_1: "bytes4 indexed currency, bytes32 indexed issuer, uint64 indexed term)",
}
_BOND = {
    V1: (
        "BondIssued(uint256 tokenId, (bytes16 cusip, bytes16 isin, bytes4 currency, bytes4 country, uint64 term, "
        "uint64 issuance, uint64 maturity, uint256 coupon, uint256 principal, bytes32 riskCategory) bond)"
    ),
    V1_1: (
        "BondIssued(uint256 tokenId, (bytes16 cusip, bytes16 isin, bytes4 currency, uint64 issuance, uint64 maturity, "
        "uint64 term, uint32 tncId, uint256 coupon, uint256 principal, bytes32 issuer, bytes32 riskCategory) bond)"
    ),
}


def _parsed(*declarations: str, wide: frozenset[str] = frozenset()) -> tuple[Event, ...]:
    return tuple(parse_event(declaration, wide=wide) for declaration in declarations)


_ALLOWANCES = _parsed(_ALLOWANCE, wide=frozenset({"value"}))
"""An allowance is often the largest uint256 there is: it keeps its word."""

_KIB_TOKEN = _ALLOWANCES + _parsed(
    _ERC20,
    "PreviousEpochCumulativeYieldUpdated(uint256 oldCumulativeYield, uint256 newCumulativeYield)",
    "CumulativeYieldUpdated(uint256 oldCumulativeYield, uint256 newCumulativeYield)",
    "YieldUpdated(uint256 oldYield, uint256 newYield)",
    "EpochLengthSet(uint256 previousEpochLength, uint256 newEpochLength)",
    *_CATEGORY,
    *_PROVIDER,
    *_PROXY,
    *_UPGRADES,
)
_RATE_FEED = (*_CONTROLLER, *_PROVIDER, *_PROXY, *_UPGRADES)
_BOND_TOKEN = (
    *_ERC721,
    *_PAUSABLE,
    *_CONTROLLER,
    _URI,
    "BlacklistSet(address blacklist)",
    "BondRedeemed(uint256 tokenId)",
)
_ADDRESS_PROVIDER = (
    *_CONTROLLER,
    *_PROXY,
    *_UPGRADES,
    "KBCTokenSet(address KBCToken)",
    "KUMABondTokenSet(address KUMABondToken)",
    "RateFeedSet(address rateFeed)",
)
_ROLES = _parsed(
    "RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
    "RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)",
    "RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole)",
)

EVENTS: dict[str, dict[str, tuple[Event, ...]]] = {
    "kib_token": {
        V1: _KIB_TOKEN,
        V1_1: _KIB_TOKEN + _parsed("MinEpochLengthSet(uint256 previousMinEpochLength, uint256 newMinEpochLength)"),
    },
    "kuma_swap": {
        "": _parsed(
            "BondSold(uint256 tokenId, uint256 KIBTokenMinted, address indexed seller)",
            "FeeCharged(uint256 fee)",
            "BondBought(uint256 tokenId, uint256 paid, address indexed buyer)",
            "BondExpired(uint256 tokenId)",
            "BondClaimed(uint256 tokenId, uint256 cloneTokenId)",
            "MinCouponUpdated(uint256 oldMinCoupon, uint256 newMinCoupon)",
            "FeeSet(uint16 variableFee, uint256 fixedFee)",
            "KIBTRedeemed(address indexed redeemer, uint256 redeemedStableCoinAmount)",
            "DeprecationModeInitialized()",
            "DeprecationModeUninitialized()",
            "DeprecationModeEnabled()",
            "DeprecationStableCoinSet(address oldDeprecationStableCoin, address newDeprecationStableCoin)",
            "MaxCouponsSet(uint256 maxCoupons)",
            *_CATEGORY,
            *_PAUSABLE,
            *_PROVIDER,
            *_PROXY,
            *_UPGRADES,
        )
    },
    "fee_collector": {
        "": _parsed(
            "PayeeAdded(address indexed payee, uint256 share)",
            "PayeeRemoved(address indexed payee)",
            "ShareUpdated(address indexed payee, uint256 newShare)",
            "FeeReleased(uint256 income)",
            *_CATEGORY,
            *_PROVIDER,
            *_PROXY,
            *_UPGRADES,
        )
    },
    "mcag_aggregator": {
        "": _parsed(
            "AnswerTransmitted(address indexed transmitter, uint80 roundId, int256 answer)",
            "MaxAnswerSet(int256 oldMaxAnswer, int256 newMaxAnswer)",
            "VolatilityThresholdSet(uint256 oldThreshold, uint256 newThreshold)",
            *_CONTROLLER,
        )
    },
    "rate_feed": {
        V1: _parsed("OracleSet(address oracle, " + _OF_CATEGORY[V1], *_RATE_FEED),
        V1_1: _parsed(
            "OracleSet(address oracle, " + _OF_CATEGORY[V1_1], "StalenessThresholdSet(uint256 threshold)", *_RATE_FEED
        ),
    },
    "kuma_bond_token": {
        V1: _parsed(_BOND[V1], *_BOND_TOKEN),
        V1_1: _parsed(
            _BOND[V1_1],
            "MaxCouponSet(uint256 oldMaxCoupon, uint256 newMaxCoupon)",
            *(term.format(indexed) for indexed in (" indexed", "") for term in _TERMS),
            "TermSet(uint256 term)",
            *_BOND_TOKEN,
        ),
    },
    "kbc_token": {
        "": _parsed(
            (
                "CloneBondIssued(uint256 cloneId, (uint256 parentId, uint256 issuance, uint256 coupon, "
                "uint256 principal) cloneBond)"
            ),
            "CloneBondRedeemed(uint256 cloneId, uint256 parentId)",
            _URI,
            *_ERC721,
            *_PROVIDER,
            *_PROXY,
            *_UPGRADES,
        )
    },
    "address_provider": {
        version: _parsed(*_ADDRESS_PROVIDER, *(f"{start}, {_OF_CATEGORY[version]}" for start in _CATEGORIES))
        for version in (V1, V1_1)
    },
    "access_controller": {"": _ROLES},
    "mcag_access_controller": {"": _ROLES},
    "blacklist": {
        "": _parsed("Blacklisted(address indexed account)", "UnBlacklisted(address indexed account)", *_CONTROLLER)
    },
    "stable_coin": {"": _ALLOWANCES + _parsed(_ERC20)},
}
"""Events by role and version; the version is empty where a role's events are the same in both."""

PLACES = places_of(EVENTS)
"""Where each value of an event stands, by role and event, then by column."""
