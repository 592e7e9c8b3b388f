"""Every kind of single change: to each field of each event, to events as a whole, to transactions, to blocks."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from histories import place, set_word, swap_contents, word

from keep3r_replay.evm.abi import snake_case
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from histories import History

    from keep3r_replay.evm.abi import Event, Parameter
    from keep3r_replay.replay.audit import Audit

BY_TOPIC: dict[str, tuple[str, Event]] = {
    "0x" + event.topic0.hex(): (role, event)
    for role, versions in PROTOCOL.events.items()
    for events in versions.values()
    for event in events
}
"""Role of the emitter, and event, by topic 0."""


class Mutation(NamedTuple):
    """One change: where it is (log index None: a transaction or a block as a whole), and how to make it."""

    kind: str
    block: int
    log_index: int | None
    transaction: str
    apply: Callable[[History], None]


def mutations(history: History, clean: Audit, random: Random, per_kind: int) -> Iterator[Mutation]:
    """Up to `per_kind` changes of every kind, at places chosen by `random`."""
    found: dict[str, list[Mutation]] = {}
    for mutation in (
        *_of_logs(history, clean, random),
        *_of_works(history, clean, random),
        *_of_orders(history),
        *_of_transactions(history, clean, random),
        *_of_blocks(history),
    ):
        found.setdefault(mutation.kind, []).append(mutation)
    for kind in sorted(found):
        yield from random.sample(found[kind], min(per_kind, len(found[kind])))


def name_of(log: dict) -> str:
    """The name of a log's event, with its emitter's role; empty for one of no declared event."""
    role, event = BY_TOPIC.get(log["topics"][0], ("", None))
    return f"{role}.{event.name}" if event is not None else ""


def _at(kind: str, log: dict, apply: Callable[[dict, History], None]) -> Mutation:
    where = place(log)
    return Mutation(kind, *where, log["transactionHash"], lambda history: apply(history.log(*where), history))


# LOGS


def _of_logs(history: History, clean: Audit, random: Random) -> Iterator[Mutation]:
    checked = _checked(clean)
    works = [log for log in history.logs if name_of(log) == "keep3r.KeeperWork"]
    targets = {each["hash"]: (each.get("to") or "").lower() for each in history.transactions}
    for log in history.logs:
        name = name_of(log)
        if not name:
            continue
        _, event = BY_TOPIC[log["topics"][0]]
        target = targets.get(log["transactionHash"])
        how = " (direct call)" if target == log["address"].lower() and target in checked else ""
        yield _at(f"{name} removed{how}", log, lambda own, changed: changed.logs.remove(own))
        yield _at(f"{name} doubled{how}", log, _double)
        if how and works and name.startswith("keep3r.") and name.endswith("Change"):
            yield _at(f"{name}: a forged KeeperWork behind it", log, partial(_double, other=random.choice(works)))
        topics = words = 0
        for parameter in event.parameters:
            position = topics + 1 if parameter.indexed else words
            topics, words = topics + parameter.indexed, words + (not parameter.indexed)
            edit = partial(_edit, parameter=parameter, position=position, random=random)
            yield _at(f"{name}.{snake_case(parameter.name)} changed", log, edit)


def _double(log: dict, history: History, other: dict | None = None) -> None:
    """Insert the log once more, or what another one says, right behind it; the block's later logs move on by one."""
    at = history.logs.index(log)
    twin = deepcopy(log)
    if other is not None:
        twin |= {key: deepcopy(other[key]) for key in ("address", "topics", "data")}
    for later in history.logs[at + 1 :]:
        if later["blockNumber"] != log["blockNumber"]:
            break
        later["logIndex"] = hex(int(later["logIndex"], 16) + 1)
    twin["logIndex"] = hex(int(log["logIndex"], 16) + 1)
    history.logs.insert(at + 1, twin)


def _edit(log: dict, _history: History, parameter: Parameter, position: int, random: Random) -> None:
    """Change a field by as little as its type allows: an amount by one, an address by its last digit."""
    old = int(log["topics"][position], 16) if parameter.indexed else word(log, position)
    if parameter.type == "bool":
        new = 1 - old
    elif parameter.type == "address":
        new = old ^ 1
    else:
        bits = parameter.bits or 256
        value = old - (1 << 256) if parameter.signed and old >> 255 else old
        lowest, highest = (-(1 << bits - 1), (1 << bits - 1) - 1) if parameter.signed else (0, (1 << bits) - 1)
        steps = [step for step in (-1, 1) if lowest <= value + step <= highest]
        new = (value + random.choice(steps)) % (1 << 256)
    if parameter.indexed:
        log["topics"][position] = f"0x{new:064x}"
    else:
        set_word(log, position, new)


# WORKS


