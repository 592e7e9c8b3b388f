"""What Keep3r V2 offers beside its audit: what-ifs, scenarios, pages, explanations; each is loaded when it is used."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.rooms import Explanation, Extras, Outcome, Simulated, Term, WhatIfs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.replay.rooms import Chart

_COUNTS = ("paid", "reverted", "dropped", "added", "reverted_calls", "parts_at_block")
_SUMS = ("paid", "minted", "expired", "capped", "credits")
"""What a what-if comes to: counts of works and calls, the first block that differs; sums in wei."""


class Keep3rV2WhatIfs(WhatIfs):
    """See `replay.rooms.WhatIfs`; a baseline is that of every Keep3r of the lake."""

    told = ("reverted", "paid_what_if", "expired_what_if")
    unit = "KP3R"
    other_lakes = ("market_lake",)

    @property
    def measured(self) -> Mapping[str, Any]:
        """Counts of works, the first block that differs, sums of both sides in wei."""
        import polars as pl

        sides = [f"{name}_{side}" for name in _SUMS for side in ("baseline", "what_if")]
        return {**dict.fromkeys(_COUNTS, pl.Int64()), **dict.fromkeys(sides, pl.Decimal(38, 0))}

    def changes(self) -> Mapping[str, str]:
        """Names of the changes, with type and default; what each means stands in docs/what-if.md."""
        from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay

        values = vars(Overlay())
        return {each.name: f"{each.type}, {values[each.name]!r} changes nothing" for each in fields(Overlay)}

    def check(self, overlay: Mapping[str, Any], lake: Lake) -> None:
        """Refuse what is no change, or has a value that makes none."""
        del lake
        from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from

        overlay_from(overlay)

    def identity(self, overlay: Mapping[str, Any]) -> dict[str, Any]:
        """The overlay in one spelling and without paths, and the fingerprint of the lake of its market."""
        from keep3r_replay.protocols.keep3r_v2.what_if.other_market import market_inputs, without_paths
        from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from

        changes = overlay_from(overlay).changes()
        return {**market_inputs(changes), "overlay": without_paths(changes)}

    def baseline(self, lake: Lake, until_block: int | None, starts: Mapping[str, Any]) -> list[Baseline]:
        """The history of each Keep3r, measured once."""
        from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines

        return baselines(lake, until_block, starts)

    def at(self, baseline: Any, lake: Lake) -> list[Baseline]:
        """Each with the lake where it lies now."""
        for base in baseline:
            base.lake = lake
        return list(baseline)

    def outcome(self, baseline: Any, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """Both sides, compared."""
        from keep3r_replay.protocols.keep3r_v2.report.what_if import what_if_lines
        from keep3r_replay.protocols.keep3r_v2.what_if.assumptions import idle_lines
        from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
        from keep3r_replay.protocols.keep3r_v2.what_if.results import make_what_if

        changes = overlay_from(overlay)
        summary, made = make_what_if(baseline, changes, ledger=ledger, tables=tables)
        about = {name: value for name, value in summary.items() if name != "outcome"}
        blocks = [base.history.facts for base in baseline]
        lines = [*what_if_lines(summary, made, blocks), *idle_lines(changes.changes())]
        return Outcome(summary["outcome"], made, lines, about)

    def assumptions(self) -> Sequence[str]:
        """The table of docs/what-if.md."""
        from keep3r_replay.protocols.keep3r_v2.what_if.assumptions import assumption_lines

        return assumption_lines()


class Keep3rV2Scenarios:
    """See `replay.rooms.Scenarios`."""

    has_extras = True

    @property
    def measure(self) -> Callable[[Mapping[str, Any]], dict[str, int]]:
        """Works, and KP3R by what became of it."""
        from keep3r_replay.protocols.keep3r_v2.scenario.measured import measured

        return measured

    def simulate(self, script: Mapping[str, Any], source: str, lake: Path, extras: Extras | None = None) -> Simulated:
        """Errors name the script's parts, which `source` would only repeat.

        Raises `UsageError` where a drawing is asked for that no view was read for.
        """
        del source
        from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
        from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
        from keep3r_replay.protocols.keep3r_v2.scenario.trace import draw_jobs, simulation_lines, write_trace
        from keep3r_replay.protocols.keep3r_v2.scenario.writer import check_target, write_lake
        from keep3r_replay.scenario.actors import actors_in

        check_target(lake)
        scenario = scenario_from(script)
        trace, draw = extras or Extras()
        if draw is not None and not scenario.views_every and not scenario.given:
            raise UsageError("draw: the scenario reads no views to draw; say scenario.views_every=4h")
        simulation = simulate(scenario)
        write_lake(simulation, lake)
        traced = write_trace(simulation, trace) if trace is not None else []
        drawn = draw_jobs(simulation, draw) if draw is not None else []
        written = [*(f"trace     {path}" for path in traced), *(f"chart     {path}" for path in drawn)]
        actors = simulation.world.actors
        names = actors_in(simulation.chain, {*actors.names, *actors.used}, actors.__getitem__)
        return Simulated([*simulation_lines(simulation), *written], simulation, names)


class Keep3rV2Pages:
    """See `replay.protocol.Pages`."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """The page of results with a ledger, or of a what-if; the subject is a job, or `keeper ADDRESS`."""
        from keep3r_replay.protocols.keep3r_v2.report.chosen import page_of

        return page_of(results, lake, subject)

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """The charts of that page."""
        from keep3r_replay.protocols.keep3r_v2.report.chosen import charts_of

        return charts_of(results, subject)


def explained(lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
    """Every term of the works and rewards of one Keep3r at a place; see `replay.protocol.Protocol.explain`."""
    from keep3r_replay.protocols.keep3r_v2.audit.explain import explain, find_log, find_transaction

    block, index, digest = place
    transaction = find_transaction(lake, digest) if digest else find_log(lake, block, index or 0)
    return [
        Explanation(
            one.event,
            one.block_number,
            one.log_index,
            {"job": one.job, "keeper": one.keeper},
            [Term(*term) for term in one.terms],
        )
        for one in explain(lake, transaction, root)
    ]
