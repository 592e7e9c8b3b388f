"""The EVM seen from outside: checked integers, ABI decoding, addresses."""
