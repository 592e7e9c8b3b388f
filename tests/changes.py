"""Single changes to a recorded history, and the place at which each must show first.

A change comes with the place, in the words of a finding, that follows from the recording itself: the changed event, or
the first reading of the contract that contradicts it. What the model predicts for later works and rewards can only
bring that forward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from histories import place, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from histories import History

    from keep3r_replay.replay.audit import Audit

from edits import (
    ADDITION,
    BLOCK_WIDE,
    MINT,
    MISMATCHES,
    PARAMETERS,
    READINGS,
    REWARD,
    SWAP,
    TRANSFER,
    VALIDATION,
    WORK,
    Change,
    at_reading,
    edit,
    is_a,
    removal,
    swapping,
    transactions,
    works,
)


def exact_payment(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """One wei more in a payment by the formula."""
    for where in works(audit, "exact"):
        yield Change(edit(where, 0, word(history.log(*where), 0) + 1), where[0], where, frozenset({"payment_mismatch"}))


def reward_field(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """One more in a field of a reward event."""
    for log in history.logs:
        if is_a(log, REWARD):
            field = random.randrange(3)
            yield Change(
                edit(place(log), field, word(log, field) + 1),
                place(log)[0],
                place(log),
                frozenset({"reward_mismatch", "unexpected_reward"}),
            )


def own_payment(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """One wei more in a payment that the job chose."""
    for where in works(audit, "own_payment"):
        log = history.log(*where)
        keeper = "0x" + log["topics"][3][26:]
        yield Change(
            edit(where, 0, word(log, 0) + 1),
            where[0],
            at_reading(history, where[0], "keepers", keeper, "workCompleted"),
            READINGS | MISMATCHES | {"impossible_call"},
            moves_predictions=True,
        )


def token_payment(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """One wei more in a payment in tokens; where it took the last of them, the contract would have refused."""
    for where in works(audit, "token_payment"):
        log = history.log(*where)
        token, job = ("0x" + log["topics"][i][26:] for i in (1, 2))
        path = ("jobs", job, "jobTokenCredits", token)
        reading = at_reading(history, where[0], *path)
        if reading[0] == where[0] and history.reading(where[0], *path) == "0":
            same = [place(each) for each in history.logs if each["topics"][:3] == log["topics"][:3]]
            reading = max(each for each in same if each[0] == where[0])
        yield Change(edit(where, 0, word(log, 0) + 1), where[0], reading, READINGS | {"impossible_call"})


def removed_swap(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """A swap that is not told: the pool's next swap, or its next reading, does not follow from what came before."""
    swaps = [log for log in history.logs if is_a(log, SWAP)]
    for position, log in enumerate(swaps):
        where = place(log)
        following = next((place(other) for other in swaps[position + 1 :] if other["address"] == log["address"]), None)
        reading = at_reading(history, where[0], "pools", log["address"], "slot0")
        yield Change(
            removal(where),
            where[0],
            min(following or reading, reading),
            READINGS | MISMATCHES | {"event_mismatch"},
            moves_predictions=True,
        )


def removed_addition(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """Liquidity that nobody added: a direct call lacks its event; else the reward event before it has no cause."""
    targets = {each["hash"]: (each.get("to") or "").lower() for each in history.transactions}
    for group in transactions(history):
        for log in group:
            if is_a(log, ADDITION):
                job = log["topics"][1]
                cause = [
                    each
                    for each in group
                    if is_a(each, REWARD) and each["topics"][1] == job and place(each) < place(log)
                ]
                is_direct = targets[log["transactionHash"]] == log["address"].lower()
                shows_at = (place(log)[0], BLOCK_WIDE) if is_direct else place(cause[-1])
                kind = "missing_event" if is_direct else "unexpected_reward"
                yield Change(removal(place(log)), place(log)[0], shows_at, frozenset({kind}))


def changed_base_fee(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """Another base fee: the first work of the block whose payment depends on it, or the block's reading."""
    of_works = {block for block, _ in works(audit, "exact", "stale_gas")}
    for position, block in enumerate(history.blocks):
        number = int(block["number"], 16)
        reading = at_reading(history, number)
        if number in of_works and reading[0] == number:
            fee = int(block["baseFeePerGas"], 16) + random.choice([1, 10**9, 10**11])

            def apply(changed: History, position: int = position, fee: int = fee) -> None:
                changed.blocks[position]["baseFeePerGas"] = hex(fee)

            yield Change(apply, number, reading, READINGS | MISMATCHES, moves_predictions=True)


def removed_parameter(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """A parameter that nobody changed: its transaction lacks its event, before any event that depends on it."""
    for log in history.logs:
        if log["topics"][0] in PARAMETERS:
            where = place(log)
            yield Change(
                removal(where),
                where[0],
                (where[0], BLOCK_WIDE),
                READINGS | MISMATCHES | {"missing_event", "event_mismatch"},
                moves_predictions=True,
            )


def changed_parameter(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    """A parameter set to another value than its transaction asked for."""
    for log in history.logs:
        if log["topics"][0] in PARAMETERS and word(log, 0) < 2**128:
            yield Change(
                edit(place(log), 0, word(log, 0) + 1), place(log)[0], place(log), frozenset({"input_mismatch"})
            )


def _swapped(first: str, second: str, same: Callable[[dict, dict], bool]) -> Callable[..., Iterator[Change]]:
    def changes(history: History, audit: Audit, random: Random) -> Iterator[Change]:
        for group in transactions(history):
            for position, log in enumerate(group):
                if not is_a(log, first):
                    continue
                other = next((each for each in group[position + 1 :] if is_a(each, second) and same(log, each)), None)
                if other is not None:
                    yield Change(
                        swapping(place(log), place(other)),
                        place(log)[0],
                        place(log),
                        MISMATCHES | {"event_mismatch", "impossible_call"},
                    )

    return changes


def _validation_and_work(history: History, audit: Audit, random: Random) -> Iterator[Change]:
    exact = set(works(audit, "exact"))
    swap = _swapped(VALIDATION, WORK, lambda _, work: place(work) in exact)
    for change in swap(history, audit, random):
        group = [log for log in history.logs if place(log)[0] == change.block]
        if sum(is_a(log, VALIDATION) for log in group) == 1:
            yield change


CHANGES: dict[str, Callable[[History, Audit, Random], Iterator[Change]]] = {
    "exact_payment": exact_payment,
    "reward_field": reward_field,
    "own_payment": own_payment,
    "token_payment": token_payment,
    "removed_swap": removed_swap,
    "removed_addition": removed_addition,
    "changed_base_fee": changed_base_fee,
    "removed_parameter": removed_parameter,
    "changed_parameter": changed_parameter,
    "swapped_validation_and_work": _validation_and_work,
    "swapped_reward_and_work": _swapped(REWARD, WORK, lambda reward, work: reward["topics"][1] == work["topics"][2]),
    "swapped_transfer_and_addition": _swapped(
        TRANSFER, ADDITION, lambda transfer, addition: word(transfer, 0) == word(addition, 0)
    ),
    "swapped_mint_and_transfer": _swapped(MINT, TRANSFER, lambda mint, transfer: word(mint, 1) == word(transfer, 0)),
    "swapped_swaps": _swapped(
        SWAP, SWAP, lambda one, other: one["address"] == other["address"] and word(one, 4) != word(other, 4)
    ),
}
