"""Turns `protos/` into `gen/`, so that the contract stays the only source of truth (`make gen`)."""
