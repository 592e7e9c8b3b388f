"""What a node's refusal means: too much asked, too often asked, a passing weakness, or no at all.

Providers word the same refusal in a hundred ways, and their codes contradict each other (-32005 is a rate limit here
and a result cap there), so the text decides first and the code last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from keep3r_replay.errors import NodeError


class Refusal(Enum):
    """Why a request was not answered, by what to do next."""

    TOO_MUCH = "ask for less"
    TOO_OFTEN = "ask later"
    PASSING = "ask again"
    NO_BATCH = "ask one by one"
    SMALLER_BATCH = "ask fewer at once"
    UNSUPPORTED = "ask something else"
    PRUNED = "ask a node that has the history"
    REVERTED = "the contract reverted"
    FINAL = "give up"


@dataclass(frozen=True)
class Verdict:
    """A refusal and what its text hints at.

    Attributes:
        refusal: what to do next.
        max_blocks: the largest range of blocks the node says it answers, if it says so.
        max_results: the largest number of logs the node says it answers, if it says so.
        part: how many blocks of the range that was asked for the node says it would answer: of this range alone.
        sure: whether the text says what is meant.
    """

    refusal: Refusal
    max_blocks: int | None = None
    max_results: int | None = None
    part: int | None = None
    sure: bool = True


class RefusedError(NodeError):
    """A request that the node refuses for what it asks; the verdict says what to ask instead."""

    def __init__(self, text: str, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(text)


_NUMBER = r"(\d[\d,_.]*)\s*([kKmM]?)\b"
_LOGS = r"(?:results|logs|events|entries|records)"
_BLOCKS = r"(?:requested\s+)?blocks?"
_RESULTS = re.compile(
    rf"(?:more than|limit(?:ed)? (?:of|to)|exceeds?(?: max)?(?: limit of)?|maximum(?: of)?|max)\s*{_NUMBER}\s*{_LOGS}|"
    rf"{_LOGS}\s*(?:limit|cap)\D{{0,12}}{_NUMBER}|max(?:imum)? {_LOGS}\D{{0,4}}{_NUMBER}|"
    rf"{_LOGS} .{{0,40}}?exceeds? (?:the )?(?:limit|max\w*) (?:of )?{_NUMBER}",
    re.IGNORECASE,
)
_MOST = (
    r"(?:limit(?:ed)? (?:to|of)|max(?:imum)?(?: of| is(?: set to)?| set to| to)?|up to|at most|"
    r"exceed(?:s|ed)? (?:the )?(?:limit|max\w*) (?:of)?)"
)
_BLOCK_CAPS = (
    re.compile(rf"ranges? over {_NUMBER}\s*blocks?", re.IGNORECASE),
    re.compile(rf"(?:set to|smaller than size|bigger than|greater than)\s*{_NUMBER}", re.IGNORECASE),
    re.compile(rf"{_NUMBER}\s*-?\s*blocks?\s*range", re.IGNORECASE),
    re.compile(rf"number of requested blocks is\s*{_NUMBER}|rounds in logs query is:?\s*{_NUMBER}", re.IGNORECASE),
    re.compile(rf"0 - {_NUMBER}\s*blocks range", re.IGNORECASE),
    re.compile(rf"range \d+ exceeds (?:the )?limit of {_NUMBER}", re.IGNORECASE),
    re.compile(rf"(?:block\s*)?range[^\d\[]{{0,60}}?{_NUMBER}(?!\s*{_LOGS})", re.IGNORECASE),
    re.compile(rf"{_MOST}\s*(?:a\s*)?{_NUMBER}\s*(?:{_BLOCKS}|range)", re.IGNORECASE),
)
_SUGGESTED = re.compile(
    r"\[\s*(0x[0-9a-f]+|\d+)\s*[,-]\s*(0x[0-9a-f]+|\d+)\s*\]|with the range (\d+)-(\d+)", re.IGNORECASE
)

_AHEAD = re.compile(
    r"beyond (?:the )?(?:current )?head|unknown block|block not found|header not found|after last accepted",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"(?<!invalid )(?<!invalid block )\branges?\b|"
    r"too\s*(?:many|much|large|wide|big)\s*(?:results|logs|blocks|data|range|a)|"
    r"more than [\d,]+ (?:results|logs)|(?:results?|response|logs)\s*(?:size|limit|cap|exceed)|"
    r"response (?:is |was )?too (?:large|big)|"
    r"exceed\w*\s*(?:the\s*)?(?:max|block|range|results)|query\s*(?:timeout|timed out|returned more)|"
    r"logs matched by query exceed|max(?:imum)?\s*(?:block\s*)?range|entity too large|limited to \d|narrow|reduce|"
    r"at most [\d,]+ blocks|requested blocks|smaller than size|rounds in logs query|block number .{0,30}exceed",
    re.IGNORECASE,
)
_TOO_OFTEN = re.compile(
    r"rate\s*-?limit|too many requests|requests? per|compute units|throughput|capacity|throttl|quota|"
    r"(?:request|call|credit)s?\s*(?:count|limit)|slow down|try again later",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"limit exceeded|exceeds defined limit", re.IGNORECASE)
"""Said of the rate and of the range alike (EIP-1474 gives code -32005 one meaning for all limits)."""
_NO_BATCH = re.compile(r"\bbatch", re.IGNORECASE)
_SMALLER_BATCH = re.compile(r"too (?:large|big|many|long)|limit|exceed|max|size|at most|up to", re.IGNORECASE)
_NO_SUCH_METHOD = re.compile(r"method .*not|not (?:supported|available|implemented|enabled)|unsupported", re.IGNORECASE)
_PRUNED = re.compile(
    r"pruned history|history (?:has been |is |was )?(?:pruned|expired)|"
    r"receipts? (?:is |are |was )?(?:not available|unavailable|pruned|missing)|data before .{0,40}is not available",
    re.IGNORECASE,
)
"""Said of blocks, transactions and receipts that a node has deleted (EIP-4444), not of old state."""
_PRUNED_CODE = 4444
_NO_STATE = re.compile(
    r"missing trie|state .*(?:not available|unavailable|pruned)|pruned|historical state|archive|"
    r"out of bounds|block\s*(?:range )?(?:is )?out",
    re.IGNORECASE,
)


def of_http_status(status: int, text: str, *, batch: bool, splits: bool = False) -> Verdict:
    """Judge an answer that is no 200, by its status and the beginning of its body.

    `batch` says whether several calls were asked at once, `splits` whether less can be asked for.
    """
    if status == 429:
        return Verdict(Refusal.TOO_OFTEN)
    if splits and (status == 413 or (status in {400, 403, 422} and _TOO_MUCH.search(text))):
        return of_error(0, text, splits=True) if _TOO_MUCH.search(text) else Verdict(Refusal.TOO_MUCH)
    if batch and status == 413:
        return Verdict(Refusal.SMALLER_BATCH)
    if batch and status in {400, 403, 404, 405, 415, 422, 501}:
        return Verdict(Refusal.NO_BATCH)
    if status == 413:
        return Verdict(Refusal.TOO_MUCH)
    if status >= 500 or status in {408, 425}:
        return Verdict(Refusal.PASSING)
    return Verdict(Refusal.FINAL)


def of_error(code: int, message: str, *, splits: bool = False) -> Verdict:
    """Judge a JSON-RPC error by its text, then by its code; `splits` says whether less can be asked for."""
    if code == 3 or "revert" in message.lower():
        return Verdict(Refusal.REVERTED)
    suggested = _SUGGESTED.search(message)
    if _TOO_OFTEN.search(message) and not re.search(r"more than [\d,]+ (?:results|logs)", message):
        return Verdict(Refusal.TOO_OFTEN)
    if _AHEAD.search(message):
        return Verdict(Refusal.PASSING)
    if code == _PRUNED_CODE or _PRUNED.search(message):
        return Verdict(Refusal.PRUNED)
    if _NO_STATE.search(message):
        return Verdict(Refusal.UNSUPPORTED)
    if _NO_BATCH.search(message):
        return Verdict(Refusal.SMALLER_BATCH if _SMALLER_BATCH.search(message) else Refusal.NO_BATCH)
    if _TOO_MUCH.search(message) or suggested:
        results = _RESULTS.search(message)
        max_results = _number(next(each for each in _pairs(results.groups()) if each[0])) if results else None
        without_results = _SUGGESTED.sub(" ", _RESULTS.sub(" ", message))
        return Verdict(Refusal.TOO_MUCH, _max_blocks(without_results), max_results, _part(suggested))
    if splits and _LIMIT.search(message):
        return Verdict(Refusal.TOO_MUCH, sure=False)
    return _by_code(code, message)


def _by_code(code: int, message: str) -> Verdict:
    if code == -32601 or _NO_SUCH_METHOD.search(message):
        return Verdict(Refusal.UNSUPPORTED)
    if code in {-32005, -32029}:
        return Verdict(Refusal.TOO_OFTEN)
    if code in {-32602, -32600}:
        return Verdict(Refusal.FINAL)
    return Verdict(Refusal.PASSING)


def _part(suggested: re.Match[str] | None) -> int | None:
    """How many blocks a suggested range has: they are of the range that was asked for, and of no other."""
    if suggested is None:
        return None
    first, last = (int(each, 16) if each.lower().startswith("0x") else int(each) for each in suggested.groups() if each)
    return last - first + 1 if last >= first else None


def _max_blocks(message: str) -> int | None:
    for pattern in _BLOCK_CAPS:
        match = pattern.search(message)
        groups = next((each for each in _pairs(match.groups()) if each[0]), None) if match else None
        if groups and (number := _number(groups)):
            return number
    return None


def _pairs(groups: tuple[str | None, ...]) -> list[tuple[str, str]]:
    return [(groups[i] or "", groups[i + 1] or "") for i in range(0, len(groups), 2)]


def _number(parts: tuple[str, str]) -> int:
    digits, unit = parts
    value = int(re.sub(r"[,_.]", "", digits) or 0)
    return value * {"": 1, "k": 1_000, "m": 1_000_000}[unit.lower()]
