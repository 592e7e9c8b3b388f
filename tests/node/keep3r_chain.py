"""The real Keep3r 2.0 with a real Uniswap V3 pool on a local chain, at the addresses its helper has built in."""

from __future__ import annotations

import random

from tests.node.anvil import Anvil, calldata, storage_of_mapping, word
from tests.node.packages import artifact

KP3R = "0x1cEB5cB57C4D4E2b2433641b95Dd330A33185A44"
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
FACTORY = "0x1F98431c8aD98523631AE4a59f267346ea31F984"
KP3R_WETH_POOL = "0x11B7a6bc0259ed6Cf9DB8F499988F9eCc7167bf5"

_OPEN_ZEPPELIN = "@openzeppelin/contracts/build/contracts"
_KEEP3R = "keep3r-v2/artifacts/solidity"
_RICH = 10**27
_MIN_SQRT_RATIO, _MAX_SQRT_RATIO = 4295128739, 1461446703485210103287273052203988822378723970342
_DAY = 86_400


class Keep3rChain:
    """Contracts and people of one local chain.

    Attributes:
        node: the chain.
        keep3r, helper, pool, liquidity, job: addresses; `liquidity` is the pool's pair manager.
        keepers: accounts that work.
    """

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.governance, self.provider, *rest = node.accounts
        self.keepers = rest[:3]
        self._place_tokens()
        self.pool = self._place_pool(KP3R, WETH, 10_000)
        self._deploy_keep3r()
        self.liquidity = self.create_pair_manager(self.pool)
        self._start_job()

    def _place_tokens(self) -> None:
        code = artifact(f"{_OPEN_ZEPPELIN}/ERC20PresetFixedSupply.json")["bytecode"]
        arguments = (("string", "T"), ("string", "T"), ("uint256", 1), ("address", self.governance))
        model = self.node.deploy(self.governance, code, *arguments)
        self.swapper = self._place_swapper()
        for token in (KP3R, WETH):
            self.node.rpc("anvil_setCode", token, self.node.rpc("eth_getCode", model, "latest"))
            self.node.rpc("anvil_setStorageAt", token, word(2), word(_RICH * 10))
            for owner in (*self.node.accounts, self.swapper):
                self.node.rpc("anvil_setStorageAt", token, storage_of_mapping("address", owner, 0), word(_RICH))

    def _place_pool(self, token_a: str, token_b: str, fee: int) -> str:
        code = artifact("@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json")["bytecode"]
        built = self.node.deploy(self.governance, code)
        # The factory refuses calls through another address than its own, which is written into its code.
        own = self.node.rpc("eth_getCode", built, "latest").replace(built[2:].lower(), FACTORY[2:].lower())
        self.node.rpc("anvil_setCode", FACTORY, own)
        self.node.rpc("anvil_setStorageAt", FACTORY, storage_of_mapping("uint24", fee, 4), word(200))
        data = calldata("createPool(address,address,uint24)", token_a, token_b, fee)
        receipt = self.node.transact(self.governance, FACTORY, data)
        pool = "0x" + receipt["logs"][0]["data"][-40:]
        price = 2**96 // 3
        self.node.transact(self.governance, pool, calldata("initialize(uint160)", price))
        self.node.transact(self.governance, pool, calldata("increaseObservationCardinalityNext(uint16)", 50))
        return pool

    def _place_swapper(self) -> str:
        """Create a contract that hands every call to the pool, and pays what the pool's callback asks for."""
        address = "0x" + "51" * 20
        self.node.rpc("anvil_setCode", address, swapper_code(KP3R_WETH_POOL, KP3R, WETH))
        return address

    def _deploy_keep3r(self) -> None:
        nonce = int(self.node.rpc("eth_getTransactionCount", self.governance, "latest"), 16)
        expected = _created_by(self.governance, nonce + 1)
        helper_code = artifact(f"{_KEEP3R}/contracts/Keep3rHelper.sol/Keep3rHelper.json")["bytecode"]
        self.helper = self.node.deploy(self.governance, helper_code, ("address", expected))
        code = artifact(f"{_KEEP3R}/contracts/Keep3r.sol/Keep3r.json")["bytecode"]
        arguments = [("address", each) for each in (self.governance, self.helper, KP3R, KP3R, KP3R_WETH_POOL)]
        self.keep3r = self.node.deploy(self.governance, code, *arguments)
        assert self.keep3r.lower() == expected.lower()
        factory_code = artifact(f"{_KEEP3R}/contracts/UniV3PairManagerFactory.sol/UniV3PairManagerFactory.json")
        self.pair_factory = self.node.deploy(self.governance, factory_code["bytecode"])

    def create_pair_manager(self, pool: str, *, mint: bool = True) -> str:
        """Create the pair manager of a pool and, if wanted, give it liquidity that Keep3r may take."""
        self.node.transact(self.governance, self.pair_factory, calldata("createPairManager(address)", pool))
        manager: str = self.node.view(self.pair_factory, "pairManagers(address)", ["address"], pool)[0]
        if not mint:
            return manager
        for token in (KP3R, WETH):
            self.node.transact(self.provider, token, calldata("approve(address,uint256)", manager, 2**256 - 1))
        amount = 10**22
        minting = calldata("mint(uint256,uint256,uint256,uint256,address)", amount, amount, 0, 0, self.provider)
        self.node.transact(self.provider, manager, minting)
        self.node.transact(self.provider, manager, calldata("approve(address,uint256)", self.keep3r, 2**256 - 1))
        return manager

    def _start_job(self) -> None:
        code = artifact(f"{_KEEP3R}/for-test/JobForTest.sol/JobForTest.json")["bytecode"]
        self.job = self.node.deploy(self.governance, code, ("address", self.keep3r))
        self.pass_time(12 * _DAY)
        self.swap(10**18)
        self.govern("approveLiquidity(address)", self.liquidity)
        self.node.transact(self.provider, self.keep3r, calldata("addJob(address)", self.job))
        add = calldata("addLiquidityToJob(address,address,uint256)", self.job, self.liquidity, 10**21)
        self.node.transact(self.provider, self.keep3r, add)
        for keeper in self.keepers:
            self.node.transact(keeper, self.keep3r, calldata("bond(address,uint256)", KP3R, 0))
        self.pass_time(4 * _DAY)
        for keeper in self.keepers:
            self.node.transact(keeper, self.keep3r, calldata("activate(address)", KP3R))

    def deploy_again(self) -> None:
        """Deploy a second Keep3r with helper and job of its own, for the same pool, and work with it from now on."""
        self._deploy_keep3r()
        approval = calldata("approve(address,uint256)", self.keep3r, 2**256 - 1)
        self.node.transact(self.provider, self.liquidity, approval)
        self._start_job()

    def govern(self, signature: str, *values: object) -> None:
        """Make a governance call on Keep3r, in a block of its own."""
        self.node.transact(self.governance, self.keep3r, calldata(signature, *values))

    def new_helper(self) -> str:
        """Put a second helper in the place of the first and return its address."""
        code = artifact(f"{_KEEP3R}/contracts/Keep3rHelper.sol/Keep3rHelper.json")["bytecode"]
        helper = self.node.deploy(self.governance, code, ("address", self.keep3r))
        self.govern("setKeep3rHelper(address)", helper)
        return helper

    def second_pool(self) -> tuple[str, str]:
        """Create a pool of another fee with its pair manager, unknown to Keep3r as yet; return both addresses."""
        data = calldata("createPool(address,address,uint24)", KP3R, WETH, 3000)
        self.node.rpc("anvil_setStorageAt", FACTORY, storage_of_mapping("uint24", 3000, 4), word(60))
        receipt = self.node.transact(self.governance, FACTORY, data)
        pool = "0x" + receipt["logs"][0]["data"][-40:]
        self.node.transact(self.governance, pool, calldata("initialize(uint160)", 2**96 // 4))
        return pool, self.create_pair_manager(pool, mint=False)

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and mine a block."""
        self.node.rpc("evm_increaseTime", seconds)
        self.node.mine()

    def swap_data(self, amount: int) -> str:
        """Return the input of a swap through the swapper: KP3R for WETH if `amount` is positive."""
        limit = _MIN_SQRT_RATIO + 1 if amount > 0 else _MAX_SQRT_RATIO - 1
        signature = "swap(address,bool,int256,uint160,bytes)"
        return calldata(signature, self.swapper, amount > 0, abs(amount), limit, b"")

    def swap(self, amount: int) -> None:
        """Swap in a block of its own."""
        self.node.transact(self.governance, self.swapper, self.swap_data(amount))

    def live(self, blocks: int, seed: int) -> None:
        """Let keepers work and traders swap for some blocks: several transactions in some, none in others."""
        choose = random.Random(seed)
        for _ in range(blocks):
            if choose.random() < 0.2:
                self.node.rpc("evm_increaseTime", choose.randrange(600, 2 * _DAY))
            for _ in range(choose.choice([0, 1, 1, 2, 4])):
                sender = choose.choice(self.node.accounts[5:])
                self.node.send(sender, self.swapper, self.swap_data(choose.randrange(-(10**19), 10**19) or 1))
            if choose.random() < 0.5:
                self.node.send(choose.choice(self.keepers), self.job, calldata("work()"))
            self.node.mine()


def _created_by(sender: str, nonce: int) -> str:
    from eth_utils import keccak

    encoded_nonce = bytes([0x80]) if nonce == 0 else bytes([nonce])
    assert nonce < 0x80
    content = bytes([0x80 + 20]) + bytes.fromhex(sender[2:]) + encoded_nonce
    return "0x" + keccak(bytes([0xC0 + len(content)]) + content)[12:].hex()


def swapper_code(pool: str, token0: str, token1: str) -> str:
    """Assemble the swapper: any call goes to the pool as it came; the pool's callback is paid in the token it asks for.

    The callback is `uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes)`, selector fa461e33; the positive
    amount is what the pool wants, and goes to it by `transfer(address,uint256)`, selector a9059cbb.
    """
    # mstore(36, amount); a call without value and output, whose input is 68 bytes from 0
    pay = "602452" + "6000" + "6000" + "6044" + "6000" + "6000"

    def address(text: str) -> str:
        return "73" + text[2:].lower()

    program: list[str | tuple[str, str]] = [
        "600035" + "60e01c" + "63fa461e33" + "14", ("jump_if", "callback"),
        # calldatacopy(0, 0, calldatasize); call(gas, pool, 0, 0, calldatasize, 0, 0)
        "36" + "6000" + "6000" + "37",
        "6000" + "6000" + "36" + "6000" + "6000" + address(pool) + "5a" + "f1", ("jump_if", "end"),
        "3d6000803e3d6000fd",
        ("label", "end"), "00",
        ("label", "callback"),
        # mstore(0, selector of transfer); mstore(4, caller)
        "63a9059cbb" + "60e01b" + "6000" + "52" + "33" + "6004" + "52",
        # if amount0 > 0 pay token0, else token1
        "6000" + "600435" + "13", ("jump_if", "first"),
        "602435" + pay + address(token1) + "5a" + "f1", ("jump_if", "end"),
        "60006000fd",
        ("label", "first"),
        "600435" + pay + address(token0) + "5a" + "f1", ("jump_if", "end"),
        "60006000fd",
    ]  # fmt: skip
    places: dict[str, int] = {}
    for _ in range(2):
        code = ""
        for part in program:
            if isinstance(part, str):
                code += part
            elif part[0] == "label":
                places[part[1]] = len(code) // 2
                code += "5b"
            else:
                code += "61" + f"{places.get(part[1], 0):04x}" + "57"
    return "0x" + code
