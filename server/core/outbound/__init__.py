"""Requests to addresses that customers choose: guarded, timed and bounded. Knows no database."""
