"""`keep3r ask`: what owners of jobs, keepers and holders want to know, answered by replaying a history with changes."""

from __future__ import annotations

from dataclasses import make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keep3r_replay
from keep3r_replay.errors import UsageError
from keep3r_replay.replay.questions import Asked, Setting

from .completion import words_typed
from .config import load_config, setting
from .foreign import refuse_foreign
from .named import NAMES, book_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.questions import Question

    from .named import AddressBook

SUMMARY = "Ask a question of the lake's protocol; where a line says so, of a history with the changes of an overlay."

_SETTINGS = {
    "question": Setting(str, "???", "what is asked"),
    "lake": Setting(str | None, None, "folder of the lake; the bundled sample if none is named"),
    "until_block": Setting(int | None, None, "last block of the history to use"),
    "overlay": Setting(dict[str, Any], {}, "changes made first, as for replay mode=what_if"),
    "names": Setting(str | None, None, NAMES),
    "export": Setting(str | None, None, "also write the answer to this file: .csv, .json, .parquet or .xlsx"),
    "draw": Setting(str | None, None, "also draw the answer (SVG) to this file"),
}
"""Settings of every question."""
_PARTIES = ("job", "keeper", "account", "holder")


def main(argv: list[str]) -> int:
    """Print the answer; return the exit code. Raises `UsageError` for settings that the question does not take."""
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.what_if.history import Source

    lake = keep3r_replay.open_lake(_named("lake", [*argv, *words_typed(argv)]))
    protocol = protocol_of(lake)
    questions = _questions(protocol)
    if (name := _named("question", argv)) is not None:
        _question(protocol, name)
    config: Any = load_config("ask", _schema(questions), argv, summary=_summary(questions))
    question = _question(protocol, config.question)
    if config.overlay and not question.takes_overlay:
        raise UsageError(f"question={config.question} is asked of the history as it was: leave the overlay out")
    if config.draw is not None:
        if not question.draws:
            raise UsageError(f"question={config.question} has no drawing: leave draw out")
        refuse_foreign(Path(config.draw), "<svg", "draw")
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    book = book_of(lake, config.names)
    overlay = book.resolved(config.overlay, "overlay")
    source = Source(protocol, lake, config.until_block)
    source.check([overlay])
    settings = {name: _resolved(book, name, getattr(config, name)) for name in question.settings}
    answer = question.answer(Asked(lake, source.what_ifs, config.until_block, overlay, settings))
    print(book.told("\n".join(answer.lines)))
    if config.draw is not None and answer.drawing is not None:
        Path(config.draw).write_bytes(answer.drawing)
    if config.export is not None:
        from keep3r_replay.report.export import export_table, with_names

        export_table(with_names(answer.table, book.names), Path(config.export))
        print(f"\ntable       {config.export}")
    return 0


def _resolved(book: AddressBook, name: str, value: Any) -> Any:
    """A setting of a question; one that is about somebody takes the beginning of a name."""
    return book.address(value, name) if name in _PARTIES and isinstance(value, str) else value


def _questions(protocol: Protocol) -> Mapping[str, Question]:
    """The protocol's own questions, and what every one that has what-ifs is asked."""
    from keep3r_replay.what_if.goal import LEAST

    return {**protocol.questions, **({} if protocol.what_ifs is None else {"least": LEAST})}


def _question(protocol: Protocol, name: str) -> Question:
    """A question of the protocol. Raises `UsageError` if it has none of that name."""
    questions = _questions(protocol)
    if name not in questions:
        known = ", ".join(questions) or "none"
        raise UsageError(f"question={name[:60]}: {protocol.title} is not asked that; there are {known}")
    return questions[name]


def _named(setting: str, argv: list[str]) -> str | None:
    """What the command line says of a setting that others depend on; its last word counts."""
    named = [argument.partition("=")[2].strip("'\"") for argument in argv if argument.startswith(f"{setting}=")]
    return named[-1] if named and named[-1] != "null" else None


def _schema(questions: Mapping[str, Question]) -> type[Any]:
    """The settings of the command: those of every question, and those of this protocol's."""
    own = {name: each for question in questions.values() for name, each in question.settings.items()}
    columns = [
        (
            name,
            each.type,
            setting(each.meaning, default=each.default, choices=tuple(questions) if name == "question" else ()),
        )
        for name, each in {**_SETTINGS, **own}.items()
    ]
    return make_dataclass("AskConfig", columns, frozen=True)


def _summary(questions: Mapping[str, Question]) -> str:
    width = max(map(len, questions), default=0)
    lines = [
        f"  {name:<{width}}  {question.meaning}{'; takes an overlay' if question.takes_overlay else ''}"
        for name, question in questions.items()
    ]
    return "\n".join([SUMMARY, "", "questions:", *lines])
