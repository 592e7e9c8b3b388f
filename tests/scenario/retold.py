"""A recorded history told again as a script: each call that it made, in the words of the scenario language.

What a call is given is taken from the recording: who, how much, and the gas that events tell. What it leads to is not:
rewards, credits, payments, prices, and what arrives of tokens that keep a part are the simulation's.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES, Payment
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import KEEP3R_CALLS
from keep3r_replay.protocols.keep3r_v2.scenario.real_history import Given
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from tests.scenario.retold_calls import TOLD_BY_EVENT, TOLD_BY_INPUT

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from tests.scenario.retold_calls import Item

SET_PRICE = "2be88656"
"""Selector of the recorded jobs' `setUsd(uint256)`: what they ask for a unit of gas from then on."""
WORK_FOR = "d819b653"
"""Selector of the recorded jobs' function that validates one keeper and pays another."""
NOBODY = "0x" + "0" * 40
UNTOLD = (
    "events/uniswap_v3_pool.Collect",
    "events/keep3r.DustSent",
    "events/uniswap_v3_pool.Flash",
)
"""Events that the language has no call for, or that tell fees of positions; no credit or price follows from them."""


def is_told(table: str) -> bool:
    """Whether the simulation should have the event: of Keep3r, helpers, pools, liquidity tokens, the escrow."""
    role, name = table.removeprefix("events/").split(".")
    if table in UNTOLD or role not in {"keep3r", "keep3r_helper", "uniswap_v3_pool", "pair_manager", "escrow"}:
        return False
    if role == "pair_manager":
        return name == "Transfer"
    return role != "escrow" or name in {"wKP3RDeposited", "wKP3RMinted"}


def told_events(lake: Lake) -> list[tuple[int, str, dict[str, Any]]]:
    """The events of a lake that a simulation should have, in order: block, table, columns."""
    found = []
    for table in (name for name in lake.manifest.tables() if name.startswith("events/") and is_told(name)):
        frame = lake.scan(table).with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect()
        found += [(row["block_number"], row["log_index"], table, row) for row in frame.iter_rows(named=True)]
    found.sort(key=lambda event: event[:2])
    return [(block, table, row) for block, _, table, row in found]


