"""Keep3r V2 (credit mining): state, rules and views of the contract and its helper, and how its events become calls."""
