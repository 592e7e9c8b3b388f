"""Settings of one's own, in a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

FILES = (".yaml", ".yml")
"""How the name of such a file ends."""


def mapping_in(path: Path) -> dict[str, Any]:
    """The content of a YAML file. Raises `InputError` if it cannot be read, or is no mapping."""
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
        raise InputError(
            path, "holds no settings: lines of NAME: VALUE", remedy="docs/what-if.md lists the names of changes"
        )
    return {str(name): value for name, value in values.items()}
