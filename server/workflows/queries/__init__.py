"""The SQL of workflows; every query takes the workspace first, but those of runners."""
