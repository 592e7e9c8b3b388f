"""Pages of the site that are made from the code: commands with their settings, tables with their columns, the API."""

from __future__ import annotations

import contextlib
import io
import pkgutil
import sys
from pathlib import Path

import mkdocs_gen_files

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keep3r_replay
from keep3r_replay import protocols
from keep3r_replay.protocols.registry import protocol_named
from keep3r_replay.warehouse.comments import comments_of
from pipelines.cli import SUBCOMMANDS, main


def commands() -> str:
    """Every subcommand, with what its `--help` says."""
    parts = ["# Commands\n\nWhat `keep3r SUBCOMMAND --help` prints. A setting is given as `NAME=VALUE`.\n"]
    for name, subcommand in SUBCOMMANDS.items():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main([name, "--help"])
        parts.append(f"## keep3r {name}\n\n{subcommand.summary[:1].upper()}{subcommand.summary[1:]}.\n")
        parts.append(f"```text\n{printed.getvalue().strip()}\n```\n")
    return "\n".join(parts)


def tables() -> str:
    """Every result table of every protocol: columns, types, meanings."""
    parts = ["# Tables\n\nWhat results hold, protocol by protocol. Amounts are `Decimal(38, 0)`, in wei.\n"]
    for name in sorted(each.name for each in pkgutil.iter_modules(protocols.__path__) if each.ispkg):
        protocol = protocol_named(name)
        words = comments_of(f"{protocols.__name__}.{name}.sql")
        parts.append(f"## {protocol.title}\n")
        for table, schema in protocol.tables.items():
            meaning = words.get(f"table {table}", "")
            parts.append(f"### {table} {{ #{name}-{table} }}\n\n{meaning}{'.' if meaning else ''}\n")
            parts.append("| column | type | meaning |\n|---|---|---|")
            for column, kind in schema.items():
                said = words.get(f"{table}.{column}") or words.get(column, "")
                parts.append(f"| `{column}` | `{kind}` | {said.replace('|', chr(92) + '|')} |")
            parts.append("")
    return "\n".join(parts)


def api() -> str:
    """The public face, from its docstrings."""
    parts = [f"# API\n\n`import keep3r_replay as kr`, version {keep3r_replay.__version__}.\n"]
    for name in keep3r_replay.__all__:
        found = getattr(keep3r_replay, name)
        if callable(found):
            parts.append(f"::: {found.__module__}.{found.__qualname__}\n")
    return "\n".join(parts)


for page in (commands, tables, api):
    with mkdocs_gen_files.open(f"reference/{page.__name__}.md", "w") as file:
        file.write(page())
