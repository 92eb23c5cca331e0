# Every command of the project; `make help` lists them.

PYTHON ?= python3.11
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: venv
venv:
	@PYTHON="$(PYTHON)" tools/venv.sh .venv requirements-dev.lock
