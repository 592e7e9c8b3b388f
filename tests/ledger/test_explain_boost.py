"""The boost of a work: the source that `explain` prints beside it evaluates to it, in every version."""

from __future__ import annotations

import re

import pytest
from histories import name_of, one_a_version

from keep3r_replay.protocols.keep3r_v2.audit.explain import explain, find_log

RULE = re.compile(r"[a-z_ ()*/+\-,]+")


@pytest.mark.slow
@pytest.mark.parametrize("recording", one_a_version(), ids=name_of)
def test_the_printed_rule_of_a_boost_gives_the_printed_boost(recording, audited_recordings):
    """From the terms that are printed beside it: bonds, boosts, base fee."""
    found = audited_recordings(recording)
    works = found.audit.tables["works"]
    seen = 0
    for work in works.gather_every(max(1, works.height // 12)).rows(named=True):
        place = find_log(found.lake, work["block_number"], work["log_index"])
        one = next(each for each in explain(found.lake, place) if each.log_index == work["log_index"])
        terms = {term.name: term.value for term in one.terms if term.section in {"price", "payment"}}
        sources = {term.name: term.source for term in one.terms if term.section == "payment"}
        if "boost" not in sources:
            continue
        assert RULE.fullmatch(sources["boost"])
        assert eval(sources["boost"], {"min": min, "max": max}, terms) == terms["boost"]
        seen += 1
    assert seen
