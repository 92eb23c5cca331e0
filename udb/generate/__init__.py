"""Turns `protos/` into everything under `gen/`, so that the contract stays the only source of truth (`make gen`)."""
