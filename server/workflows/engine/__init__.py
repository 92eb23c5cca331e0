"""What is next in an execution, decided from what is recorded. Pure: no database, no clock, no network."""
