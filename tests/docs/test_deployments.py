"""The files of conf/deployment and the page about them say the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from histories import ROOT

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.forks import FORKS
from pipelines.deployment import spec_of

PAGE = (ROOT / "docs" / "deployments.md").read_text(encoding="utf-8")
FILES = {
    path.stem: path
    for path in (ROOT / "conf" / "deployment").glob("*.yaml")
    if path.stem not in {"none", "local"} and not path.stem.endswith("_local")
}
ROW = re.compile(r"\| `(\w+)` \| (\d+) \| ([\w.\[\]]+) \| (0x[0-9a-f]{40}) \| (\w*) \| (\d*) \| ([a-z, ]+) \|")
ROWS = [match.groups() for match in ROW.finditer(PAGE)]


def _content(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILES[name].read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_loads_and_is_in_the_table(name: str) -> None:
    """A deployment's settings are accepted; each contract that it configures stands in the table, with its block."""
    content = _content(name)
    spec, protocol = spec_of(content, detail="all")
    assert (spec.name, content["chain_id"] in FORKS) == (name, True)
    configured = protocol.extractor(NodeClient(["http://127.0.0.1:1"]), spec.settings).configured
    told = {(address, int(block) if block else None) for file, _, _, address, _, block, _ in ROWS if file == name}
    assert configured
    assert {(each.address, each.from_block) for each in configured} <= told


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[2]}-{row[3][:8]}")
def test_every_line_of_the_table_is_in_a_file(row: tuple[str, ...]) -> None:
    """Chain, address, version and block of a line stand in the file that it names."""
    name, chain, setting, address, version, block, standing = row
    content = _content(name)
    assert content["chain_id"] == int(chain)
    text = FILES[name].read_text(encoding="utf-8")
    assert address in text
    assert setting.partition(".")[0].partition("[")[0] in content
    assert version in text
    assert block in text
    assert standing.split(", ")[0] in {"record", "two records"}


def test_the_table_of_forks_is_the_program_s() -> None:
    """Each chain's line on the page says what the program has."""
    told = dict(re.findall(r"^\| [A-Za-z ]+ \((\d+)\) \| (.*) \|$", PAGE, re.MULTILINE))
    assert {int(chain) for chain in told} == set(FORKS)
    for chain, forks in FORKS.items():
        amsterdam = "no date" if forks.amsterdam_from is None else str(forks.amsterdam_from)
        expected = f"{forks.base_fee_from} | {amsterdam} | {forks.bloom_complete_from}"
        assert told[str(chain)] == expected
