"""The page on scenarios: its example plays, and it names every scenario, call, path and key there is."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path

import pytest
import yaml
from histories import ROOT

from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario, scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import CALLS, simulate
from pipelines.cli import main
from tests.scenario.scripts import NAMES

PAGE = (ROOT / "docs" / "scenarios.md").read_text()
EXAMPLE = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1)


@pytest.mark.slow
def test_the_example_plays(tmp_path, monkeypatch, capsys):
    """The YAML of the page is a file that the command plays; its works are paid, and its lake replays clean."""
    monkeypatch.chdir(tmp_path)
    Path("example.yaml").write_text(EXAMPLE)
    assert main(["simulate", "scenario=example.yaml", "lake=lake"]) == 0
    assert "reverted" not in capsys.readouterr().out
    assert main(["replay", "lake=lake", "results=results"]) == 0


def test_the_example_tells_of_every_part():
    """Every key that a scenario may have stands in the example or in the text."""
    told = set(yaml.safe_load(EXAMPLE))
    for key in Scenario.__dataclass_fields__:
        assert key in told or f"scenario.{key}" in PAGE or f"`{key}:" in PAGE, key


def test_every_scenario_and_call_is_named():
    """The tables name every scenario that comes with the project, every call, and every argument of each."""
    for name in (*NAMES, *CALLS):
        assert f"`{name}`" in PAGE, name
    arguments = {name for call in CALLS.values() for name in signature(call).parameters} - {"world"}
    for name in arguments:
        assert f"`{name}`" in PAGE, name


def test_the_example_in_python():
    """The mapping of the YAML is what Python takes."""
    content = yaml.safe_load(EXAMPLE)
    content["script"] = [{"wait": "6d"}, {"do": "work", "gas": 600_000}]
    assert simulate(scenario_from(content)).reverted == []
