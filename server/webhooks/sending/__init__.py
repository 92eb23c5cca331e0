"""Sending one event to one endpoint: body, signature, guarded connection, and what came of it. Knows no database."""
