"""The KUMA contracts: one function per contract function, under the contract's own name."""
