"""The frame of every page: who was audited and with what verdict, the answers, cards, and then the evidence.

A protocol's page is `page(title, "".join([head(...), answers([...]), cards([...]), ...evidence..., cover(...)]))`:
answers first, each a question that its reader came with; evidence (charts by `charts.drawn`, tables by
`tables.table`) after them; addresses by `html.address`, times by `html.when` and `html.place`, durations by
`times.duration`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.report.html import address, folded, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Answer(NamedTuple):
    """One answer.

    Attributes:
        question: what the reader asks, as briefly as can be: "wasted".
        value: the answer, in large letters: "87.0 %".
        said: one sentence to it; markup.
        tone: "good", "bad", or empty where it is neither.
    """

    question: str
    value: str
    said: str = ""
    tone: str = ""


class Cover(NamedTuple):
    """What a reader needs to trust the page, and to repeat it.

    Attributes:
        audited: what was audited, in words; markup.
        version: of the program, with the fingerprint of its code.
        inputs: names and hashes of what went in.
        verdict: in words; markup.
        verify: commands that repeat it, one a line.
    """

    audited: str
    version: str
    inputs: Mapping[str, str]
    verdict: str
    verify: Sequence[str]


def head(title: str, below: str, verdict: str = "") -> str:
    """The head of a page: title; a line of markup below it, after the verdict where there is one."""
    tone = "clean" if verdict == "clean" else "findings"
    badge = f'<span class="verdict {tone}">{text(verdict.upper())}</span> ' if verdict else ""
    return f"<header><h1>{titled(title)}</h1><p>{badge}{below}</p></header>"


def titled(words: str) -> str:
    """Words of a title, with addresses among them shortened."""
    return "".join(
        address(part) if _WHOLE.fullmatch(part) else text(part) for part in re.split(f"({_WHOLE.pattern})", words)
    )


_WHOLE = re.compile("0x[0-9a-f]{40,64}")


def answers(given: Iterable[Answer]) -> str:
    """The answers, side by side; below one another on a phone."""
    parts = [
        f'<div class="{text(each.tone)}"><dt>{text(each.question)}</dt>'
        f'<dd class="value">{text(each.value)}</dd>{f"<dd>{each.said}</dd>" if each.said else ""}</div>'
        for each in given
    ]
    return f'<dl class="answers">{"".join(parts)}</dl>'


def card(title: str, facts: Mapping[str, str], anchor: str = "") -> str:
    """A card: a title and facts, both markup but the facts' names."""
    link = f' id="{text(anchor)}"' if anchor else ""
    return f'<section class="card"{link}><h3>{title}</h3>{facts_list(facts)}</section>'


def cards(made: Iterable[str]) -> str:
    """Cards, side by side."""
    return f'<div class="cards">{"".join(made)}</div>'


def facts_list(facts: Mapping[str, str]) -> str:
    """Facts by name; what they are is markup."""
    return (
        '<dl class="facts">'
        + "".join(f"<dt>{text(fact)}</dt><dd>{value}</dd>" for fact, value in facts.items())
        + "</dl>"
    )


def cover(told: Cover) -> str:
    """The block that says what was audited, by what, from what, how it ended and how to verify it."""
    inputs = "".join(
        f"<tr><td>{text(name)}</td><td><code>{text(value)}</code></td></tr>" for name, value in told.inputs.items()
    )
    commands = "".join(f"<div><code>{text(line)}</code></div>" for line in told.verify)
    facts = {
        "audited": told.audited,
        "by": text(told.version),
        "verdict": told.verdict,
        "verify it": commands,
    }
    hashes = folded(f"sha256 of {len(told.inputs):,} inputs", f"<table><tbody>{inputs}</tbody></table>")
    return f'<section class="cover" aria-label="what was audited">{facts_list(facts)}{hashes}</section>'


def sections(anchors: Mapping[str, str]) -> str:
    """Links to the page's sections, by their titles."""
    links = "".join(f'<a href="#{text(anchor)}">{text(title)}</a>' for title, anchor in anchors.items())
    return f'<nav aria-label="sections">{links}</nav>'
