"""What a scenario calls its actors: names that people read in everything that is made of its lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.address_book import FILE, book_text, is_name
from keep3r_replay.lake.folders import replaced_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from keep3r_replay.scenario.chain import Chain

HEAD = "# The actors of a simulated scenario; a former file that begins so is replaced.\n"


def words_of(script: Any) -> Iterator[str]:
    """Every text in a script, keys too: actors stand in many places."""
    if isinstance(script, str):
        yield script
    elif isinstance(script, dict):
        for key, value in script.items():
            yield from words_of(key)
            yield from words_of(value)
    elif isinstance(script, (list, tuple)):
        for each in script:
            yield from words_of(each)


def actors_in(chain: Chain, words: Iterable[str], address_of: Callable[[str], str]) -> dict[str, str]:
    """Names by address: of the words, those whose address a log or a transaction of the chain tells of.

    Args:
        chain: what was simulated.
        words: what may be names of actors.
        address_of: the address that a name stands for.
    """
    told = b"".join(part for log in chain.logs for part in (log.address, *log.topics, log.data))
    sent = {each for transaction in chain.transactions for each in (transaction.sender, transaction.to)}
    names: dict[str, str] = {}
    for word in sorted({*words}):
        if not is_name(word):
            continue
        try:
            address = address_of(word)
        except Keep3rReplayError:
            continue
        if address in sent or bytes.fromhex(address[2:]) in told:
            names.setdefault(address, word)
    return names


def write_names(names: dict[str, str], lake: Path) -> None:
    """Write the book into a simulated lake; a book there that a person made stays."""
    target = lake / FILE
    if target.is_file() and not target.read_text("utf-8", errors="replace").startswith(HEAD):
        return
    with replaced_file(target) as building:
        building.write_text(HEAD + book_text(names), "utf-8")
