"""The rules of accounts, one module per group of verbs."""
