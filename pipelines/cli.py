"""The `keep3r` command: `keep3r SUBCOMMAND key=value ...`.

A subcommand is one line of `SUBCOMMANDS`; its module is imported only when it is called, so that a replay never waits
for what extraction needs. Exit codes: 0 done (and clean), 1 failure, 2 usage, 3 findings, 4 partial, 130 interrupted.
"""

from __future__ import annotations

import difflib
import gc
import importlib
import io
import os
import sys
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from keep3r_replay.errors import Keep3rReplayError, UsageError, without_urls

from .manners import is_quiet, take_flags, waiting
from .staged import put_back
from .terminal import printable_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Subcommand(NamedTuple):
    """Which file beside this one holds a subcommand's function (argv -> exit code), and what it does in one line."""

    module: str
    summary: str
    function: str = "main"
    writes: bool = False
    """Whether it is run for what it writes: with -q it prints nothing then, and its exit code tells."""
    waits: str = ""
    """What a person is told who waits for it; empty where it tells of itself."""


SUBCOMMANDS: dict[str, Subcommand] = {
    "import": Subcommand("import_recording", "turn a recorded history into a lake", writes=True, waits="importing"),
    "join": Subcommand("join", "put lakes of several protocols on one chain together", writes=True, waits="joining"),
    "extract": Subcommand("extract", "fetch a deployment's history from a node into a lake", writes=True),
    "update": Subcommand(
        "update", "one job for a scheduler: extract, replay on, warehouse, audits, report", writes=True
    ),
    "rehearse": Subcommand("rehearse", "try a deployment on a node: a window, replayed, on one page"),
    "simulate": Subcommand("simulate", "play a scripted history and write its lake", writes=True, waits="simulating"),
    "status": Subcommand("status", "say what a lake covers"),
    "verify": Subcommand("verify", "prove a lake's files, and fetch again what is damaged"),
    "prove": Subcommand("prove", "prove a lake from one trusted block hash, and certify it"),
    "replay": Subcommand(
        "replay", "re-execute a lake and compare every event and every reading", writes=True, waits="replaying"
    ),
    "findings": Subcommand("findings", "what a replay found, by root cause, and what to type next", waits="reading"),
    "compare": Subcommand(
        "compare", "results beside each other: totals, jobs, keepers, rows that differ", waits="comparing"
    ),
    "job": Subcommand("statement", "a job's card: credits, runway, waste, how it pays", "job", waits="replaying"),
    "keeper": Subcommand("statement", "a keeper's statement, month by month", "keeper", waits="replaying"),
    "overpaid": Subcommand(
        "statement", "payments above the formula, and who made and got them", "overpaid", waits="replaying"
    ),
    "ask": Subcommand(
        "ask", "answer a job owner's questions: liquidity, running dry, expiry, bonds", waits="replaying"
    ),
    "state": Subcommand("state", "print what a contract held at the end of a block", waits="replaying"),
    "explain": Subcommand("explain", "show every term of a transaction's payments and credits", waits="replaying"),
    "warehouse": Subcommand(
        "warehouse", "make a DuckDB database of a lake and its results", writes=True, waits="writing"
    ),
    "sql": Subcommand("sql", "ask the warehouse", waits="asking"),
    "audit": Subcommand("audit", "run audits on the warehouse: queries that return bad rows", waits="asking"),
    "report": Subcommand("report", "write the results as one page with charts", writes=True, waits="drawing"),
}

COMPLETION = {"-sc", "--shell-completion"}
_OBJECTS_BEFORE_COLLECTION = 100_000
_USAGE = "usage: keep3r SUBCOMMAND [key=value ...]"


def run() -> NoReturn:
    """Be the process `keep3r`: start and end without what nothing here needs, together a quarter of a short run."""
    # numpy would start a thread a core for linear algebra.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Arrow's own allocator gives memory back as soon as a row group is written, and has it cleared anew for the next.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # What is imported stays: looking for garbage among it every few hundred objects finds none, nor does it at the end.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    exit_code = main()
    gc.freeze()
    sys.exit(exit_code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code; whatever goes wrong is one line on standard error."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    with printable_output():
        return _ended(arguments)


def _ended(arguments: list[str]) -> int:
    try:
        with put_back():
            return _dispatch(arguments)
    except Keep3rReplayError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output went away (`keep3r ... | head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}", 1)
    except MemoryError:
        return _fail("out of memory", 1)
    except Exception as error:
        if os.environ.get("KEEP3R_TRACEBACK"):
            raise
        if type(error).__name__ == "ComputeError" and "parquet" in str(error):
            # By name: polars is not imported for this. Its manifest vouches for the file, which is none all the same.
            return _fail(f"a file cannot be read: {' '.join(str(error).split())[:160]}", 1)
        return _fail(f"internal error: {type(error).__name__}: {error} (KEEP3R_TRACEBACK=1 shows where)", 1)


def _fail(message: str, exit_code: int) -> int:
    print(f"keep3r: error: {without_urls(message)}", file=sys.stderr)
    return exit_code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0 if arguments else UsageError.exit_code
    name, rest = arguments[0], take_flags(arguments[1:])
    if name in {"-V", "--version"}:
        from keep3r_replay.version import __version__

        print(f"keep3r_replay {__version__}")
        return 0
    if name in COMPLETION:
        from .completion import complete

        named = complete(rest, SUBCOMMANDS)
        return 0 if named is None else _entry(SUBCOMMANDS[named])(arguments)
    if name not in SUBCOMMANDS:
        close = difflib.get_close_matches(name, SUBCOMMANDS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else "see keep3r --help"
        raise UsageError(f"unknown subcommand '{name}'; {hint}")
    return _run(SUBCOMMANDS[name], rest)


def _run(subcommand: Subcommand, arguments: list[str]) -> int:
    entry = _entry(subcommand)
    with waiting(subcommand.waits) if subcommand.waits else nullcontext():
        if not (subcommand.writes and is_quiet()) or {"-h", "--help"} & {*arguments}:
            return entry(arguments)
        with redirect_stdout(io.StringIO()):
            return entry(arguments)


def _entry(subcommand: Subcommand) -> Callable[[list[str]], int]:
    # The package is `pipelines` in a checkout and `keep3r_replay.pipelines` once it is installed.
    entry: Callable[[list[str]], int] = getattr(
        importlib.import_module(f".{subcommand.module}", __package__), subcommand.function
    )
    return entry


def _overview() -> str:
    width = max(map(len, SUBCOMMANDS))
    lines = [f"  {name:<{width}}  {subcommand.summary}" for name, subcommand in SUBCOMMANDS.items()]
    return "\n".join(
        [
            _USAGE,
            "",
            "Re-execute a Keep3r history from its event log, and prove every credit and every payment to the wei.",
            "",
            *lines,
            "",
            "keep3r SUBCOMMAND --help lists what can be set; -v tells more, -q nothing but errors and answers;",
            'eval "$(keep3r -sc install=bash)" completes subcommands, settings and values. NO_COLOR=1: no colours.',
            "exit codes: 0 clean, 1 failure, 2 usage, 3 findings, 4 partial, 130 interrupted",
        ]
    )


if __name__ == "__main__":
    run()
