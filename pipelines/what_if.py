"""What-ifs for `keep3r replay mode=what_if`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay

from .foreign import say_foreign
from .manners import is_verbose, say
from .named import book_of

if TYPE_CHECKING:
    from .replay_config import ReplayConfig


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
    book = book_of(lake, config.names)
    overlay = book.resolved(config.overlay, "overlay")
    source.check([overlay])
    outcome = source.baseline().run(results, overlay, ledger=config.ledger)
    say_foreign(results)
    assumed = ["", *source.what_ifs.assumptions()] if is_verbose() else []
    say(book.told("\n".join([*outcome.lines, *assumed])))
    print(f"results   {results}")
    if not assumed:
        print("-v tells what stays given and what follows (docs/what-if.md)")
    return 0
