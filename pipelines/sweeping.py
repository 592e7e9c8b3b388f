"""`keep3r replay -m` as Hydra sweeps: by any sweeper and any launcher, ours if none is named.

Hydra's sweepers say which combinations are run, its launchers where. Ours runs a batch as `keep3r replay -m` does: the
history is measured once, in parallel, resumed where it was left. By another launcher every combination is a run of its
own, into a folder of its own. What a combination returns is the outcome of `chart`, in whole tokens where it is an
amount, for sweepers that search.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import fields, replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import OmegaConf

from keep3r_replay.collector import no_collections
from keep3r_replay.errors import UsageError
from keep3r_replay.what_if.sweep.scenarios import Kept, kept_outcome, scenario_name

from .config import CONF, MULTIRUN, application, asks_hydra, in_stores, load_config, typed
from .mistakes import mistakes_told
from .overrides import as_taken, sweeps
from .replay_config import NOT_SWEPT, OVERLAY, SUMMARY, Mode, ReplayConfig
from .sweep import Point, check_folder, outcome_of, run, scenarios, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keep3r_replay.what_if.history import Source
    from keep3r_replay.what_if.sweep.scenarios import Finished


def combined(swept: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """The overrides of every combination, the last name's changing fastest; Hydra has been initialised.

    Raises `UsageError` for values that cannot be counted.
    """
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    lists = []
    for each in parser.parse_overrides([*swept]):
        if not each.is_discrete_sweep():
            raise UsageError(f"{each.key_or_group} sweeps over a,b,c or choice(...) or range(...) only")
        lists.append([f"{each.get_key_element()}={value}" for value in each.sweep_string_iterator()])
    return product(*lists)


class Combinations:
    """Combinations as Hydra composes them; what all have in common is composed once.

    Args:
        name: the configuration's name.
        config: the settings without what is swept over.
        fixed: their overrides, and Hydra's.
    """

    def __init__(self, name: str, config: ReplayConfig, fixed: Sequence[str]) -> None:
        parser = OverridesParser.create()
        self._parsed = cache(lambda word: parser.parse_overrides([word])[0])
        self._config = config
        self._fixed = {self._parsed(each).key_or_group for each in fixed}
        # Of its own for each set of names: who comes next puts values over the same ones.
        self._composed = cache(lambda chosen, _names: compose(name, [*fixed, *as_taken(chosen, ReplayConfig)]))

    def point(self, overrides: Sequence[str]) -> Point:
        """One combination; what it changes is checked with the history.

        Raises:
            InputError: the file of an overlay cannot be read.
            UsageError: a value is of the wrong type.
        """
        names = {each.name for each in fields(ReplayConfig)} - {OVERLAY}
        with mistakes_told(ReplayConfig, "replay"):
            said = [self._parsed(each) for each in overrides]
            values = {each.key_or_group: each.value() for each in said if each.key_or_group not in self._fixed}
            plain = [name for name in values if name in names or name.startswith(f"{OVERLAY}.")]
            chosen = tuple(each.input_line for each in said if each.key_or_group in {*values} - {*plain})
            merged = any(isinstance(values[name], (dict, list)) for name in plain)
            settings = deepcopy(self._composed(chosen, ())) if merged else self._composed(chosen, tuple(plain))
            for name in plain:
                OmegaConf.update(settings, name, values[name], force_add=True)
            found = replace(typed(settings, ReplayConfig), mode=Mode.what_if)
        # A folder in a bucket is fetched once.
        same = {name: getattr(self._config, name) for name in ("results", "resume") if name not in values}
        return Point(values, in_stores(replace(found, **same)))


_NAME = "keep3r"
_GROUP = "hydra/launcher"


class SweepLauncher(Launcher):
    """Runs batches of combinations with the engine of sweeps; `finished` are all of them."""

    finished: list[Finished] = []  # noqa: RUF012 - Hydra makes the object; what ran is asked of the class
    config: ReplayConfig

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        """Take what all combinations have in common."""
        del hydra_context, task_function
        fixed = [each for each in [*config.hydra.overrides.hydra, *config.hydra.overrides.task] if not sweeps(each)]
        self._made = Combinations(config.hydra.job.config_name, SweepLauncher.config, fixed)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
        """Run one batch; a combination that fails returns nothing, and does not stop the others."""
        del initial_job_idx
        points = [self._made.point(overrides) for overrides in job_overrides]
        finished = run(SweepLauncher.config, points)
        SweepLauncher.finished += finished
        values = (_objective(points[0].config, one.scenario.source, one.outcome) for one in finished)
        each = zip(job_overrides, values, strict=True)
        return [JobReturn(said, status=JobStatus.COMPLETED, _return_value=value) for said, value in each]


def _known() -> None:
    """Make the launcher known to Hydra, which takes one by its name in the package `hydra_plugins` only.

    A file there would be a second top-level name of ours.
    """
    plugins = Plugins.instance()  # has loaded that package if there is one
    sys.modules.setdefault("hydra_plugins", ModuleType("hydra_plugins"))
    sys.modules[f"hydra_plugins.{_NAME}"] = sys.modules[__name__]
    SweepLauncher.__module__ = f"hydra_plugins.{_NAME}"
    plugins.register(SweepLauncher)
    node = {"_target_": f"{SweepLauncher.__module__}.{SweepLauncher.__name__}"}
    ConfigStore.instance().store(group=_GROUP, name=_NAME, node=node)


def _objective(config: ReplayConfig, source: Source, outcome: Mapping[str, Any]) -> float:
    """What a sweeper searches by: a number without a say in any result. Not a number if there is no outcome."""
    name = outcome_of(config, source.what_ifs)
    value = outcome.get(name)
    if value is None:
        return float("nan")
    return value / 10**18 if source.what_ifs.measured[name].is_decimal() else float(value)


def _run_alone(settings: Any) -> float:
    """One combination, where another launcher runs it (it may be unable to start processes), to its folder.

    Raises as `run` does.
    """
    config = replace(typed(settings, ReplayConfig), mode=Mode.what_if)
    (scenario,) = scenarios([Point({}, config)])
    kept = Kept(config.ledger, config.tables)
    folder = Path(config.results) / scenario_name(scenario, kept)
    if kept_outcome(folder) is None:
        with no_collections():
            scenario.source.baseline().run(folder, scenario.changes, ledger=kept.ledger, tables=kept.tables)
    return _objective(config, scenario.source, kept_outcome(folder) or {})


def main(argv: list[str]) -> int:
    """Sweep as the command line says; return the exit code.

    Raises:
        InputError: the file of an overlay cannot be read.
        UsageError: nothing varies, or what changes no what-if, or a setting is wrong.
    """
    words = [each for each in argv if each not in MULTIRUN]
    swept = [each for each in words if sweeps(each)]
    for name in sorted(NOT_SWEPT & {each.partition("=")[0] for each in swept}):
        raise UsageError(f"{name} cannot be swept over: it changes no what-if; say one value (quoted, if it has ,)")
    fixed = [each for each in words if each not in swept]
    config = load_config("replay", ReplayConfig, fixed, summary=SUMMARY)
    check_folder(Path(config.results))
    # Where the results belong in a bucket, they are made in a folder of this machine.
    fixed = as_taken([*fixed, f"results={config.results}"], ReplayConfig)
    if asks_hydra(words):
        return _by_hydra(config, [*fixed, *swept])
    if not swept:
        raise UsageError("-m needs something to sweep over: overlay.CHANGE=A,B or another setting with several values")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)), mistakes_told(ReplayConfig, "replay"):
        made = Combinations("replay", config, fixed)
        wanted = [made.point(each) for each in combined(swept)]
    return told(config, run(config, wanted))


def _by_hydra(config: ReplayConfig, words: Sequence[str]) -> int:
    _known()
    said = {each.lstrip("+").partition("=")[0] for each in words}
    SweepLauncher.config, SweepLauncher.finished = config, []
    with mistakes_told(ReplayConfig, "replay"), TemporaryDirectory(prefix="keep3r-") as place:
        # Hydra's own sweeper has nothing to tell afterwards, and jobs have no folders but those of their results.
        told_in = "${results}" if "hydra/sweeper" in said else place
        own = {_GROUP: _NAME, "hydra.sweep.dir": told_in, "hydra.sweep.subdir": "."}
        added = [f"{name}={value}" for name, value in own.items() if name not in said]
        application("replay", ["-m", *words, *added], _run_alone)
    return told(config, SweepLauncher.finished) if SweepLauncher.finished else 0
