# Two commands: `make demo` runs the main job on real data, `make test` passes the tests. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= auto

.PHONY: demo test test-slow check format lint types floors lock wheel clean

demo: $(VENV)/.demo
	$(BIN)/python examples/flights/demo.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) -m "not slow" $(PYTEST_ARGS)

# The tests that take more than two seconds each; CI runs them too.
test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) -m slow $(PYTEST_ARGS)

check: format lint types floors test

format: $(VENV)/.dev
	$(BIN)/ruff format --check src tests bench examples

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests bench examples

types: $(VENV)/.dev
	$(BIN)/mypy

floors: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

# Each environment comes from its lock, hash by hash; a change of the lock or of pyproject.toml makes it anew.
$(VENV)/.demo: requirements/demo.txt pyproject.toml
	@test -f $(VENV)/.dev || $(MAKE) --no-print-directory install LOCK=demo
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=dev
	@touch $@ $(VENV)/.demo

.PHONY: install
install:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$(LOCK).txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .

# Needs uv (pip install uv); no address and no path of a machine ends up in a lock.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements/core.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra examples pyproject.toml -o requirements/demo.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra dev pyproject.toml -o requirements/dev.txt

wheel: $(VENV)/.dev
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

clean:
	rm -rf $(VENV) .bench dist build .mypy_cache .ruff_cache
