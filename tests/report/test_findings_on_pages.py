"""Findings on a page: root causes first, with dates, what was expected and observed, and the next command."""

from __future__ import annotations

import re

import polars as pl

from keep3r_replay.replay.findings import FindingRow
from keep3r_replay.replay.tables import frame
from keep3r_replay.report.findings import CAUSES_SHOWN, findings_section

JOB, OTHER = ("0x" + pair * 20 for pair in ("1a", "2b"))
HASH = "0x" + "cd" * 32
HOSTILE = "<script>alert(1)</script>\"'&"


def _row(number: int, cause: int | None = None, subject: str = JOB, **more: str) -> FindingRow:
    told = ("payment_mismatch", "error", 100 + number, 3, HASH, subject, "payment", "12", "10", -2, "paid less")
    return FindingRow(number, cause, *told)._replace(**more)


def _section(*rows: FindingRow, party: str = "") -> str:
    works = pl.DataFrame({"block_number": [101], "log_index": [3], "class": ["mismatch"], "timestamp": [1_650_000_000]})
    tables = {"findings": frame(FindingRow, list(rows)), "works": works}
    return findings_section(tables, None, party=party)


def _words(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


def test_a_root_cause_tells_all_that_is_known():
    """Date beside block, transaction, expected, observed, difference, what follows, and what to type next."""
    section = _section(_row(1), _row(2, 1, kind="reading"), _row(3, 2, kind="reading"))
    assert section.count('class="finding') == 1
    words = _words(section)
    for told in ("2022-04-15 05:20 block 101 log 3", "expected 12", "observed 10", "difference -2", "why paid less",
                 "2 reading; blocks 102 to 103", "next keep3r explain lake=LAKE block=101 log_index=3",
                 "1 root cause, 3 findings in all"):  # fmt: skip
        assert told in words
    assert f'title="{HASH}"' in section


def test_a_partys_findings_come_with_their_root():
    """A finding of a party that follows from another's brings its root; what is of others alone is left out."""
    section = _section(_row(1, subject=OTHER), _row(2, 1), _row(3, subject=OTHER), party=JOB)
    assert section.count('class="finding') == 1
    assert "block 101" in section
    assert "block 103" not in section
    assert "None about it." in _section(_row(1, subject=OTHER), party=JOB)


def test_findings_are_text_and_many_are_folded():
    """Markup in any field is shown, never obeyed; beyond a few, root causes stand in the table alone."""
    texts = dict.fromkeys(("kind", "subject", "field", "expected", "observed", "reason"), HOSTILE)
    section = _section(*(_row(number)._replace(**texts) for number in range(1, CAUSES_SHOWN + 6)))
    assert "<script" not in section
    assert section.count('class="finding') == CAUSES_SHOWN
    assert section.count("<details>") == 1
    assert f"The first {CAUSES_SHOWN} of {CAUSES_SHOWN + 5} root causes." in section


def test_what_explain_does_not_explain_is_not_sent_there():
    """A classed log that is no work's and no call's, as an unbonding of Keep3r V1, leads to the state at its block."""
    classed = pl.DataFrame({"block_number": [101], "log_index": [3], "class": ["moved"]})
    tables = {"findings": frame(FindingRow, [_row(1)]), "liquidity_unbondings": classed}
    words = _words(findings_section(tables, None))
    assert "next keep3r state lake=LAKE block=101" in words
    assert "keep3r explain" not in words