class Retelling:
    """The script of a recording, with its audit, which tells how each work was paid."""

    def __init__(self, lake: Lake, works: pl.DataFrame, token_fees: dict[str, int]) -> None:
        self.lake = lake
        self._version = next(each.version for each in lake.deployment.contracts if each.role == "keep3r")
        self._keep3r = next(each.address for each in lake.deployment.contracts if each.role == "keep3r")
        self._pairs = {each.address for each in lake.deployment.contracts if each.role == "pair_manager"}
        self._tokens = {
            each.address: (each.facts["token0"], each.facts["token1"])
            for each in lake.deployment.contracts
            if each.role == "uniswap_v3_pool"
        }
        self._works = {(row["block_number"], row["log_index"]): row for row in works.iter_rows(named=True)}
        self._token_fees = token_fees
        self._prices: dict[str, int] = {}
        blocks = lake.scan("blocks").select("number", "timestamp", pl.col("base_fee_per_gas").cast(pl.Int128)).collect()
        self.times = dict(blocks.select("number", "timestamp").iter_rows())
        self._fees = dict(blocks.select("timestamp", "base_fee_per_gas").iter_rows())

    def given(self) -> Given:
        """Blocks, base fees and what was read when: of the recording."""
        keys: dict[int, list[tuple[str, str, str, str]]] = {}
        frame = self.lake.scan("readings").select("block_number", "contract", "view", "arguments", "source").collect()
        for block, *key in frame.iter_rows():
            keys.setdefault(self.times[block], []).append(tuple(key))
        return Given("the recording", list(self.times.values()), self._fees, {}, keys, {})

    def scenario(self, source: str) -> Any:
        """The scenario: one script, in which every call comes in its block."""
        calls = self.calls()
        start = self.times[0]
        script: list[Item] = []
        for (before, _), (time, item) in pairwise([(start + 1, {}), *calls]):
            script += [{"wait": time - before}, item] if time > before else [item]
        router = next(row["owner"] for _, _, row in self._mints() if row["owner"] not in self._pairs)
        return scenario_from(
            {
                "name": "retold",
                "version": self._version,
                "start": start,
                "block_time": 0,
                "given": source,
                "addresses": {"router": router},
                "token_fees": self._token_fees,
                "script": script,
            }
        )

    def _mints(self) -> list[tuple[int, str, dict[str, Any]]]:
        return [event for event in told_events(self.lake) if event[1] == "events/uniswap_v3_pool.Mint"]

    def calls(self) -> list[tuple[int, Item]]:
        """Each call with its time, in order."""
        place = ["block_number", "transaction_index"]
        scan = self.lake.scan("transactions").filter(pl.col("status") == 1).select(*place, "to", "input")
        inputs = {(block, index): (to, data) for block, index, to, data in scan.collect().iter_rows()}
        events = {
            key: [(table.removeprefix("events/"), row) for _, table, row in group]
            for key, group in groupby(told_events(self.lake), lambda event: (event[0], event[2]["transaction_index"]))
        }
        made: list[tuple[int, Item]] = []
        for key in sorted({*inputs, *events}):
            to, data = inputs.get(key, ("", b""))
            if data[:4].hex() == SET_PRICE:
                self._prices[to] = int.from_bytes(data[4:36], "big")
            made += [(self.times[key[0]], item) for item in self._items(data, events.get(key, []))]
        return made

    def _items(self, data: bytes, events: list[tuple[str, dict[str, Any]]]) -> list[Item]:
        events = [event for event in events if event[0] != "keep3r.LiquidityCreditsReward"]
        items: list[Item] = []
        validation: Item | None = None
        for number, (table, row) in enumerate(events):
            if table == "keep3r.KeeperValidation":
                after = events[number + 1] if number + 1 < len(events) else None
                keeper = "0x" + data[16:36].hex()
                if after is not None and after[0] == "keep3r.KeeperWork" and data[:4].hex() != WORK_FOR:
                    validation = {"initial_gas": row["gas_left"]}
                else:
                    items.append({"do": "validate", "keeper": keeper, "initial_gas": row["gas_left"]})
            elif table == "keep3r.KeeperWork":
                items += self._work(row, validation)
                validation = None
            else:
                items += self._item(table, row, data, events)
        return items

    def _work(self, row: dict[str, Any], validation: Item | None) -> list[Item]:
        told = self._works[row["block_number"], row["log_index"]]
        item: Item = {"job": row["job"], "keeper": row["keeper"], "gas_left": row["gas_left"]}
        silent: list[Item] = []
        if validation is None:
            item |= {"validates": False, "initial_gas": row["gas_left"]}
        else:
            item |= validation
        if told["class"] == "token_payment":
            return [{"do": "token_payment", "token": row["credit"], "amount": row["payment"], **item}]
        if told["class"] == "own_payment":
            return [{"do": "bonded_payment", "amount": row["payment"], **item}]
        if told["explanation"] == "solved_gas":
            silent = [{"do": "validate", "keeper": "nobody", "initial_gas": int(told["initial_gas"])}]
        rule = RULES[self._version].payment
        if rule is Payment.USD_PRICE:
            item["usd_per_gas_unit"] = self._prices[row["job"]]
        elif rule is not Payment.LIVE_PRICE:
            item["payment"] = row["payment"]
        return [*silent, {"do": "work", **item}]

    def _item(
        self, table: str, row: dict[str, Any], data: bytes, events: list[tuple[str, dict[str, Any]]]
    ) -> list[Item]:
        role, name = table.split(".")
        if table in TOLD_BY_EVENT:
            do, columns = TOLD_BY_EVENT[table]
            return [{"do": do, **{argument: row[column] for argument, column in columns.items()}}]
        if name in TOLD_BY_INPUT:
            call = KEEP3R_CALLS[data[:4].hex()]
            return [TOLD_BY_INPUT[name](row, call.signature, call.decode(data))]
        if name.endswith("Change"):
            column = list(row)[6]
            item = {"name": column, "value": row[column]}
            if role == "keep3r":
                return [{"do": "set_parameter", **item}]
            return [{"do": "set_helper_parameter", "helper": row["address"], **item}]
        if role == "uniswap_v3_pool":
            return self._market(name, row, events)
        if name == "wKP3RDeposited" and row["sender"] != self._keep3r:
            return [{"do": "deposit", "provider": row["sender"], "amount": row["amount"]}]
        if name == "Transfer" and not {row["from"], row["to"]} & {self._keep3r, NOBODY}:
            told = {"pair": row["address"], "provider": row["from"], "to": row["to"], "amount": row["value"]}
            return [{"do": "transfer_liquidity", **told}]
        # Other transfers, deposits of Keep3r and what it mints follow from the other calls.
        return []

    def _market(self, name: str, row: dict[str, Any], events: list[tuple[str, dict[str, Any]]]) -> list[Item]:
        pool = row["address"]
        if name == "Initialize":
            price = int.from_bytes(row["sqrt_price_x96"], "big")
            return [{"do": "create_pool", "pool": pool, "sqrt_price_x96": price}]
        if name == "Swap":
            token0, token1 = self._tokens[pool]
            paid, sold = (row["amount0"], token0) if row["amount0"] > 0 else (row["amount1"], token1)
            return [{"do": "swap", "pool": pool, "amount_in": paid, "sells": sold}]
        if row["owner"] in self._pairs:
            moved = next(each for table, each in events if table == "pair_manager.Transfer")
            if name == "Mint":
                return [
                    {"do": "mint_liquidity", "pair": row["owner"], "provider": moved["to"], "amount": row["amount"]}
                ]
            return [{"do": "burn_liquidity", "pair": row["owner"], "provider": moved["from"], "amount": row["amount"]}]
        position = {"lower": row["tick_lower"], "upper": row["tick_upper"], "liquidity": row["amount"]}
        return [{"do": "provide" if name == "Mint" else "remove", "pool": pool, **position}]