def _of_works(history: History, clean: Audit, random: Random) -> Iterator[Mutation]:
    columns = ("block_number", "log_index", "class", "payment", "initial_gas", "boost", "one_eth_quote", "extra_gas")
    columns = (*columns, "usd_per_gas_unit")
    has_live_price = clean.summary["version"] in {"2.2", "2.3"}
    for block, index, kind, payment, *terms, usd in clean.tables["works"].select(columns).iter_rows():
        log = history.log(block, index)
        factor = random.choice((107, 120, 135, 150, 165, 180))
        for name, new in (
            ("a billionth more", int(payment) + int(payment) // 10**9),
            ("73 wei less", max(0, int(payment) - 73)),
            ("7 to 80 % more", int(payment) * factor // 100),
            ("half", int(payment) // 2),
        ):
            if new != int(payment):
                yield _at(f"{kind} payment: {name}", log, partial(_set, position=0, value=new))
        if kind == "exact" and usd is not None:
            meter, boost, quote, extra = map(int, terms)
            gas = meter - word(log, 1) + extra
            dearer = gas * boost // 10_000 * (quote * (int(usd) + 1)) // 10**18
            yield _at("exact payment: at a price one unit higher", log, partial(_set, position=0, value=dearer))
        if kind == "exact" and None not in terms and has_live_price:
            meter, boost, quote, extra = map(int, terms)
            left = word(log, 1)
            lower = meter - 13 * (meter - left + extra) + extra
            if lower > 0:
                paid = (meter - lower + extra) * boost // 10_000 * quote // 10**18
                forge = partial(_forge, paid=paid, left=lower)
                yield _at("exact payment: 13 times, with the gas left that fits", log, forge)


def _set(log: dict, _history: History, position: int, value: int) -> None:
    set_word(log, position, value)


def _forge(log: dict, _history: History, paid: int, left: int) -> None:
    set_word(log, 0, paid)
    set_word(log, 1, left)


# ORDER


def _of_orders(history: History) -> Iterator[Mutation]:
    """Neighbours of one transaction that change places, by their names."""
    for first, second in zip(history.logs, history.logs[1:], strict=False):
        if first["transactionHash"] != second["transactionHash"] or not (name_of(first) and name_of(second)):
            continue
        if name_of(first) == name_of(second) and first["topics"] == second["topics"]:
            continue
        kind = f"{name_of(first)} and {name_of(second)} change places"
        yield _at(kind, first, partial(_swap, other=place(second)))


def _swap(log: dict, history: History, other: tuple[int, int]) -> None:
    swap_contents(log, history.log(*other))


# TRANSACTIONS AND BLOCKS


def _checked(clean: Audit) -> frozenset[str]:
    """Contracts whose direct calls are known: Keep3r and its helpers."""
    return frozenset(each.address for each in clean.lake.deployment.contracts if each.role in PROTOCOL.direct_calls)


def _of_transactions(history: History, clean: Audit, random: Random) -> Iterator[Mutation]:
    checked = _checked(clean)
    keep3r = {each.address for each in clean.lake.deployment.contracts if each.role.startswith("keep3r")}
    with_logs = {log["transactionHash"] for log in history.logs}
    for position, transaction in enumerate(history.transactions):
        if transaction["hash"] not in with_logs or not transaction.get("to"):
            continue
        target = transaction["to"].lower()
        direct = "direct call" if target in checked else "call through another contract"
        direct = direct if target not in checked - keep3r else "call of a pool, pair manager, factory or escrow"

        def at(kind: str, apply: Callable[[dict], None], position: int = position, call: str = direct) -> Mutation:
            own = history.transactions[position]
            return Mutation(
                f"{call}: {kind}",
                int(own["blockNumber"], 16),
                None,
                own["hash"],
                lambda changed: apply(changed.transactions[position]),
            )

        yield at("failed, with its logs", lambda own: own.update(status="0x0"))
        yield at("sender replaced by a stranger", lambda own: own.update({"from": "0x" + "5a" * 20}))
        yield at("gas used one more", lambda own: own.update(gasUsed=hex(int(own["gasUsed"], 16) + 1)))
        yield at("another function", lambda own: own.update(input="0xdeadbeef" + own["input"][10:]))
        if len(transaction["input"]) >= 74:
            words = (len(transaction["input"]) - 10) // 64
            yield at("an argument changed", partial(_edit_input, position=random.randrange(words)))
        yield Mutation(
            f"{direct}: transaction removed",
            int(transaction["blockNumber"], 16),
            None,
            transaction["hash"],
            lambda changed, position=position: changed.transactions.pop(position) and None,
        )


def _edit_input(transaction: dict, position: int) -> None:
    start = 10 + 64 * position
    data = transaction["input"]
    value = int(data[start : start + 64], 16) ^ 1
    transaction["input"] = data[:start] + f"{value:064x}" + data[start + 64 :]


def _of_blocks(history: History) -> Iterator[Mutation]:
    with_logs = {log["blockNumber"]: log["transactionHash"] for log in history.logs}
    for position, block in enumerate(history.blocks):
        if block["number"] not in with_logs:
            continue
        number, transaction = int(block["number"], 16), with_logs[block["number"]]
        for kind, key in (("base fee one more", "baseFeePerGas"), ("gas used one more", "gasUsed")):
            yield Mutation(
                f"block: {kind}",
                number,
                None,
                transaction,
                lambda changed, position=position, key=key: _raise(changed.blocks[position], key),
            )
        following = history.blocks[position + 1] if position + 1 < len(history.blocks) else None
        if following is not None and int(following["timestamp"], 16) > int(block["timestamp"], 16) + 1:
            yield Mutation(
                "block: one second later",
                number,
                None,
                transaction,
                lambda changed, position=position: _raise(changed.blocks[position], "timestamp"),
            )


def _raise(block: dict, key: str) -> None:
    block[key] = hex(int(block[key], 16) + 1)
