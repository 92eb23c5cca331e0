"""Tests of the workers. A package, so that `python -m tests.workers.process` runs them with handlers of the tests' own."""
