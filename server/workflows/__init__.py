"""Workflows: definitions, the engine that interprets them, and everything one can ask of their executions."""
