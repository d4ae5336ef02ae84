# Every target says what it did. The work itself is in `leadgen` (see `.venv/bin/leadgen --help`), pytest and the linters.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench doors docs screenshots db db-stop clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
LATER := $(filter-out sql/migrations/0001_%,$(wildcard sql/migrations/*.sql))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with the `leadgen` command, and get PostgreSQL and its test extensions if the machine lacks them
	@echo "ready: $(BIN)/leadgen"

$(STAMP): pyproject.toml constraints.txt $(wildcard scripts/*)
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[demo,dev,diff,invoices,stripe,traces]'
	scripts/get-postgres
	scripts/get-postgres-18
	scripts/get-extensions
	scripts/get-plpython
	scripts/get-pgspot
	scripts/get-chromium
	scripts/get-program nginx
	scripts/get-program caddy
	scripts/get-program pgbouncer libc-ares2
	scripts/get-program prometheus
	touch $(STAMP)

demo: $(STAMP) ## Show everything at work: 200 leads in, sold and delivered
	$(BIN)/leadgen demo

# Four, because tests wait for deadlines: on two cores others work meanwhile. Python keeps what it compiled,
# whatever the shell says: otherwise each process would compile all tests, and each worker and API that they start itself.
test: export PYTHONDONTWRITEBYTECODE =
test: $(STAMP) ## Run pgTAP and pytest on four processes (ARGS="-k name" passes on)
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(STAMP) ## Check form and types of Python and SQL
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/sqlfluff lint --processes 0 --nocolor sql pgtap
	PYTHONPATH=tests $(BIN)/python -m form
	$(if $(LATER),$(BIN)/squawk $(LATER))

bench: $(STAMP) ## Measure what a lead costs (ARGS="--quick", "--against REV", "--plans", "--stored N")
	$(BIN)/python -m tests.bench $(ARGS)

docs: $(STAMP) ## Write docs/policy-keys.md, docs/commands.md and docs/reference anew
	$(BIN)/leadgen docs

screenshots: $(STAMP) ## Take docs/pictures from a running demo (ARGS="URL E-MAIL PASSWORD", as `leadgen demo --serve` prints them)
	$(BIN)/python scripts/make-screenshots $(ARGS)

doors: $(STAMP) ## Write the lists of sql/doors.toml anew from what the functions do
	PYTHONPATH=tests $(BIN)/python -m doors

db: $(STAMP) ## Start the embedded PostgreSQL, migrate it and print its URL
	@$(BIN)/leadgen db start >/dev/null
	@$(BIN)/leadgen migrate
	@$(BIN)/leadgen db url

db-stop: $(STAMP) ## Stop the embedded PostgreSQL
	@$(BIN)/leadgen db stop

clean: ## Stop the embedded PostgreSQL and remove .venv, .leadgen and caches
	@if [ -x $(BIN)/leadgen ]; then $(BIN)/leadgen db stop --remove; fi
	rm -rf $(VENV) .leadgen .mypy_cache .pytest_cache .ruff_cache .hypothesis
