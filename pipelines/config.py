"""Command-line settings as typed objects, by Hydra.

A pipeline declares a frozen dataclass, whose fields are `setting("the lake to replay", default="data/sample")`, and
reads it by `load_config("replay", ReplayConfig, argv, summary="re-execute a lake")`.

`conf/replay.yaml` starts with `defaults: [replay_schema, _self_]`; the schema is registered here under that name. A run
by settings alone composes them and goes: a scheduler pays for that every ten minutes. What Hydra's own flags and
settings ask for is `hydra.main`'s to do.
"""

from __future__ import annotations

import dataclasses
import io
import os
import sys
import typing
from contextlib import redirect_stderr, redirect_stdout
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from keep3r_replay import conf
from keep3r_replay.errors import UsageError, is_url, without_addresses

from .completion import values_typed
from .mistakes import mistakes_told, unknown
from .overrides import MISSING, as_taken
from .staged import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Config = TypeVar("Config")

CONF = Path(conf.__path__[0])
"""The folder of the YAML files."""

MULTIRUN = {"--multirun", "-m", "hydra.mode=MULTIRUN"}
SHOWS = {"--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc", "--help", "-h"}
"""Flags that show something instead of running."""
_QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none")
"""Hydra writes nothing of its own unless it is asked to."""

_NO_PATHS = {"query", "scheduler"}
"""Settings of text that may hold a URL."""


class Store(Enum):
    """What a setting that may name a place in an object store is: read there, or fetched, worked on and put back."""

    READ = "read"
    STAGED = "staged"


def setting(meaning: str, *, default: Any = MISSING, store: Store | None = None, choices: tuple[str, ...] = ()) -> Any:
    """Declare one setting of a configuration dataclass: its meaning in one line, and its default (none: required).

    A shell completes a setting of text by its `choices`, where it has any.
    """
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=default.copy, metadata={"meaning": meaning})
    return dataclasses.field(default=default, metadata={"meaning": meaning, "store": store, "choices": choices})


def load_config(
    name: str, schema: type[Config], argv: Sequence[str], *, summary: str, command: str | None = None
) -> Config:
    """Compose `conf/<name>.yaml` with a command line into a `schema` object, whose fields are made with `setting`.

    `--help` prints the settings, with `summary`, and ends the process with 0, as Hydra's flags that only show something
    do. `command` is the subcommand, where several share one YAML file.

    Raises:
        InputError: a file of one's own cannot be read.
        UsageError: a setting is malformed, unknown, missing or of the wrong type. No value is told: it may be secret.
    """
    command = command or name
    if {"-h", "--help"} & {*argv}:
        print(_help(command, schema, summary))
        sys.exit(0)
    if (offered := values_typed(argv, schema)) is not None:
        print(" ".join(offered))
        sys.exit(0)
    if is_multirun(argv):
        raise UsageError(f"-m: keep3r {command} runs once; keep3r replay -m runs many what-ifs")
    store_schema(name, schema)
    words = as_taken(argv, schema)
    with mistakes_told(schema, command):
        return in_stores(_by_hydra(name, schema, words) if asks_hydra(words) else _composed(name, schema, words))


def _composed(name: str, schema: type[Config], words: list[str]) -> Config:
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return typed(compose(name, words), schema)


def _by_hydra(name: str, schema: type[Config], words: list[str]) -> Config:
    from omegaconf.errors import OmegaConfBaseException

    found: list[Config] = []
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as refused:
        try:
            application(name, words, lambda settings: found.append(typed(settings, schema)))
        except ValueError as error:
            raise (error if isinstance(error, OmegaConfBaseException) else UsageError(str(error))) from None
        except SystemExit as ended:
            if ended.code:
                raise UsageError(refused.getvalue().rpartition("error: ")[2].partition("=")[0].strip()) from None
    print(without_addresses(out.getvalue()), end="")
    return found[0] if found else sys.exit(0)


