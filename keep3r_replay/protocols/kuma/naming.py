"""What people call a risk category: its country or issuer, with currency and term where several have the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.kuma.contract.state import Category


def names_of(categories: Sequence[tuple[str, str, int]]) -> list[str]:
    """A name for each of some categories (currency, country, term in seconds), in their order; none is given twice."""
    times = Counter(country for _, country, _ in categories)
    return [
        country if times[country] == 1 else full_name(currency, country, term) for currency, country, term in categories
    ]


def full_name(currency: str, country: str, term: int) -> str:
    """The name that no two categories share: `EUR/FR/31536000`."""
    return f"{currency}/{country}/{term}"


def find_category(categories: Mapping[str, Category], word: str) -> Category:
    """The one category that `word` names: by country or issuer, full name, risk category or token.

    Raises:
        UsageError: there is none, or there are several; the text lists the names that there are.
    """
    wanted = word.lower()
    found = [each for each in categories.values() if wanted in _words(each)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"category {word[:80]!r}: several are so called; say {_listed(found)}")
    raise UsageError(f"no category {word[:80]!r}; there are {_listed(list(categories.values()))}")


def _words(category: Category) -> set[str]:
    full = full_name(category.currency, category.country, category.term).lower()
    return {category.country.lower(), full, category.risk_category, category.kibt.address}


def _listed(categories: Sequence[Category]) -> str:
    return ", ".join(each.name for each in categories)
