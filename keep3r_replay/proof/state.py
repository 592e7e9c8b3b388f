"""Code, parameters and readings of contracts, from the state roots of proved headers by `eth_getProof`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.code import IMPLEMENTATION_SLOT, code_hashes
from keep3r_replay.counts import counted
from keep3r_replay.proof.accounts import Words, read_account, slots_of, value_in
from keep3r_replay.proof.contradictions import Contradiction
from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.proved_state import BY_HEADER, BY_ROOT, COMPUTED, NOBODY, StateProved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.schemas import ReadingRow
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.subject import Subject
    from keep3r_replay.proof.teller import Account
    from keep3r_replay.proof.tellers import Tellers
    from keep3r_replay.replay.anatomy import Anatomy, Cell

_IMPLEMENTATION = int(IMPLEMENTATION_SLOT, 16)
_EMPTY_CODE = keccak(b"").hex()


def initial_block(subject: Subject, contract: Contract) -> int:
    """The block at whose end a contract's initial parameters were read: its first, or the one before the lake's."""
    return max(int(contract.facts.get("from_block", 0)), subject.first - 1)


def marks_of(subject: Subject, readings: Sequence[ReadingRow]) -> set[int]:
    """The blocks whose state is asked for."""
    initial = {
        initial_block(subject, contract)
        for contract in subject.contracts.values()
        if contract.address in subject.lake.deployment.initial_state
    }
    firsts = {block for contract in subject.contracts.values() for block in creation_blocks(subject, contract)}
    return {block for block in {subject.last, *initial, *firsts, *(row.block_number for row in readings)} if block >= 0}


def creation_blocks(subject: Subject, contract: Contract) -> tuple[int, ...]:
    """The block before a contract's first one, and that; none where the lake begins later, or the anchor is older."""
    first = int(contract.facts.get("from_block", 0))
    return (first - 1, first) if max(subject.first, 1) <= first <= subject.last else ()


