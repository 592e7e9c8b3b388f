"""Who tells of headers, receipts and transactions: nodes, kept evidence, history files. None of them is believed.

What one tells is held against what the anchor commits to. If it fails, the others are asked; whoever told otherwise
than the truth is remembered by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from keep3r_replay.errors import NodeError
from keep3r_replay.proof.blooms import joined
from keep3r_replay.proof.contradictions import ContradictedError, Contradiction, Lie
from keep3r_replay.proof.receipts import Receipt, receipts_root
from keep3r_replay.proof.teller import Account, Teller
from keep3r_replay.proof.transactions import transactions_root
from keep3r_replay.proof.tries import EMPTY_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.proof.header import Header

Told = TypeVar("Told")


class Tellers:
    """Asks tellers in turn, the first one for everything, and believes only what the anchor commits to.

    Attributes:
        lies: what was told and refuted.
        bloom_from: first block whose bloom and receipts root are of all its logs (Polygon: `chain.forks`).
    """

    def __init__(self, tellers: Sequence[Teller], bloom_from: int = 0) -> None:
        self._tellers = list(tellers)
        self.bloom_from = bloom_from
        self.lies: list[Lie] = []

    def headers(self, first: int, last: int, trusted: bytes) -> list[Header]:
        """The headers of a closed range, of which the last one's hash is trusted.

        Raises:
            ContradictedError: a header is not the one that its child names, at any teller.
            NodeError: nobody has a header.
        """
        told, others = self._headers_told(first, last)
        found: list[Header] = []
        for number in range(last, first - 1, -1):
            header = told[number - first]
            if header is None or header.hash != trusted or header.number != number:
                header = self._header_again(number, None if number in others else header, trusted)
            found.append(header)
            trusted = header.parent
        return found[::-1]

    def _headers_told(self, first: int, last: int) -> tuple[list[Header | None], set[int]]:
        """Headers as they are told, and the numbers of those that another than the first teller has told."""
        told, others = self._tellers[0].headers(first, last), set[int]()
        for teller in self._tellers[1:]:
            missing = [first + place for place, header in enumerate(told) if header is None]
            if not missing:
                break
            for number, header in enumerate(teller.headers(missing[0], missing[-1]), missing[0]):
                if told[number - first] is None and header is not None:
                    told[number - first] = header
                    others.add(number)
        return told, others

    def _header_again(self, number: int, told: Header | None, trusted: bytes) -> Header:
        def problem(header: Header) -> Contradiction | None:
            if header.hash == trusted and header.number == number:
                return None
            basis = f"block {number + 1}" if header.number == number else "the block asked for"
            proved = f"0x{trusted.hex()}" if header.number == number else str(number)
            said = f"hashes to 0x{header.hash.hex()}" if header.number == number else f"is of block {header.number}"
            return Contradiction(number, "header", "", said, proved, basis)

        def ask(teller: Teller) -> Header | None:
            return teller.headers(number, number)[0]

        found = self._anyone(told, ask, problem, f"header of block {number}")
        if isinstance(found, Contradiction):
            raise ContradictedError(found)
        return found

    def receipts(self, headers: Sequence[Header]) -> list[list[Receipt] | Contradiction]:
        """The receipts of blocks whose headers are proved; a contradiction where everybody tells other ones.

        Raises:
            NodeError: nobody has them.
        """
        return self._of_blocks(headers, "receiptsRoot", "receipts", Teller.receipts, self._receipts_problem)

    def _receipts_problem(self, header: Header, told: list[Receipt]) -> Contradiction | None:
        root = receipts_root(told)
        if root != header["receiptsRoot"]:
            said = f"{len(told)} of them have the root 0x{root.hex()}"
            return Contradiction(header.number, "receipts", "", said, f"0x{header['receiptsRoot'].hex()}", "the header")
        bloom = joined(receipt.bloom for receipt in told)
        if bloom != header.bloom and header.number >= self.bloom_from:
            said, proved = "a bloom of other logs", "that of its receipts"
            return Contradiction(header.number, "header", "bloom", said, proved, "the receipts root")
        return None

    def transactions(self, headers: Sequence[Header]) -> list[list[bytes] | Contradiction]:
        """The raw transactions of blocks whose headers are proved; see `receipts`."""

        def problem(header: Header, told: list[bytes]) -> Contradiction | None:
            root, proved = transactions_root(told), header["transactionsRoot"]
            if root == proved:
                return None
            said = f"{len(told)} of them have the root 0x{root.hex()}"
            return Contradiction(header.number, "transactions", "", said, f"0x{proved.hex()}", "the header")

        return self._of_blocks(headers, "transactionsRoot", "transactions", Teller.transactions, problem)

    def _of_blocks(
        self,
        headers: Sequence[Header],
        root: str,
        subject: str,
        method: Callable[[Teller, Sequence[Header]], list[list[Told] | None]],
        problem: Callable[[Header, list[Told]], Contradiction | None],
    ) -> list[list[Told] | Contradiction]:
        name = method.__name__
        told, first_hand = self._told([header for header in headers if header[root] != EMPTY_ROOT], name)
        found: list[list[Told] | Contradiction] = []
        for header in headers:
            if header[root] == EMPTY_ROOT:
                found.append([])
                continue

            def ask(teller: Teller, header: Header = header) -> list[Told] | None:
                one: list[Told] | None = getattr(teller, name)([header])[0]
                return one

            def wrong(one: list[Told], header: Header = header) -> Contradiction | None:
                return problem(header, one)

            own = told.get(header.number)
            if own is not None and header.number not in first_hand:
                if wrong(own) is None:
                    found.append(own)
                    continue
                own = None
            answer = self._anyone(own, ask, wrong, f"{subject} of block {header.number}")
            found.append(answer)
        return found

    def _told(self, headers: Sequence[Header], name: str) -> tuple[dict[int, list[Any]], set[int]]:
        """What is told of blocks, by whoever has it first, and the blocks of which the first teller has told."""
        told: dict[int, list[Any]] = {}
        first_hand: set[int] = set()
        for place, teller in enumerate(self._tellers):
            missing = [header for header in headers if header.number not in told]
            for header, answer in zip(missing, getattr(teller, name)(missing) if missing else (), strict=True):
                if answer is not None:
                    told[header.number] = answer
            if place == 0:
                first_hand = set(told)
        return told, first_hand

    def account(
        self,
        header: Header,
        address: bytes,
        slots: Sequence[int],
        problem: Callable[[Account], Contradiction | None],
    ) -> Account | Contradiction | None:
        """An account that `problem` finds nothing wrong with; None where no teller offers proofs of state."""
        try:
            return self._anyone(
                None, lambda teller: teller.account(header, address, slots), problem, f"account 0x{address.hex()}"
            )
        except NodeError:
            return None

    def code(
        self, header: Header, address: bytes, problem: Callable[[bytes], Contradiction | None]
    ) -> bytes | Contradiction | None:
        """Code that `problem` finds nothing wrong with; None where no teller has it."""
        try:
            return self._anyone(None, lambda teller: teller.code(header, address), problem, f"code 0x{address.hex()}")
        except NodeError:
            return None

    def _anyone(
        self,
        told: Told | None,
        ask: Callable[[Teller], Told | None],
        problem: Callable[[Told], Contradiction | None],
        what: str,
    ) -> Told | Contradiction:
        """The first answer without a problem; the last problem where every answer has one.

        Args:
            told: what the first teller said already, if it was asked.
            ask: asks a teller.
            problem: says how an answer is refuted.
            what: is asked for.

        Raises:
            NodeError: nobody answers.
        """
        refuted: list[tuple[str, Contradiction]] = []
        for place, teller in enumerate(self._tellers):
            for attempt in range(2):
                # A wrong answer may be of another moment: it is asked for once more before anybody is called a liar.
                answer = told if place == 0 and attempt == 0 and told is not None else ask(teller)
                if answer is None:
                    break
                wrong = problem(answer)
                if wrong is None:
                    self.lies += [Lie(name, each, teller.name) for name, each in refuted if name != teller.name]
                    return answer
                if attempt:
                    refuted.append((teller.name, wrong))
        if not refuted:
            raise NodeError(f"nobody has the {what}; ask an archive node, or name history files with source=FOLDER")
        self.lies += [Lie(name, each, "") for name, each in refuted]
        return refuted[-1][1]
