# Two commands: `make demo` runs the main job on real data, `make test` passes the tests. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= auto
# The tests that take more than two seconds each are left out; SLOW=1 runs all.
MARKED := $(if $(SLOW),,-m "not slow")

.PHONY: demo test check format lint types floors install lock wheel bare clean

demo: $(VENV)/.demo
	$(BIN)/python examples/flights/demo.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) $(MARKED) $(PYTEST_ARGS)

check: format lint types floors test

format: $(VENV)/.dev
	$(BIN)/ruff format --check src tests bench examples

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests bench examples

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy --exclude bench/servers bench

floors: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

# Each environment comes from its lock, hash by hash; a change of the lock or of pyproject.toml brings it up to date.
# The environment of the tests holds the demo's.
$(VENV)/.demo: requirements/demo.txt pyproject.toml
	@if [ -f $(VENV)/.dev ]; then $(MAKE) --no-print-directory $(VENV)/.dev; \
	else $(MAKE) --no-print-directory install LOCK=demo; fi
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=dev
	@touch $@ $(VENV)/.demo

install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Solvent needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || $(WITHOUT_ENSUREPIP)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$(LOCK).txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .

# Debian keeps ensurepip in a package of its own (python3-venv); pip alone does as well.
WITHOUT_ENSUREPIP = { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip -q --python $(BIN)/python install pip; }

# Needs uv (pip install uv); no address and no path of a machine ends up in a lock.
COMPILE = uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml
lock:
	$(COMPILE) -o requirements/core.txt
	$(COMPILE) --extra examples --group build -o requirements/demo.txt
	$(COMPILE) --extra dev --group build -o requirements/dev.txt

wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .

# The wheel alone, with the core's dependencies and nothing else, makes a project that runs.
bare: wheel
	rm -rf build/bare
	$(BIN)/python -m venv build/bare/venv
	build/bare/venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/core.txt
	build/bare/venv/bin/pip install -q --disable-pip-version-check --no-deps dist/*.whl
	cd build/bare && venv/bin/solvent init shop && cd shop && ../venv/bin/solvent run && ../venv/bin/solvent run

clean:
	rm -rf $(VENV) .bench dist build .mypy_cache .ruff_cache
