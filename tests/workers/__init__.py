"""Tests of the workers. A package, so that `python -m tests.workers.process` runs workers with the tests' handlers."""