class StateProver:
    """Proves code, initial parameters and readings; what no teller offers proofs of is told."""

    def __init__(self, subject: Subject, tellers: Tellers, anatomy: Anatomy, headers: Mapping[int, Header]) -> None:
        """Take the lake, who tells, what is known of the contracts, and the proved headers by number."""
        self._subject = subject
        self._tellers = tellers
        self._anatomy = anatomy
        self._headers = headers
        self._proved = StateProved()
        self._cells: dict[str, Mapping[str, Cell]] = {}

    def run(self, readings: Sequence[ReadingRow]) -> StateProved:
        """Prove what can be proved."""
        proved = self._proved
        for contract in self._subject.contracts.values():
            self._code(contract)
        for address, parameters in sorted(self._subject.lake.deployment.initial_state.items()):
            self._initial(self._subject.contracts.get(address), address, parameters)
        self._readings(readings)
        for contract in self._subject.contracts.values():
            self._created(contract)
        lacking = [address for address in self._subject.contracts if address not in proved.codes]
        if lacking:
            proved.unproved.append(
                f"code of {counted(len(lacking), 'contract')}: no teller offers proofs of state there"
            )
        proved.unproved.sort()
        return proved

    def _words(self, block: int, address: str, slots: Sequence[int], *, must: bool = True) -> Words | None:
        """An account's words; None where there is no proof, or a false one, which contradicts where it `must` be true.

        A false one that need not be had says of its teller alone that it lied.
        """
        header = self._headers.get(block)
        if header is None:
            return None
        raw = bytes.fromhex(address[2:])

        def problem(account: Account) -> Contradiction | None:
            try:
                read_account(header, raw, slots, account)
            except ValueError as error:
                return Contradiction(block, "state", address, str(error), "another account", "the state root")
            return None

        account = self._tellers.account(header, raw, slots, problem)
        if account is None:
            return None
        if isinstance(account, Contradiction):
            if must:
                self._proved.contradictions.append(account)
            return None
        storage = {
            str(slot): [each.hex() for each in nodes] for slot, nodes in zip(slots, account.storage, strict=True)
        }
        self._keep(block, raw, "account", [each.hex() for each in account.nodes], storage)
        return read_account(header, raw, slots, account)

    def _keep(self, block: int, address: bytes, what: str, content: object, storage: Mapping[str, Any]) -> None:
        place = {"block": block, "address": address.hex()}
        entry = next((each for each in self._proved.kept if place.items() <= each.items()), None)
        if entry is None:
            entry = {**place, "storage": {}}
            self._proved.kept.append(entry)
        entry[what] = content
        entry["storage"] |= storage

    def _code(self, contract: Contract) -> None:
        block = self._subject.last
        words = self._words(block, contract.address, [_IMPLEMENTATION])
        if words is None:
            return
        address, code_hash = contract.address, words.code_hash
        stands_for = words.storage[_IMPLEMENTATION]
        if stands_for:
            address = f"0x{stands_for % (1 << 160):040x}"
            behind = self._words(block, address, [])
            if behind is None:
                return
            code_hash = behind.code_hash
        known, code = self._known(block, address, code_hash)
        own = f"{contract.role} {contract.version}".strip()
        entry = {"block": block, "hash": f"0x{code_hash.hex()}", "is": known}
        self._proved.codes[contract.address] = entry | ({"proxy_of": address} if stands_for else {})
        configured = str(contract.facts.get("code_hash", ""))
        if configured:
            self._proved.codes[contract.address]["configured"] = configured
        if configured and configured != f"0x{code_hash.hex()}":
            self._tell(block, contract.address, f"code of hash {configured}", f"0x{code_hash.hex()}", "code")
        elif code_hash.hex() == _EMPTY_CODE and not int(contract.facts.get("from_block", 0)) > block:
            told = f"a {own}"
            self._tell(block, contract.address, told, "no code", "code")
        elif known and known != own:
            self._tell(block, contract.address, f"a {own}", f"the code of {known}", "code")
        for start, cells in self._anatomy.storage.items():
            if code is not None and any(each.startswith(start) for each in code_hashes(code)):
                self._cells[contract.address] = cells

    def _created(self, contract: Contract) -> None:
        """Hold the block of a contract's creation against the state before and after it."""
        blocks = creation_blocks(self._subject, contract)
        found = [self._words(block, contract.address, [], must=False) for block in blocks]
        if not found or None in found:
            return
        before, after = (each is not None and each.code_hash.hex() != _EMPTY_CODE for each in found)
        told = f"{contract.role} created in block {blocks[-1]}"
        if not after:
            self._tell(blocks[-1], contract.address, told, "no code yet", "from_block")
        elif not before:
            self._proved.created.append(contract.address)
        elif blocks[-1] > self._subject.first:
            self._tell(blocks[0], contract.address, told, "code before it", "from_block")

    def _known(self, block: int, address: str, code_hash: bytes) -> tuple[str, bytes | None]:
        """Role and version that the code is known to be of, and the code itself where somebody has it."""
        header, raw = self._headers[block], bytes.fromhex(address[2:])

        def problem(code: bytes) -> Contradiction | None:
            found = keccak(code)
            if found == code_hash:
                return None
            told, proved = f"code of hash 0x{found.hex()}", f"0x{code_hash.hex()}"
            return Contradiction(block, "code", address, told, proved, "the state root")

        code = self._tellers.code(header, raw, problem)
        if isinstance(code, Contradiction):
            self._proved.contradictions.append(code)
            code = None
        hashes = {code_hash.hex()} if code is None else set(code_hashes(code))
        if code is not None:
            self._keep(block, raw, "code", code.hex(), {})
        known = (of for start, of in self._anatomy.codes.items() if any(each.startswith(start) for each in hashes))
        return next(known, ""), code

    def _initial(self, contract: Contract | None, address: str, parameters: Mapping[str, str]) -> None:
        if contract is None:
            why = "no contract of the deployment"
            self._proved.initial_left[address] = dict.fromkeys(parameters, why)
            self._proved.unproved.append(f"initial parameters of {address}: {why}")
            return
        block = initial_block(self._subject, contract)
        cells = self._cells.get(address, {})
        wanted = {name: value for name, value in parameters.items() if name in cells}
        found = self._compare(block, contract, wanted, "initial_state") if wanted else []
        if found:
            self._proved.initial[address] = found
        left = sorted(set(parameters) - set(found))
        if left:
            why = "the storage of this code is on no record"
            if address not in self._proved.codes or (wanted and not found):
                why = "no teller offers proofs of state there"
            self._proved.initial_left[address] = dict.fromkeys(left, why)
            self._proved.unproved.append(f"initial parameters of {contract.role} {address}: {', '.join(left)}: {why}")

    def _readings(self, readings: Sequence[ReadingRow]) -> None:
        by_place: dict[tuple[int, str], dict[str, str]] = {}
        for row in readings:
            header = self._headers.get(row.block_number)
            block = {} if header is None else {"block.timestamp": header.timestamp, "block.baseFee": header.base_fee}
            if not row.contract and row.view in block:
                proved = str(block[row.view])
                self._say(row.contract, row.view, BY_HEADER)
                if row.value != proved:
                    wrong = Contradiction(row.block_number, "readings", row.view, str(row.value), proved, "the header")
                    self._proved.contradictions.append(wrong)
            elif row.view in self._cells.get(row.contract.lower(), {}):
                problem = _not_an_answer(row)
                if problem is not None:
                    self._proved.contradictions.append(problem)
                else:
                    by_place.setdefault((row.block_number, row.contract.lower()), {})[row.view] = str(row.value)
            elif row.contract.lower() in self._subject.contracts.keys() - self._proved.codes.keys():
                self._say(row.contract, row.view, NOBODY)
            else:
                self._say(row.contract, row.view, COMPUTED)
        for (block_number, address), values in sorted(by_place.items()):
            found = self._compare(block_number, self._subject.contracts[address], values, "readings")
            for view in values:
                self._say(address, view, BY_ROOT if view in found else NOBODY)

    def _say(self, contract: str, view: str, how: str) -> None:
        self._proved.views[contract.lower(), view, how] += 1

    def _compare(self, block: int, contract: Contract, values: Mapping[str, str], subject: str) -> list[str]:
        """Hold values against storage; return the names of those that a state root speaks of."""
        cells = {name: self._cells[contract.address][name] for name in values}
        slots = {name: slots_of(cell, values[name]) for name, cell in cells.items()}
        wanted = sorted({slot for each in slots.values() for slot in each})
        words = self._words(block, contract.address, wanted)
        if words is None:
            return []
        code = self._proved.codes.get(contract.address, {})
        if "proxy_of" not in code and code.get("hash") != f"0x{words.code_hash.hex()}":
            self._tell(block, contract.address, "another code", f"0x{words.code_hash.hex()}", "code")
            return []
        for name, told in values.items():
            proved = value_in(cells[name], [words.storage[slot] for slot in slots[name]])
            if told.lower() != proved:
                wrong = Contradiction(block, subject, f"{contract.address} {name}", told, proved, "the state root")
                self._proved.contradictions.append(wrong)
        return sorted(values)

    def _tell(self, block: int, address: str, told: str, proved: str, subject: str) -> None:
        self._proved.contradictions.append(Contradiction(block, subject, address, told, proved, "the state root"))


def _not_an_answer(row: ReadingRow) -> Contradiction | None:
    """Why a reading is none of what a storage word answers: that has no arguments, and does not revert."""
    place = f"{row.contract} {row.view}"
    if row.arguments:
        told = f"arguments {row.arguments[:40]}"
        return Contradiction(row.block_number, "readings", place, told, "none", "the code")
    if row.value is None or row.revert is not None:
        return Contradiction(row.block_number, "readings", place, "it reverted", "a value", "the code")
    return None
