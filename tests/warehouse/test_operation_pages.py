"""The pages on scheduled operation: their commands are commands, and their code is code."""

from __future__ import annotations

import ast
import configparser
import re
import shlex

import pytest
from histories import ROOT
from omegaconf import OmegaConf

from pipelines.config import load_config
from pipelines.update_config import SUMMARY, UpdateConfig

PAGES = sorted((ROOT / "docs" / "operation").glob("*.md"))
COMMAND = re.compile(r"keep3r update (deployment=.*?)(?:\"| >>|$)", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_update_with_settings_that_there_are(page):
    """Every page names one command, all of whose settings are taken; it is as short as can be."""
    text = page.read_text(encoding="utf-8")
    listed = re.search(r"command: \[keep3r, update, (.*?)\]", text)
    arguments = listed.group(1).split(", ") if listed else shlex.split(COMMAND.search(text).group(1))
    config = load_config("update", UpdateConfig, arguments, summary=SUMMARY)
    assert (config.lake, config.results, config.deployment["name"]) == ("lake", "results", "keep3r_v2_mainnet")
    assert len(text.splitlines()) <= 32


def test_there_is_a_page_for_each_scheduler():
    """The overview links all five, and no other."""
    linked = re.findall(r"\(operation/(\w+)\.md\)", (ROOT / "docs" / "operation.md").read_text(encoding="utf-8"))
    assert sorted(linked) == [page.stem for page in PAGES] == ["airflow", "cron", "dagster", "kubernetes", "systemd"]


def test_their_code_can_be_read():
    """Python parses, units are units, and the manifest is YAML of a CronJob."""
    for page in PAGES:
        for kind, code in re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if kind == "python":
                ast.parse(code)
            elif kind == "ini":
                unit = configparser.ConfigParser()
                unit.read_string(code)
                assert {*unit.sections()} <= {"Service", "Timer", "Install"}
            else:
                assert OmegaConf.create(code)["kind"] == "CronJob"
