"""The SQL of accounts, one module per group of tables. Every query is served by an index."""
