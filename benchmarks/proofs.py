"""What a proof costs: `python -m benchmarks.proofs`.

Headers verified a second, from RLP and from a node on the loopback; the share of a fetch that is verification; receipts
and transactions of two mainnet blocks; and how many blocks blooms make a proof open in vain, measured on these two and
estimated from the gas that blocks use. It needs the extra `benchmark`.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import random
import sys
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt

MAINNET = Path(__file__).resolve().parent.parent / "tests" / "data" / "mainnet"
HEADERS = 16_384
VALUES_A_MEGAGAS = 30
"""Addresses and topics that set bits of a bloom, for each million gas: 31 and 28 in the two blocks."""
_BITS, _A_VALUE = 2048, 3


def mainnet_headers(count: int) -> list[Header]:
    """Headers of today's size, each the parent of the next: roots at random, blooms as full as a block of 15 M gas."""
    from keep3r_replay.proof.blooms import bloom_of
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.rlp import integer

    choose = random.Random(1)
    blooms = [bloom_of(choose.randbytes(20) for _ in range(450)) for _ in range(64)]
    found: list[Header] = []
    parent = bytes(32)
    for number in range(count):
        roots = [choose.randbytes(32) for _ in range(3)]
        fields = [parent, choose.randbytes(32), choose.randbytes(20), *roots, blooms[number % 64], b""]
        fields += [integer(number), integer(30_000_000), integer(15_000_000 + number), integer(1_700_000_000 + number)]
        fields += [b"a builder of blocks", choose.randbytes(32), bytes(8), integer(10**10), choose.randbytes(32)]
        fields += [b"", b"", choose.randbytes(32), choose.randbytes(32)]
        found.append(Header(fields))
        parent = found[-1].hash
    return found


def _json(header: Header) -> dict[str, str]:
    from keep3r_replay.proof.header import FIELDS

    numbers = {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
    }
    return {
        name: hex(int.from_bytes(field, "big")) if name in numbers else f"0x{field.hex()}"
        for name, field in zip(FIELDS, header.fields, strict=False)
    }


def _serve(port: Any, told: list[bytes]) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            many = asked if isinstance(asked, list) else [asked]
            parts = [
                b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (each["id"], told[int(each["params"][0], 16)])
                for each in many
            ]
            content = b"[" + b",".join(parts) + b"]" if isinstance(asked, list) else parts[0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_headers() -> None:
    """Print headers a second."""
    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.proof.blooms import may_hold
    from keep3r_replay.proof.header import header_from_rlp, header_of
    from keep3r_replay.proof.node import NodeTeller
    from keep3r_replay.proof.tellers import Tellers

    headers = mainnet_headers(HEADERS)
    rlps, texts = [header.rlp for header in headers], [_json(header) for header in headers]
    addresses = [random.Random(2).randbytes(20) for _ in range(6)]
    rates = {
        "from RLP (kept, history files)": _seconds(lambda: [header_from_rlp(rlp) for rlp in rlps]),
        "from parsed JSON": _seconds(lambda: [header_of(told) for told in texts]),
        "blooms held against 6 addresses": _seconds(lambda: may_hold([header.bloom for header in headers], addresses)),
    }
    for name, seconds in rates.items():
        print(f"headers {name}: {int(HEADERS / seconds):,}/s")
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=_serve, args=(theirs, [json.dumps(told).encode() for told in texts]), daemon=True
    )
    process.start()
    teller = NodeTeller(NodeClient([f"http://127.0.0.1:{ours.recv()}"]), "endpoint 1")
    start, used = time.monotonic(), time.process_time()
    Tellers([teller]).headers(0, HEADERS - 1, headers[-1].hash)
    wall, cpu = time.monotonic() - start, time.process_time() - used
    received = teller.client.statistics.bytes_received
    print(f"headers fetched from the loopback: {int(HEADERS / wall):,}/s, {int(HEADERS / cpu):,}/s of own CPU")
    print(f"a header as JSON without its transactions: {received // HEADERS:,} bytes")
    process.terminate()


def _blocks() -> dict[int, tuple[dict[str, Any], list[Receipt]]]:
    from keep3r_replay.proof.receipts import Log, Receipt
    from keep3r_replay.proof.rlp import integer

    def rows(name: str) -> list[dict[str, Any]]:
        path = next(MAINNET.glob(f"*{name}.json.gz"))
        return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]

    logs: dict[str, list[Log]] = defaultdict(list)
    for row in sorted(rows("logs"), key=lambda row: (row["block_number"], row["log_index"])):
        address, data = bytes.fromhex(row["address"][2:]), bytes.fromhex(row["data"][2:])
        logs[row["transaction_hash"]].append(
            Log(address, tuple(bytes.fromhex(each[2:]) for each in row["topics"]), data)
        )
    receipts: dict[int, list[Receipt]] = defaultdict(list)
    for row in sorted(rows("transactions"), key=lambda row: (row["block_number"], row["transaction_index"])):
        status, gas = integer(row["receipt_status"]), row["receipt_cumulative_gas_used"]
        receipts[row["block_number"]].append(Receipt(row["transaction_type"], status, gas, tuple(logs[row["hash"]])))
    return {row["number"]: (row, receipts[row["number"]]) for row in rows("blocks")}


def measure_blocks() -> None:
    """Print what opening the two blocks takes, and how often their blooms allow for an address that is not there."""
    from keep3r_replay.proof.blooms import may_hold
    from keep3r_replay.proof.receipts import receipts_root
    from keep3r_replay.proof.rlp import encode

    choose = random.Random(3)
    others = [choose.randbytes(20) for _ in range(20_000)]
    for number, (block, receipts) in sorted(_blocks().items()):
        bloom = bytes.fromhex(block["logs_bloom"][2:])
        seconds = min(_seconds(lambda mine=receipts: receipts_root(mine)) for _ in range(5))
        vain = sum(bool(may_hold([bloom], [address])[0]) for address in others)
        full = int.from_bytes(bloom, "big").bit_count()
        kept = len(encode([receipt.slim() for receipt in receipts]))
        print(
            f"block {number}: {block['gas_used'] / 1e6:.1f} M gas, {len(receipts)} receipts, "
            f"root in {seconds * 1e3:.1f} ms, {kept:,} bytes slim; "
            f"bloom {full / _BITS:.1%} full, allows for {vain / len(others):.2%} of others"
        )


def share_opened(megagas: float, addresses: int) -> float:
    """Share of blocks of so much gas whose bloom allows for one of so many quiet addresses."""
    full = 1 - (1 - 1 / _BITS) ** (_A_VALUE * VALUES_A_MEGAGAS * megagas)
    return 1 - (1 - full**_A_VALUE) ** addresses


def estimate() -> None:
    """Print the share of blocks opened in vain, by gas and number of addresses."""
    counts = (1, 4, 6, 12, 24)
    print("opened in vain  " + "".join(f"{count:>9} addr." for count in counts))
    for megagas in (10, 12, 15, 18, 24, 30):
        shares = "".join(f"{share_opened(megagas, count):>14.1%}" for count in counts)
        print(f"{megagas:>8} M gas   {shares}")


def main() -> int:
    """Measure and print."""
    measure_headers()
    measure_blocks()
    estimate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
