"""What-ifs for `keep3r replay mode=what_if`, and the overlays that commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keep3r_replay
from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from pipelines.foreign import say_foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.replay.roots import Start
    from pipelines.replay_config import ReplayConfig

_FILES = (".yaml", ".yml")
_CHANGE = "change."


def split_file(argv: Sequence[str]) -> tuple[list[str], str | None]:
    """Take `overlay=FILE.yaml` out of the arguments: the rest, and the file."""
    chosen = [argument for argument in argv if argument.startswith("overlay=") and argument.endswith(_FILES)]
    rest = [argument for argument in argv if argument not in chosen]
    return rest, chosen[-1].partition("=")[2] if chosen else None


def split_changes(argv: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Take `change.NAME=VALUE` out of the arguments: the rest, and the changes. Values are read as YAML.

    Keep3r V2 names its changes `overlay.NAME=VALUE`; those of other protocols are told so, by the names that they give.
    """
    from omegaconf import OmegaConf

    chosen = [argument.removeprefix(_CHANGE) for argument in argv if argument.startswith(_CHANGE)]
    rest = [argument for argument in argv if not argument.startswith(_CHANGE)]
    values: Any = OmegaConf.to_container(OmegaConf.from_dotlist(chosen)) if chosen else {}
    return rest, values


def replay_changes(config: ReplayConfig, changes: Mapping[str, Any]) -> int:
    """One what-if of a protocol other than Keep3r V2: write the results, print the outcome; return the exit code."""
    import keep3r_replay
    from keep3r_replay.answers import room
    from keep3r_replay.replay.audit import state_hash
    from keep3r_replay.replay.results import check_target, made_from, write

    results = Path(config.results)
    check_target(results)
    lake = keep3r_replay.open_lake(config.lake)
    what_ifs = room(lake, "what_ifs")
    what_ifs.check(changes, lake)
    outcome = what_ifs.outcome(what_ifs.baseline(lake, config.until_block, {}), changes, ledger=config.ledger)
    settings = {"mode": "what_if", "until_block": config.until_block, "ledger": config.ledger, "changes": dict(changes)}
    summary = {"deployment": lake.deployment.name, "outcome": outcome.summary}
    origin = {"configuration": settings, **made_from(lake), "state_hash": state_hash(summary)}
    write(results, outcome.tables, summary, origin)
    say_foreign(results)
    print("\n".join([*outcome.lines, "", *what_ifs.assumptions()]))
    print(f"results   {results}")
    return 0


def with_file(overlay: Overlay, file: str | None) -> Overlay:
    """The overlay of a YAML file, with what the command line says beside it.

    Raises:
        InputError: the file cannot be read, or is no YAML mapping.
        UsageError: it names an unknown change.
    """
    if file is None:
        return overlay
    return overlay_from({**read_overlay(Path(file)), **overlay.changes()})


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
    from keep3r_replay.protocols.keep3r_v2.report.what_if import what_if_lines
    from keep3r_replay.protocols.keep3r_v2.what_if.assumptions import assumption_lines
    from keep3r_replay.protocols.keep3r_v2.what_if.other_market import check_market
    from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines, make_what_if, write_what_if
    from keep3r_replay.protocols.registry import KEEP3R_V2, protocol_of
    from keep3r_replay.replay.results import check_target
    from keep3r_replay.replay.starts import starts

    results = Path(config.results)
    check_target(results)
    lake = keep3r_replay.open_lake(config.lake)
    protocol = protocol_of(lake)
    if protocol.name != KEEP3R_V2:
        if not config.overlay.is_empty:
            raise UsageError(f"an overlay is Keep3r V2's; for {protocol.title} say change.NAME=VALUE")
        return replay_changes(config, {})
    check_market(config.overlay)
    beginnings = starts(lake, protocol, config.until_block, config.start_block, config.resume, config.resume_block)
    bases = baselines(lake, config.until_block, beginnings)
    summary, tables = make_what_if(bases, config.overlay, ledger=config.ledger)
    write_what_if(results, lake, summary, tables, configuration(config, beginnings))
    say_foreign(results)
    print("\n".join([*what_if_lines(summary, tables), "", *assumption_lines()]))
    print(f"results   {results}")
    return 0


def configuration(config: ReplayConfig, beginnings: Mapping[str, Start]) -> dict[str, Any]:
    """What of the settings decides the results."""
    return {
        "mode": "what_if",
        "until_block": config.until_block,
        "started_after": {keep3r: start.block for keep3r, start in beginnings.items()},
        "ledger": config.ledger,
        "overlay": config.overlay.changes(),
    }
