# Everything a clone needs: `make demo` runs the shop, `make test` proves it. `make help` lists all.

SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=

BIN := .venv/bin

# A run starts some dozens of processes, and each would compile every module anew.
check tests: export PYTHONDONTWRITEBYTECODE :=

PLUGINS := $(wildcard plugins/*/pyproject.toml)
MANIFESTS := pyproject.toml $(PLUGINS)
PACKAGES := core hosts tests $(wildcard plugins/*/tradewind_*)
PLUGIN_TESTS := $(wildcard plugins/*/tests)

.PHONY: demo test check env system format lint types imports tests bench soak wheels lock clean help
.DEFAULT_GOAL := help

demo: env ## Run the shop with its sandbox; ARGS="--port 8123 --data-dir DIR --json" is passed on
	@exec $(BIN)/tradewind demo $(ARGS)

test: env system lint types imports tests ## Prove everything: style, types, walls, every test

check: env lint types imports ## What to run before each commit: as `make test`, fast tests only
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow and not browser and not faults" $(ARGS)

env: .venv/installed ## Make or refresh the environment in .venv from requirements.lock

# Standard output belongs to `demo --json`, so all set-up speaks on standard error.
.venv/installed: .venv/uv $(MANIFESTS)
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes \
		-r requirements.lock >&2
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation \
		-e . $(PLUGINS:%/pyproject.toml=-e %) >&2
	@touch $@

.venv/uv: requirements.lock
	@echo "Making the environment in .venv from requirements.lock …" >&2
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=…")'
	@$(PYTHON) -m venv .venv >&2
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv-requirements.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r .venv/uv-requirements.txt >&2
	@touch $@

system:
	@tests/system_packages.sh

format: env ## Put every file into the house style
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: env
	$(BIN)/ruff format --check
	$(BIN)/ruff check

# Each plugin's tests are a package called `tests`, so they are checked one plugin at a time.
types: env
	$(BIN)/mypy $(PACKAGES)
	@for tests in $(PLUGIN_TESTS); do echo "mypy $$tests"; $(BIN)/mypy $$tests || exit 1; done

imports: env
	$(BIN)/lint-imports

tests: env
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

bench: env ## Measure; each bench prints one JSON line
	@$(BIN)/python -m tests.bench $(ARGS)

soak: env ## Pay while everything breaks, for long; ARGS="--orders 240 --kills 20 --seed 1"
	@$(BIN)/python -m tests.faults.soak $(ARGS)

wheels: env ## Build the wheels of tradewind and every plugin into dist/
	$(BIN)/uv build --quiet --all-packages --wheel --no-build-isolation --python $(BIN)/python --out-dir dist

lock: .venv/uv ## Resolve requirements.lock anew; ARGS="--upgrade" moves the pins
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --extra embedded --group dev \
		$(addprefix --no-emit-package ,tradewind $(PLUGINS:plugins/%/pyproject.toml=tradewind-%)) \
		-o requirements.lock $(ARGS) $(MANIFESTS)

clean: ## Remove the environment, builds and caches; the shop's data in .tradewind stays
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find core hosts migrations plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
