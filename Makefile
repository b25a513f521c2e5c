# The contributor's interface; CI calls only these targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo up test test-unit test-sqlite test-postgres test-e2e proof chaos chaos-long check format bench conformance docs lock clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.made:
	@python=$$(scripts/python.sh) && "$$python" -m venv $(VENV) && touch $@

$(VENV)/.runtime: $(VENV)/.made requirements/runtime.txt pyproject.toml
	@echo "Installing Mageferry into $(VENV) (once) ..."
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements/runtime.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing the development tools into $(VENV) (once) ..."
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

demo: $(VENV)/.runtime ## the main job on an embedded default: two sandbox shops, orders in, orders out, proof
	@$(BIN)/mageferry demo

up: $(VENV)/.runtime ## the hub for a browser: web and worker in one process on SQLite
	@$(BIN)/mageferry up --demo-shops

test: $(VENV)/.dev ## every test: unit, SQLite, PostgreSQL, browser, demo, chaos
	@scripts/test.sh

test-unit: $(VENV)/.dev ## tests without network or database
	@scripts/test.sh unit

test-sqlite: $(VENV)/.dev ## unit and integration tests on SQLite
	@scripts/test.sh sqlite

test-postgres: $(VENV)/.dev ## integration tests on PostgreSQL (installed and started when missing)
	@scripts/test.sh postgres

test-e2e: $(VENV)/.dev ## the demo and a browser, as a user would
	@scripts/test.sh e2e

proof: $(VENV)/.dev ## the long form of the proofs of the ledger: 50,000 units, 200 killed workers
	@PROOF_UNITS=50000 scripts/test.sh proof

chaos: $(VENV)/.dev ## 20 runs of flows, 5 of routes: faults at every request, workers killed, all sides compared
	@scripts/test.sh chaos

chaos-long: $(VENV)/.dev ## the same with 1,000 orders in one run
	@$(BIN)/python -m chaos --seeds 1 --orders 1000 --seconds 3600

check: $(VENV)/.dev ## format, lint, types, import contracts, Django checks, migrations, generated docs
	@scripts/check.sh

format: $(VENV)/.dev ## let ruff format and mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## measure against others in one run and write docs/benchmarks.md
	@$(BIN)/python -m bench

conformance: $(VENV)/.dev ## compare the sandbox with recordings of a real shop: make conformance DATA=DIR
	@test -n "$(DATA)" || { echo "Say where the recordings are: make conformance DATA=DIR (store/, timeline/, recordings/)" >&2; exit 2; }
	@$(BIN)/python -m conformance "$(DATA)"

docs: $(VENV)/.dev ## write the generated pages of docs/
	@$(BIN)/python scripts/generate_docs.py

lock: ## write the hash-locked requirements (needs uv)
	@scripts/lock.sh

clean: ## remove the environment and what the tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var/bench
