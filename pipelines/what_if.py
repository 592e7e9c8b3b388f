"""What-ifs for `keep3r replay mode=what_if`, and the overlays that commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keep3r_replay
from keep3r_replay.errors import InputError

from .foreign import say_foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .replay_config import ReplayConfig

_FILES = (".yaml", ".yml")


def split_file(argv: Sequence[str]) -> tuple[list[str], str | None]:
    """Take `overlay=FILE.yaml` out of the arguments: the rest, and the file."""
    chosen = [argument for argument in argv if argument.startswith("overlay=") and argument.endswith(_FILES)]
    rest = [argument for argument in argv if argument not in chosen]
    return rest, chosen[-1].partition("=")[2] if chosen else None


def with_file(overlay: Mapping[str, Any], file: str | None) -> dict[str, Any]:
    """The overlay of a YAML file, with what the command line says beside it.

    Raises:
        InputError: the file cannot be read, or is no YAML mapping.
    """
    return dict(overlay) if file is None else {**read_overlay(Path(file)), **overlay}


def read_overlay(path: Path) -> dict[str, Any]:
    """The changes of a YAML file. Raises `InputError` if it cannot be read."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        values = OmegaConf.to_container(OmegaConf.load(path))
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, OmegaConfBaseException) as error:
        raise InputError(path, f"is no YAML: {' '.join(str(error).split())}") from None
    except Exception as error:
        # The YAML parser's own errors share no base with any other.
        if type(error).__module__.startswith("yaml"):
            raise InputError(path, f"is no YAML: {' '.join(str(error).split())}") from None
        raise
    if not isinstance(values, dict):
        raise InputError(path, "holds no changes: lines of NAME: VALUE", remedy="docs/what-if.md lists the names")
    return {str(name): value for name, value in values.items()}


def replay_what_if(config: ReplayConfig) -> int:
    """One what-if: write the results, print the outcome; return the exit code."""
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.results import check_target
    from keep3r_replay.what_if.history import Source

    results = Path(config.results)
    check_target(results)
    lake = keep3r_replay.open_lake(config.lake)
    places = (config.until_block, config.start_block, config.resume, config.resume_block)
    source = Source(protocol_of(lake), lake, *places)
    source.check([config.overlay])
    outcome = source.baseline().run(results, config.overlay, ledger=config.ledger)
    say_foreign(results)
    print("\n".join([*outcome.lines, "", *source.what_ifs.assumptions()]))
    print(f"results   {results}")
    return 0
