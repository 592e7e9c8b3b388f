"""What a node's refusal means: too much asked, too often asked, a passing weakness, or no at all.

Providers word the same refusal in a hundred ways, and their codes contradict each other (-32005 is a rate limit here
and a result cap there), so the text decides first and the code last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Refusal(Enum):
    """Why a request was not answered, by what to do next."""

    TOO_MUCH = "ask for less"
    TOO_OFTEN = "ask later"
    PASSING = "ask again"
    NO_BATCH = "ask one by one"
    UNSUPPORTED = "ask something else"
    REVERTED = "the contract reverted"
    FINAL = "give up"


@dataclass(frozen=True)
class Verdict:
    """A refusal and what its text hints at.

    Attributes:
        refusal: what to do next.
        max_blocks: the largest range of blocks the node says it answers, if it says so.
        max_results: the largest number of logs the node says it answers, if it says so.
    """

    refusal: Refusal
    max_blocks: int | None = None
    max_results: int | None = None


_NUMBER = r"(\d[\d,_.]*)\s*([kKmM]?)"
_RESULTS = re.compile(
    rf"(?:more than|limit(?:ed)? (?:of|to)|exceeds?(?: max)?(?: limit of)?|maximum(?: of)?|max)\s*{_NUMBER}\s*"
    rf"(?:results|logs|events|entries|records)|(?:results|logs)\s*(?:limit|cap)\D{{0,12}}{_NUMBER}",
    re.IGNORECASE,
)
_BLOCKS = (
    re.compile(rf"{_NUMBER}\s*-?\s*blocks?\s*range", re.IGNORECASE),
    re.compile(rf"(?:block\s*)?range[^\d\[]{{0,60}}?{_NUMBER}(?!\s*(?:results|logs))", re.IGNORECASE),
    re.compile(
        rf"(?:limit(?:ed)? to|maximum(?: of)?|up to|at most|max(?:imum)?)\s*(?:a\s*)?{_NUMBER}\s*(?:blocks?|range)",
        re.IGNORECASE,
    ),
)
_SUGGESTED = re.compile(r"\[\s*(0x[0-9a-f]+|\d+)\s*[,-]\s*(0x[0-9a-f]+|\d+)\s*\]", re.IGNORECASE)

_AHEAD = re.compile(
    r"beyond (?:the )?(?:current )?head|unknown block|block not found|after last accepted", re.IGNORECASE
)
_TOO_MUCH = re.compile(
    r"(?<!invalid )(?<!invalid block )\brange\b|too\s*(?:many|much|large|wide)\s*(?:results|logs|blocks|data|range|a)|"
    r"more than [\d,]+ (?:results|logs)|(?:results?|response|logs)\s*(?:size|limit|cap|exceed)|"
    r"exceed\w*\s*(?:the\s*)?(?:max|block|range|results)|query\s*(?:timeout|returned more)|"
    r"max(?:imum)?\s*(?:block\s*)?range|entity too large|limited to \d|narrow|reduce",
    re.IGNORECASE,
)
_TOO_OFTEN = re.compile(
    r"rate\s*-?limit|too many requests|requests? per|compute units|throughput|capacity|throttl|quota|"
    r"(?:request|call|credit)s?\s*(?:count|limit)|slow down|try again later",
    re.IGNORECASE,
)
_NO_BATCH = re.compile(r"batch", re.IGNORECASE)
_NO_SUCH_METHOD = re.compile(r"method .*not|not (?:supported|available|implemented|enabled)|unsupported", re.IGNORECASE)
_NO_STATE = re.compile(
    r"missing trie|state .*(?:not available|unavailable|pruned)|pruned|historical state|archive|"
    r"out of bounds|block\s*(?:range )?(?:is )?out|header not found",
    re.IGNORECASE,
)


def of_http_status(status: int, text: str, *, batch: bool) -> Verdict:
    """Judge an answer that is no 200, by its status and the beginning of its body."""
    if status == 429:
        return Verdict(Refusal.TOO_OFTEN)
    if status == 413 or (status in {400, 422} and _TOO_MUCH.search(text)):
        return of_error(0, text) if _TOO_MUCH.search(text) else Verdict(Refusal.TOO_MUCH)
    if batch and status in {400, 403, 404, 405, 415, 422, 501}:
        return Verdict(Refusal.NO_BATCH)
    if status >= 500 or status in {408, 425}:
        return Verdict(Refusal.PASSING)
    return Verdict(Refusal.FINAL)


def of_error(code: int, message: str) -> Verdict:
    """Judge a JSON-RPC error by its text, then by its code."""
    if code == 3 or "revert" in message.lower():
        return Verdict(Refusal.REVERTED)
    suggested = _SUGGESTED.search(message)
    if _TOO_OFTEN.search(message) and not re.search(r"more than [\d,]+ (?:results|logs)", message):
        return Verdict(Refusal.TOO_OFTEN)
    if _AHEAD.search(message):
        return Verdict(Refusal.PASSING)
    if _NO_STATE.search(message):
        return Verdict(Refusal.UNSUPPORTED)
    if _TOO_MUCH.search(message) or suggested:
        results = _RESULTS.search(message)
        max_results = _number(next(each for each in _pairs(results.groups()) if each[0])) if results else None
        return Verdict(Refusal.TOO_MUCH, _max_blocks(message, suggested), max_results)
    if _NO_BATCH.search(message):
        return Verdict(Refusal.NO_BATCH)
    if code == -32601 or _NO_SUCH_METHOD.search(message):
        return Verdict(Refusal.UNSUPPORTED)
    if code in {-32005, -32029}:
        return Verdict(Refusal.TOO_OFTEN)
    if code in {-32602, -32600}:
        return Verdict(Refusal.FINAL)
    return Verdict(Refusal.PASSING)


def _max_blocks(message: str, suggested: re.Match[str] | None) -> int | None:
    if suggested:
        first, last = (int(each, 16) if each.lower().startswith("0x") else int(each) for each in suggested.groups())
        return last - first + 1 if last >= first else None
    for pattern in _BLOCKS:
        match = pattern.search(message)
        if match and (number := _number((match.group(1), match.group(2)))):
            return number
    return None


def _pairs(groups: tuple[str | None, ...]) -> list[tuple[str, str]]:
    return [(groups[i] or "", groups[i + 1] or "") for i in range(0, len(groups), 2)]


def _number(parts: tuple[str, str]) -> int:
    digits, unit = parts
    value = int(re.sub(r"[,_.]", "", digits) or 0)
    return value * {"": 1, "k": 1_000, "m": 1_000_000}[unit.lower()]
