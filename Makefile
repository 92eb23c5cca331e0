# Every command of the project; `make help` lists them.

PYTHON ?= python3.11
# A revision to compare the contract with, instead of the one that tools/breaking.sh finds.
AGAINST ?=
# Arguments for pytest, such as ARGS="tests/core -k paging".
ARGS ?=
# How many processes run the tests.
JOBS ?= auto

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON

BIN := .venv/bin
BUF = $(firstword $(wildcard node_modules/@bufbuild/buf-*/bin/buf))
TYPED := server workers udb migrations tests

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' ' \
	    /^## / { printf "\n\033[1m%s\033[0m\n", substr($$0, 4) } \
	    /^[a-z-]+:.*## / { printf "  \033[36mmake %-9s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Run

.PHONY: run
run: .runtime ## Start the whole product; Ctrl-C stops it
	@$(BIN)/udb up

.PHONY: venv
venv: ## Make or refresh the virtual environment (.venv) and node_modules
	@tools/venv.sh .venv requirements-dev.lock
	@tools/node.sh dev

.PHONY: .runtime
.runtime:
	@tools/venv.sh .venv requirements.lock
	@tools/node.sh run

## Test

.PHONY: test
test: venv ## Run all tests; ARGS="tests/core -k paging" picks some
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

.PHONY: soak
soak: venv ## Run the product under load and faults for a long time
	@$(BIN)/pytest tests/e2e/soak -o python_files='soak_*.py' $(ARGS)

## Check (what CI runs before the tests)

.PHONY: check
check: venv ## Check generated files, style, types and the contract's compatibility
	@$(MAKE) .gen-is-current
	@$(MAKE) lint
	@$(MAKE) types
	@$(MAKE) breaking

.PHONY: lint
lint: venv .buf/googleapis ## Check style, formatting, ranks and the contract
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BUF) lint
	@$(BUF) format --diff --exit-code protos

.PHONY: types
types: venv ## Check the types
	@$(BIN)/mypy $(TYPED)

.PHONY: breaking
breaking: venv .buf/googleapis ## Check that no client of the contract on main breaks; AGAINST=revision compares with another
	@BUF="$(BUF)" tools/breaking.sh $(AGAINST)

.PHONY: format
format: venv .buf/googleapis ## Format the code and the contract
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet
	@$(BUF) format --write protos

## Generate

.PHONY: gen
gen: venv ## Write gen/ from protos/
	@$(BIN)/python -m udb.generate

.PHONY: .gen-is-current
.gen-is-current: gen
	@if [[ -n "$$(git status --porcelain -- gen)" ]]; then \
	    git status --short -- gen; git --no-pager diff --stat -- gen; \
	    echo "gen/ differs from what protos/ gives: run 'make gen' and commit gen/." >&2; exit 1; \
	fi

.buf/googleapis: requirements-dev.lock
	@$(MAKE) venv
	@$(BIN)/python -c 'from pathlib import Path; from udb.generate.protoc import copy_googleapis; copy_googleapis(Path("$@"))'
	@touch $@

.PHONY: lock
lock: venv ## Resolve all lock files anew, to the newest versions that fit
	@tools/lock.sh

## Measure

.PHONY: bench
bench: venv ## Measure the product against its peers
	@tools/venv.sh .venv-bench benchmarks/requirements.lock
	@tools/venv.sh .venv-bench-prefect benchmarks/requirements-prefect.lock
	@$(BIN)/python -m benchmarks $(ARGS)

## Docs

.PHONY: schema
schema: venv ## Draw the diagram of the database schema into docs/schema.md
	@$(BIN)/udb schema

.PHONY: settings
settings: venv ## List every setting in docs/settings.md
	@$(BIN)/python -m udb.settings

.PHONY: event-types
event-types: venv ## List every built-in event type in docs/event-types.md
	@$(BIN)/python -m udb.event_types

.PHONY: step-types
step-types: venv ## List every type of step in docs/workflows-steps.md
	@$(BIN)/python -m udb.step_types

.PHONY: workflow-schema
workflow-schema: venv ## Write the JSON Schema of workflow definitions to docs/workflow.schema.json
	@$(BIN)/python -m udb.workflow_schema

## Clean

.PHONY: clean
clean: ## Delete everything that make made; data in var/ stays
	@rm -rf .venv .venv-bench .venv-bench-prefect .buf node_modules *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
