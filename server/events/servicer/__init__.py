"""The services of the contract, each method one call into the rules."""
