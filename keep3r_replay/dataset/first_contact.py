"""First contact: before anything is fetched, the chain is asked whether it holds what the configuration says.

Code at every address, its hash against the versions' known ones, the block of creation, and what contracts answer about
each other. A few dozen questions in a few requests; what differs is shown in one table with the line to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.chain.code import code_hashes
from keep3r_replay.chain.forks import forks_of
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.views import NOBODY, Question, Reading, read_views
from keep3r_replay.counts import counted
from keep3r_replay.dataset.differences import Difference, FirstContactError
from keep3r_replay.dataset.known_codes import codes_of, implementations_of, is_expected, known_as
from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.dataset.spec import ExtractionSpec
    from keep3r_replay.replay.contact import Configured, Expected
    from keep3r_replay.replay.rooms import Extractor


class Contact(NamedTuple):
    """What first contact found: differences, which end the run, and remarks, which do not."""

    differences: list[Difference]
    remarks: list[str]


def meet(client: NodeClient, extractor: Extractor, spec: ExtractionSpec, head: int, say: Callable[[str], None]) -> None:
    """Make first contact as of block `head`; remarks are said.

    Raises:
        FirstContactError: the chain does not hold the deployment as it is configured.
        NodeError: the node does not answer.
    """
    contact = first_contact(client, extractor, spec, head)
    for remark in contact.remarks:
        say(remark)
    if contact.differences:
        raise FirstContactError(spec.name, contact.differences)


def first_contact(client: NodeClient, extractor: Extractor, spec: ExtractionSpec, head: int) -> Contact:
    """Hold the configuration against the chain as of block `head`.

    Raises:
        NodeError: the node does not answer.
    """
    contact = Contact([], [])
    configured = list(extractor.configured)
    codes = codes_of(client, [each.address for each in configured], head)
    proxies = [address for address, code in codes.items() if code and extractor.codes]
    implementations = implementations_of(client, proxies, head)
    there = []
    for each in configured:
        code = codes[each.address]
        if code:
            there.append(each)
            stands_for = implementations.get(each.address, "")
            _check_code(client, extractor, spec, each, code, stands_for, head, contact)
        elif not each.may_be_account:
            contact.differences.append(
                Difference(each.setting, each.address, each.role, "no contract", f"name the {each.role} of this chain")
            )
    contact.differences.extend(_code_hashes(client, spec, head))
    for each in there:
        contact.differences.extend(_creation(client, spec, each, head, contact))
    for block, asked in _questions(there, head):
        contact.differences.extend(_answers(client, asked, block, contact))
    return contact


def _check_code(
    client: NodeClient,
    extractor: Extractor,
    spec: ExtractionSpec,
    each: Configured,
    code: bytes,
    implementation: str,
    head: int,
    contact: Contact,
) -> None:
    """Hold code against what is known of the version; a proxy's by what it stands for."""
    if implementation:
        code = codes_of(client, [implementation], head)[implementation]
        if not code:
            contact.differences.append(
                Difference(each.setting, each.address, each.role, f"proxy of {implementation}, no contract", "another")
            )
            return
    hashes = code_hashes(code)
    known = known_as(hashes, extractor.codes)
    own = f"{each.role} {each.version}".strip()
    if known is not None and known != own:
        contact.differences.append(
            Difference(each.setting, each.address, own, f"code of {known}", f"say version or role of {known}")
        )
    if known is None and is_expected(each.role, extractor.codes) and forks_of(spec.chain_id).chain:
        contact.remarks.append(
            f"{each.role} {each.address} has code {hashes.masked[:8]}, which no known version has: {own} is assumed"
        )


def _code_hashes(client: NodeClient, spec: ExtractionSpec, head: int) -> Iterator[Difference]:
    """Hashes of code that the configuration names; a proxy's is that of what it stands for."""
    asked = sorted(spec.code_hashes)
    behind = implementations_of(client, asked, head) if asked else {}
    codes = codes_of(client, [*asked, *behind.values()], head)
    for address in asked:
        code = codes[behind.get(address, address)]
        found = f"0x{keccak256(code).hex()}" if code else "no contract"
        if found != spec.code_hashes[address]:
            yield Difference("code_hashes", address, spec.code_hashes[address], found, f"say {found}, or find out why")


def _creation(
    client: NodeClient, spec: ExtractionSpec, each: Configured, head: int, contact: Contact
) -> Iterator[Difference]:
    """A contract is there from the block of its creation on, and no earlier; nothing is older than the search."""
    block = each.from_block
    if block is None:
        return
    setting = f"{each.setting} (from_block)"
    if block > head:
        yield Difference(setting, each.address, f"created in {block}", f"the head is {head}", "a block that there is")
        return
    if block < spec.search_from_block:
        yield Difference(
            "search_from_block", each.address, str(spec.search_from_block), f"{each.role} from {block}", f"<= {block}"
        )
    try:
        at = codes_of(client, [each.address], block)[each.address]
        before = codes_of(client, [each.address], block - 1)[each.address] if block else b""
    except RefusedError:
        contact.remarks.append(f"the node has no state of block {block}: the creation of {each.role} was not looked at")
        return
    if not at:
        yield Difference(setting, each.address, f"created in {block}", "not there yet", "a later block, or none")
    elif before:
        yield Difference(setting, each.address, f"created in {block}", "there before", "an earlier block, or none")


def _questions(configured: Sequence[Configured], head: int) -> Iterator[tuple[int, list[tuple[Configured, Expected]]]]:
    """What to ask, by the block to ask it at."""
    by_block: dict[int, list[tuple[Configured, Expected]]] = {}
    for each in configured:
        for expected in each.expected:
            first = each.from_block if expected.at_first else None
            by_block.setdefault(head if first is None else min(first, head), []).append((each, expected))
    yield from sorted(by_block.items())


def _answers(
    client: NodeClient, asked: Sequence[tuple[Configured, Expected]], block: int, contact: Contact
) -> Iterator[Difference]:
    questions = [Question(each.address, expected.view, expected.arguments) for each, expected in asked]
    try:
        answers = read_views(client, questions, block)
    except RefusedError:
        contact.remarks.append(
            f"the node has no state of block {block}: {counted(len(questions), 'view was', 'views were')} not asked"
        )
        return
    for (each, expected), answer in zip(asked, answers, strict=True):
        found = _wrong(expected, answer)
        if found is not None:
            may = expected.values
            wanted = "no such view" if may is None else " or ".join(sorted(may)) if may else "an answer"
            change = expected.change.replace("{found}", found)
            yield Difference(expected.setting, each.address, f"{expected.view.name}: {wanted}", found, change)


def _wrong(expected: Expected, answer: Reading) -> str | None:
    """What a view answered that it must not; None if it is as expected."""
    if answer.values is None:
        return "no answer" if expected.required and expected.values is not None else None
    if expected.values is None:
        return "an answer"
    told: list[str] = []
    for value in answer.values:
        told += [str(part).lower() for part in value] if isinstance(value, (tuple, list)) else [str(value).lower()]
    if not expected.values:
        return None if any(each != NOBODY for each in told) else "nobody"
    wrong = [each for each in told if each.startswith("0x") and each not in expected.values]
    return wrong[0] if wrong else None
