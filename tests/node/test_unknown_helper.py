"""A helper whose code no known version has: extraction records it, the replay names it and judges none of its works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from audits import audit

from keep3r_replay.lake.reader import Lake
from tests.node.anvil import Anvil
from tests.node.keep3r_chain import Keep3rChain
from tests.node.lakes import run, settings

if TYPE_CHECKING:
    from pathlib import Path

HOODI = 560_048
"""A chain of the table of forks: on one that it does not know, unknown code is nobody's."""


def test_a_helper_of_unknown_code_is_named_and_never_wrong(tmp_path: Path) -> None:
    """Works before the new helper are told as ever; those under it are undetermined, though it pays what it likes."""
    with Anvil("--hardfork", "london", "--chain-id", str(HOODI)) as node:
        chain = Keep3rChain(node)
        chain.live(40, seed=3)
        helper = chain.new_helper()
        changed_in = node.head
        code = node.rpc("eth_getCode", helper, "latest")
        # 12,000 parts of 10,000 at most become 24,000: another contract, as far as its code goes.
        assert "612ee0" in code
        node.rpc("anvil_setCode", helper, code.replace("612ee0", "615dc0"))
        chain.live(40, seed=4)
        node.mine(64)
        lake = tmp_path / "lake"
        assert run(node.url, *settings(chain.keep3r, lake, f"deployment.chain_id={HOODI}")) == 0

    opened = Lake.open(lake)
    facts = {each.address: each.facts for each in opened.deployment.contracts}
    assert len(facts[helper.lower()]["unknown_code"]) == 64
    assert "unknown_code" not in facts[chain.helper.lower()]
    audited = audit(opened)
    works = audited.tables["works"]
    before, after = (
        works.filter(test) for test in (pl.col("block_number") <= changed_in, pl.col("block_number") > changed_in)
    )
    assert set(before["class"]) == {"interval"}
    assert set(after["class"]) == {"undetermined"}
    assert after["reason"].str.contains("no known version has the code").all()
    # Blocks of the local chain share seconds, as those of a public one do not: that is found, and nothing of works.
    found = [(each.kind, each.subject, each.severity) for each in audited.findings if "block" not in each.kind]
    assert found == [("unknown_code", helper.lower(), "notice")]
