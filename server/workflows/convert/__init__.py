"""From rows to messages of the contract, and back where a message comes in: a module for each resource."""
