from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from enum import Enum

import pytest

from keep3r_replay.errors import UsageError, without_urls
from pipelines import config
from pipelines.cli import SUBCOMMANDS, main
from pipelines.config import load_config, setting


class Colour(Enum):
    """A choice."""

    red = "r"
    blue = "b"


@dataclass(frozen=True)
class Example:
    """Settings of an example."""

    path: str = setting("where")
    count: int | None = setting("how many", default=None)
    colour: Colour = setting("which colour", default=Colour.red)
    inner: dict[str, int] = setting("the inner part", default={"size": 1})
    tags: list[str] = setting("words", default=[])


@pytest.fixture(autouse=True)
def example(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Give the example a folder of YAML files of its own."""
    (tmp_path / "example.yaml").write_text("defaults:\n  - example_schema\n  - _self_\n")
    monkeypatch.setattr(config, "CONF", tmp_path)


def load(*arguments: str) -> Example:
    """Load the example's settings."""
    return load_config("example", Example, arguments, summary="An example.")


def test_settings_come_out_typed() -> None:
    """Overrides become a frozen object with the declared types, nested ones and choices too."""
    found = load("path=/tmp/x", "count=3", "colour=blue", "inner.size=7", "tags=[a,b]")
    assert found == Example("/tmp/x", 3, Colour.blue, {"size": 7}, ["a", "b"])
    with pytest.raises(AttributeError):
        found.path = "other"  # type: ignore[misc]  # what must fail


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["/a b/c", "a,b", "x=y", "(z)", "it's", "back\\slash", "end\\", "\\'q", "0x10", "1e18", "[a]", "{b}", "#n"]
)
def test_text_is_taken_as_it_is(text: str) -> None:
    """A path or an address may hold whatever characters: they reach the program unchanged."""
    assert load(f"path={text}").path == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["count=1"], "missing setting 'path'"),
        (["path=x", "cout=1"], "unknown setting 'cout'; did you mean 'count'?"),
        (["path=x", "count=many"], "setting 'count' has a value of the wrong type"),
        (["path=x", "colour=green"], "colour"),
        (["path=x", "inner.size=much"], "inner.size"),
        (["=x"], "without a setting"),
        (["path"], "is not of the form key=value"),
        (["path=x", "--verbose"], "unrecognized arguments: --verbose"),
        (["path=x", "--verbose=secret"], "unrecognized arguments: --verbose"),
        (["path=x", "count=[1"], "example --help"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], message: str) -> None:
    """A wrong key, type or form is a usage error of one line that names the setting."""
    with pytest.raises(UsageError) as caught:
        load(*arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists each setting with its meaning and default, and ends with 0."""
    with pytest.raises(SystemExit) as ended:
        load("--help")
    assert ended.value.code == 0
    output = capsys.readouterr().out
    for line in ("path    where (required)", "count   how many (default none)", "colour  which colour (default red)"):
        assert line in output


@pytest.mark.slow
def test_every_subcommand_has_help() -> None:
    """`keep3r --help` names each subcommand, and each answers --help with exit 0."""
    overview = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--help"], capture_output=True, text=True, check=True
    )
    for name, subcommand in SUBCOMMANDS.items():
        assert f"  {name}" in overview.stdout
        assert subcommand.summary in overview.stdout
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", name, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert f"usage: keep3r {name}" in done.stdout


def test_unknown_subcommands_and_none_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt subcommand suggests the right one; without any the overview is shown; both exit 2."""
    assert main(["imprt"]) == 2
    assert "did you mean 'import'?" in capsys.readouterr().err
    assert main([]) == 2
    assert main(["--version"]) == 0


def test_unexpected_errors_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong inside, the user sees one line, without a node's address, and the right exit code."""
    for error, code in (
        (RuntimeError("went to http://u:p@node.example/key\nand fell"), 1),
        (OSError(28, "No space left on device", "/x/y"), 1),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 1),
    ):

        def fail(_: list[str], error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr("pipelines.cli._dispatch", fail)
        assert main(["status"]) == code
        text = capsys.readouterr().err
        assert text.count("\n") == 1
        assert "node.example" not in text


def test_addresses_are_taken_out_of_texts() -> None:
    """Web addresses of any kind vanish from foreign texts."""
    text = "at https://eth.example/v2/KEY, wss://u:p@h/x and host='secret.example' url: /v3/KEY"
    cleaned = without_urls(text)
    for secret in ("KEY", "example", "u:p"):
        assert secret not in cleaned
