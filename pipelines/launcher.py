"""`keep3r replay -m` as Hydra sweeps: by any sweeper and any launcher, ours if none is named.

Hydra's sweepers say which combinations are run, its launchers where. Ours runs a batch as `keep3r replay -m` does: the
history is measured once, in parallel, resumed where it was left. By another launcher every combination is a run of its
own, into a folder of its own. What a combination returns is the outcome of `chart`, in whole tokens where it is an
amount, for sweepers that search.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import open_dict

from keep3r_replay.collector import no_collections
from keep3r_replay.what_if.sweep.scenarios import Kept, kept_outcome, scenario_name

from .application import application, split_flags
from .config import CONF, mistakes_told, store_schema, typed
from .overrides import checked_overrides
from .points import NOT_SWEPT, Point, plain
from .replay_config import Mode, ReplayConfig
from .sweep import check_folder, outcome_of, run, scenarios, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.what_if.history import Source
    from keep3r_replay.what_if.sweep.scenarios import Finished

_NAME = "keep3r"
_GROUP = "hydra/launcher"


class SweepLauncher(Launcher):
    """Runs batches of combinations with the engine of sweeps; `finished` are all of them."""

    finished: list[Finished] = []  # noqa: RUF012 - Hydra makes the object; what ran is asked of the class
    last: ReplayConfig

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        """Take what Hydra composes combinations with."""
        del task_function
        self._loader = hydra_context.config_loader
        self._config = config
        SweepLauncher.finished = []

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
        """Run one batch; a combination that fails returns nothing, and does not stop the others."""
        points = [self._point(overrides) for overrides in job_overrides]
        SweepLauncher.last = points[0].config
        SweepLauncher.finished += (finished := run(points[0].config, points))
        returned = []
        for number, one in enumerate(finished):
            done = JobReturn(list(job_overrides[number]), task_name=f"replay {initial_job_idx + number}")
            done.status, done.return_value = (
                JobStatus.COMPLETED,
                objective(points[number].config, one.scenario.source, one.outcome),
            )
            returned.append(done)
        return returned

    def _point(self, overrides: Sequence[str]) -> Point:
        settings = self._loader.load_sweep_config(self._config, list(overrides))
        with open_dict(settings):
            del settings["hydra"]
        parser = OverridesParser.create()
        said = parser.parse_overrides([str(each) for each in self._config.hydra.overrides.task])
        fixed = {each.key_or_group for each in said if not each.is_sweep_override()}
        given = {each.key_or_group: plain(each.value()) for each in parser.parse_overrides(list(overrides))}
        values = {name: value for name, value in given.items() if name not in fixed}
        return Point(values, replace(typed(settings, ReplayConfig), mode=Mode.what_if))


def _known() -> None:
    """Make the launcher known to Hydra, which takes one by its name in the package `hydra_plugins` only.

    A file there would be a second top-level name of ours.
    """
    place = f"hydra_plugins.{_NAME}"
    if find_spec("hydra_plugins") is None:
        sys.modules["hydra_plugins"] = ModuleType("hydra_plugins")
    sys.modules[place] = sys.modules[__name__]
    SweepLauncher.__module__ = place
    Plugins.instance().register(SweepLauncher)
    node = {"_target_": f"{place}.{SweepLauncher.__name__}"}
    ConfigStore.instance().store(group=_GROUP, name=_NAME, node=node, provider=_NAME)


def objective(config: ReplayConfig, source: Source, outcome: Mapping[str, Any]) -> float:
    """What a sweeper searches by: a number without a say in any result. Not a number if there is no outcome."""
    name = outcome_of(config, source.what_ifs)
    value = outcome.get(name)
    if value is None:
        return float("nan")
    return value / 10**18 if source.what_ifs.measured[name].is_decimal() else float(value)


def _run_alone(settings: Any) -> float:
    """One combination, wherever another launcher runs it, to a folder of its own in that of the results.

    Raises as `run` does.
    """
    config = replace(typed(settings, ReplayConfig), mode=Mode.what_if)
    check_folder(Path(config.results))
    (scenario,) = scenarios([Point({}, config)])
    kept = Kept(config.ledger, config.tables)
    folder = Path(config.results) / scenario_name(scenario, kept)
    if kept_outcome(folder) is None:
        with no_collections():
            scenario.source.baseline().run(folder, scenario.changes, ledger=kept.ledger, tables=kept.tables)
    return objective(config, scenario.source, kept_outcome(folder) or {})


def _basic(overrides: Sequence[str]) -> bool:
    """Whether Hydra's own sweeper is used, which has nothing to tell afterwards."""
    return not any(each.lstrip("+").startswith("hydra/sweeper=") for each in overrides)


def sweep_by_hydra(argv: Sequence[str]) -> int:
    """Sweep with Hydra's flags and settings; return the exit code.

    Raises:
        UsageError: a setting is wrong, or sweeps over what changes no what-if.
    """
    flags, overrides = split_flags(argv, "replay")
    checked = checked_overrides("replay", ReplayConfig, overrides, swept=True, unswept=NOT_SWEPT)
    store_schema("replay", ReplayConfig)
    folder = next((each.partition("=")[2].strip("'") for each in checked if each.startswith("results=")), "results")
    check_folder(Path(folder))
    _known()
    if not any(each.lstrip("+").startswith(f"{_GROUP}=") for each in checked):
        checked.append(f"{_GROUP}={_NAME}")
    SweepLauncher.finished = []
    with mistakes_told(ReplayConfig, "replay"):
        application("replay", str(CONF), flags, checked, _run_alone, None if _basic(checked) else folder)
    return told(SweepLauncher.last, SweepLauncher.finished) if SweepLauncher.finished else 0
