"""What a workflow says: its definition, read from JSON, checked, with its expressions compiled. Pure; no database."""