def application(name: str, words: Sequence[str], job: Callable[[Any], Any]) -> None:
    """Be the Hydra application `name` for a command line; `job` gets the composed settings. Raises what they raise."""
    from hydra import main as hydra_main

    given = {each.lstrip("+~").partition("=")[0] for each in words}
    added = [each for each in (*_QUIET, f"hydra.job.name={name}") if each.partition("=")[0] not in given]
    arguments = sys.argv
    sys.argv = [arguments[0], *sorted([*added, *words], key=_is_flag)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # its errors are raised, for us to tell
    try:
        hydra_main(version_base="1.3", config_path=str(CONF), config_name=name)(job)()
    finally:
        sys.argv = arguments


def _is_flag(word: str) -> bool:
    """Whether a word of the command line is no override: a flag of Hydra's, or such a flag's value."""
    return word.startswith("-") or not ("=" in word or word.startswith("~"))


def asks_hydra(words: Sequence[str]) -> bool:
    """Whether there are flags other than that for many runs, or settings that are Hydra's."""
    rest = {*words} - MULTIRUN
    return any(_is_flag(each) or each.lstrip("+~").startswith(("hydra.", "hydra/")) for each in rest)


def is_multirun(words: Sequence[str]) -> bool:
    """Whether a command line asks for many runs, and shows nothing instead."""
    return bool(MULTIRUN & {*words}) and not SHOWS & {each.partition("=")[0] for each in words}


def store_schema(name: str, schema: type[Any]) -> None:
    """Make a schema known to Hydra, under the name that `conf/<name>.yaml` begins with."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    settings = OmegaConf.structured(schema)
    OmegaConf.set_readonly(settings, None)  # OmegaConf takes a frozen dataclass for one without overrides
    for field, hint in typing.get_type_hints(schema).items():
        if typing.get_origin(hint) is dict:
            # Which settings such a group has is for its reader to say: its files need not name all of them.
            is_required = OmegaConf.is_missing(settings, field)
            if is_required:
                settings[field] = {}
            OmegaConf.set_struct(settings[field], False)
            if is_required:
                settings[field] = MISSING
    ConfigStore.instance().store(name=f"{name}_schema", node=settings)


def typed(settings: Any, schema: type[Config]) -> Config:
    """Composed settings as an object of their schema. Raises `UsageError` for one that the schema does not have."""
    from omegaconf import OmegaConf

    for name in {*settings} - {each.name for each in dataclasses.fields(typing.cast("Any", schema))}:
        raise UsageError(unknown(str(name), schema))
    return typing.cast("Config", OmegaConf.to_object(settings))


def in_stores(config: Config) -> Config:
    """The settings with places in an object store as they are worked on. Raises `UsageError` for any other URL."""
    places = {}
    for field in dataclasses.fields(typing.cast("Any", config)):
        value = getattr(config, field.name)
        if field.name not in _NO_PATHS and isinstance(value, str) and is_url(value):
            from keep3r_replay.lake.bucket import in_bucket, location

            store = field.metadata.get("store")
            if store is None or not in_bucket(value):
                raise UsageError(
                    f"{field.name} is a URL: only files and folders of this machine can be read and written"
                )
            place = location(value)
            places[field.name] = str(place) if store is Store.READ else staged(place)
    return dataclasses.replace(config, **places) if places else config  # type: ignore[type-var] # any dataclass


def _help(name: str, schema: type[Any], summary: str) -> str:
    fields = dataclasses.fields(schema)
    width = max(len(each.name) for each in fields)
    lines = [f"  {each.name:<{width}}  {each.metadata['meaning']} ({_default(name, each)})" for each in fields]
    return "\n".join([f"usage: keep3r {name} key=value ...", "", summary, "", *lines])


def _default(name: str, field: dataclasses.Field[Any]) -> str:
    """What a setting is if nothing is said, and what there is to choose from."""
    choices = sorted(path.stem for path in (CONF / field.name).glob("*.yaml") if path.stem != "none")
    value: Any = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    file = CONF / f"{name}.yaml"
    if value == MISSING and file.is_file() and f"- {field.name}: none" in file.read_text("utf-8"):
        value = None
    shown = value.name if isinstance(value, Enum) else str(value).lower() if isinstance(value, bool) else str(value)
    told = f"default {'none' if value in (None, [], {}) else shown or 'empty'}" if value != MISSING else "required"
    return f"{told}; one of {', '.join(choices)}" if choices else told
