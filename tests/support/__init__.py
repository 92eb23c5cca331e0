"""What tests of all rooms share: the database, a caller, and waiting for conditions."""
