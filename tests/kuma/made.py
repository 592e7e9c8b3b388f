"""Scripts made by chance: bonds, sales, purchases, rates, epochs and keepers of every temper, decided by a seed."""

from __future__ import annotations

import random
from typing import Any

YEAR = 365 * 86_400
START = 1_700_006_400
RATES = (
    *(10**27, 1000000000315522921573372069, 1000000000627937192491029811, 1000000000937303470807876290),
    *(1000000001547125957863212449, 1000000001847694957439350563, 1000000003022265980097387650),
)
PEOPLE = ("alice", "bob", "carol", "dave")
CATEGORIES = (
    {"currency": "EUR", "country": "FR", "term": 30 * YEAR},
    {"currency": "USD", "country": "US", "term": YEAR},
    {"currency": "EUR", "country": "DE", "term": 180 * 86_400},
)
KEEPERS = ((0, 0), (0, 100_000), (14_400, 9 * 14_400), (0, -1), (0, 14_400))
"""Least and most seconds after maturity; nobody, where the most is below 0."""
ODDS = {
    "issue": 10,
    "sell": 14,
    "buy": 14,
    "expire": 10,
    "claim": 3,
    "transfer": 12,
    "refresh": 6,
    "transmit": 6,
    "epoch_length": 3,
    "fees": 2,
    "pause": 1,
    "unpause": 3,
    "release": 2,
}


def made(seed: int, version: str) -> dict[str, Any]:
    """A script; many of its calls fail."""
    draws = random.Random(seed)
    categories = [{**each, "rate": draws.choice(RATES)} for each in CATEGORIES[: draws.randint(1, 3)]]
    calls: list[dict[str, Any]] = []
    for number, category in enumerate(categories, start=1):
        backing = {"principal": 10**25, "term": 10 * YEAR, "coupon": RATES[-1]}
        calls.append({"at": 0, "do": "issue", "category": category["country"], **backing})
        calls.append({"at": 0, "do": "sell", "bond": number, "by": "alice"})
    bonds, now = len(categories), 0
    for _ in range(draws.randint(60, 160)):
        steps = (0, 0, 1, 60, 3_600, 14_399, 14_400, draws.randint(1, 400_000), 86_400 * draws.randint(1, 20))
        now += draws.choice(steps)
        do = draws.choices([*ODDS], [*ODDS.values()])[0]
        call = {"at": now, "do": do, **_words(draws, do, draws.choice(categories)["country"], bonds)}
        calls.append(call)
        if do == "issue":
            bonds += 1
            if draws.random() < 0.8:
                calls.append({"at": now, "do": "sell", "bond": bonds, "by": call["to"]})
    least, most = draws.choice(KEEPERS)
    return {
        "protocol": "kuma",
        "version": version,
        "seed": seed,
        "start": START,
        "end": now + draws.choice((0, 40 * 86_400)),
        "epoch_length": draws.choice((3_600, 7_200, 14_400, 14_401, 86_400)),
        "categories": categories,
        "calls": calls,
        "keeper": {"least": least, "most": most},
        "variable_fee": draws.choice((0, 0, 30)),
        "fixed_fee": draws.choice((0, 10**14)),
    }


def _words(draws: random.Random, do: str, category: str, bonds: int) -> dict[str, Any]:
    """What a call is made with."""
    by = draws.choice(PEOPLE)
    made_with: dict[str, dict[str, Any]] = {
        "issue": {
            "to": by,
            "coupon": draws.choice(RATES[1:]),
            "principal": draws.choice((1, 10**18, 10**20 + 7, 5 * 10**23, 10**24)),
            "term": draws.choice((86_400, 3_600 * 7 + 13, 30 * 86_400, 180 * 86_400, YEAR)),
        },
        "transfer": {"by": by, "to": draws.choice(PEOPLE), "amount": draws.choice((0, 1, 10**15, 10**18, 10**21))},
        "refresh": {"by": by},
        "release": {"by": by},
        "transmit": {"rate": draws.choice(RATES)},
        "epoch_length": {"seconds": draws.choice((1, 3_540, 3_600, 7_200, 10_000, 14_400, 86_400))},
        "fees": {"variable": draws.choice((0, 1, 50, 10_000)), "fixed": draws.choice((0, 1, 10**15))},
    }
    if do in {"sell", "buy", "expire", "claim"}:
        return {"bond": draws.randint(1, bonds), **({} if do == "claim" else {"by": by if do != "buy" else "alice"})}
    return {"category": category, **made_with.get(do, {})}
