"""`keep3r job`, `keep3r keeper`, `keep3r overpaid`: what is stated of one party of a history, or of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError

from .config import Store, load_config, setting
from .named import NAMES, book_of

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.lake.reader import Lake

    from .named import AddressBook


@dataclass(frozen=True)
class StatementConfig:
    """Settings of statements."""

    address: str = setting("whom it is about: an address, its beginning, or a name; everybody if none", default="")
    lake: str | None = setting(
        "folder of the lake; the bundled sample if none is named", default=None, store=Store.READ
    )
    until_block: int | None = setting("last block of the history to use", default=None)
    names: str | None = setting(NAMES, default=None)
    export: str | None = setting("also write the table to this file: .csv, .json, .parquet or .xlsx", default=None)


def job(argv: list[str]) -> int:
    """`keep3r job`."""
    return _state("job", argv)


def keeper(argv: list[str]) -> int:
    """`keep3r keeper`."""
    return _state("keeper", argv)


def overpaid(argv: list[str]) -> int:
    """`keep3r overpaid`."""
    return _state("overpaid", argv)


def _state(name: str, argv: list[str]) -> int:
    """Print a statement; return the exit code. Raises `UsageError` where the protocol has none of that name."""
    from keep3r_replay.protocols.registry import protocol_of

    config = load_config(name, StatementConfig, argv, summary=_SUMMARIES[name], command=name)
    lake = keep3r_replay.open_lake(config.lake)
    protocol = protocol_of(lake)
    if name not in protocol.statements:
        raise UsageError(f"keep3r {name}: nothing of that kind is stated of {protocol.title}")
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    from keep3r_replay.replay.audit import audit
    from keep3r_replay.replay.statements import Occasion

    book = book_of(lake, config.names)
    party = book.address(config.address).lower()
    found = audit(lake, protocol, config.until_block, ledger=True, snapshot_every=0)
    stated = protocol.statements[name].make(Occasion(found, config.until_block, party))
    print(book.told("\n".join(stated.lines)))
    if config.address and (link := _link(book, lake, stated.table, name)):
        print(f"explorer    {link}")
    if not found.clean:
        print(f"\nthe audit of this history has findings: {len(found.roots):,}; keep3r replay shows them")
    if config.export is not None:
        from keep3r_replay.report.export import export_table, with_names

        export_table(with_names(stated.table, book.names), Path(config.export))
        print(f"\ntable       {config.export}")
    return 0


def _link(book: AddressBook, lake: Lake, table: pl.DataFrame, kind: str) -> str:
    """Where the chain's explorer shows the party of a statement; empty where there is none, or it is of many."""
    parties = table[kind].unique().to_list() if kind in table.columns else []
    return book.link(lake.deployment.chain_id, "address", parties[0]) if len(parties) == 1 else ""


_SUMMARIES = {
    "job": """A job's card: credits, what it mines and spends, when it runs dry, what was wasted, how it pays.
Without an address: a line for every job.""",
    "keeper": """A keeper's statement, month by month: works, KP3R, its worth, gas, profit; works in tokens apart.
Without an address: all keepers.""",
    "overpaid": """Payments above the formula: by job, keeper and entry point, and the works that exceed it most.
With an address: those of one job or keeper.""",
}
