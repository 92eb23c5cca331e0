"""Mechanism without nouns. Nothing in here knows what a user or a workspace is; the rooms above do."""
