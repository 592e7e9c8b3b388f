"""The command as a Hydra application: what Hydra's own flags and settings ask for.

A plain run composes its settings and goes: that is what a scheduler pays for every ten minutes. Whatever else Hydra's
users know (`--cfg`, `--info`, `--config-dir`, `hydra.run.dir=...`, launchers and sweepers) is `hydra.main`'s to do.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, redirect_stdout
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import Keep3rReplayError, UsageError, without_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONFIGS = ("job", "hydra", "all")
INFOS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
TAKE_A_VALUE = {
    **dict.fromkeys(("--cfg", "-c"), CONFIGS),
    **dict.fromkeys(("--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"), ()),
}
"""Hydra's flags that a value follows, with what it may be where that is not any text."""
INFO = ("--info", "-i")
COMPLETION = ("--shell-completion", "-sc")
MULTIRUN = ("--multirun", "-m")
ALONE = ("--resolve", "--run", "-r", "--hydra-help", *COMPLETION, *MULTIRUN)
SHOWS = ("--cfg", "-c", *INFO, *COMPLETION, "--hydra-help")
"""Flags that show something instead of running."""
QUIET = {
    "hydra.run.dir": ".",
    "hydra.output_subdir": "null",
    "hydra/job_logging": "none",
    "hydra/hydra_logging": "none",
}
"""Hydra writes nothing of its own unless it is asked to."""


def split_flags(argv: Sequence[str], command: str) -> tuple[list[str], list[str]]:
    """Part a command line into Hydra's flags with their values, and overrides.

    Raises `UsageError` for a flag that is not Hydra's, or a value that its flag does not take.
    """
    flags: list[str] = []
    overrides: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            overrides.append(word)
        elif flag in TAKE_A_VALUE:
            if not equals and not rest:
                raise UsageError(f"{flag} needs a value (keep3r {command} --help)")
            value = value if equals else rest.pop(0)
            _check_choice(flag, value, TAKE_A_VALUE[flag])
            flags += [flag, value]
        elif flag in INFO:
            value = value if equals else rest.pop(0) if rest and rest[0] in INFOS else "all"
            _check_choice(flag, value, INFOS)
            flags += [flag, value]
        elif word in ALONE:
            flags.append(word)
        else:
            raise UsageError(f"'{flag}' is not of the form key=value, nor a flag of Hydra's (keep3r {command} --help)")
    return flags, overrides


def _check_choice(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if choices and value not in choices:
        raise UsageError(f"{flag} takes one of {', '.join(choices)}")


def is_multirun(argv: Sequence[str]) -> bool:
    """Whether a command line asks for many runs, by flag or by Hydra's setting, and shows nothing instead."""
    return bool({*MULTIRUN, "hydra.mode=MULTIRUN"} & {*argv}) and not {*SHOWS} & {*argv}


def asks_hydra(argv: Sequence[str]) -> bool:
    """Whether a sweep's command line has flags of Hydra's other than that for many runs, or settings that are Hydra's.

    Raises `UsageError` for a flag that is not Hydra's.
    """
    flags, overrides = split_flags([each for each in argv if each not in {"-h", "--help"}], "replay")
    return bool({*flags} - {*MULTIRUN}) or any(is_hydras(each) or each.startswith("+") for each in overrides)


def is_hydras(override: str) -> bool:
    """Whether an override is of Hydra's own settings."""
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def application(
    name: str,
    conf: str,
    flags: Sequence[str],
    overrides: Sequence[str],
    job: Callable[[Any], Any],
    sweep_folder: str | None = None,
) -> list[Any]:
    """Be the Hydra application `name` for a command line; return what its job returned, nothing if it was not run.

    Args:
        name: the configuration's name, and Hydra's name of the job.
        conf: the folder of YAML files.
        flags: Hydra's flags.
        overrides: in Hydra's grammar.
        job: gets the composed settings. Its own errors come out of here as they are.
        sweep_folder: where a sweeper writes what it has to tell; nothing of it is kept if none is named.

    Raises:
        UsageError: flags contradict each other.
        HydraException, OmegaConfBaseException: the settings cannot be composed.
    """
    from hydra import main as hydra_main
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    returned: list[Any] = []
    failed: list[Exception] = []

    def task(settings: Any) -> Any:
        if HydraConfig.get().mode is RunMode.MULTIRUN:
            return job(settings)
        try:
            returned.append(job(settings))
        except Exception as error:  # noqa: BLE001 - raised below: Hydra would print it, with every override
            failed.append(error)
        return None

    given = {each.lstrip("+~").partition("=")[0] for each in overrides}
    with TemporaryDirectory(prefix="keep3r-") as place, _as_program([*flags], overrides):
        own = {**QUIET, "hydra.job.name": name, "hydra.sweep.dir": sweep_folder or place}
        if not any(flag in COMPLETION for flag in flags):
            sys.argv[1:1] = [f"{key}={value}" for key, value in own.items() if key not in given]
        with _shown_without_addresses(any(flag in SHOWS for flag in flags)):
            try:
                hydra_main(version_base="1.3", config_path=conf, config_name=name)(task)()
            except ValueError as error:
                raise UsageError(str(error)) from None
            except SystemExit as ended:
                if ended.code:
                    raise
    if failed:
        raise failed[0]
    return returned


@contextmanager
def _as_program(flags: list[str], overrides: Sequence[str]) -> Iterator[None]:
    """Within the block the process's arguments are these, and Hydra's errors are raised, not printed."""
    arguments, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [arguments[0], *overrides, *flags]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = arguments
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full


@contextmanager
def _shown_without_addresses(shows: bool) -> Iterator[None]:
    """Within the block addresses of nodes, which carry keys, are taken out of what is printed."""
    if not shows:
        yield
        return
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            yield
    finally:
        print(without_addresses(text.getvalue()), end="")


def refuse_multirun(command: str) -> Keep3rReplayError:
    """The error of a command that runs once."""
    return UsageError(f"-m: keep3r {command} runs once; keep3r replay -m runs many what-ifs")
