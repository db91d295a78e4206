# Everything here needs only python3 and make. `make demo` and `make test` each work alone on a fresh clone.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Errors are shown; the build backend's advice on editable installs, which is not for users, is not.
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.PHONY: demo test test-all lint typecheck bench clean help

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/.demo ## run the main job on real photos and a clip, and draw a contact sheet
	$(BIN)/python examples/demo/run.py

test: $(VENV)/.dev ## ruff, import-linter, pyright and the first stage of tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/pytest -q

test-all: $(VENV)/.dev ## both stages: also real peers, browsers, long fault and load runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/pytest -q -m "slow or not slow"

bench: $(VENV)/.dev ## every benchmark, against the real peers
	$(BIN)/python benchmarks/run.py

$(VENV)/.pip:
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade pip
	@touch $@

$(VENV)/.demo: $(VENV)/.pip pyproject.toml
	@echo "installing what the demo needs into $(VENV) (once, about half a minute)"
	@$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.pip pyproject.toml
	@echo "installing what the tests need into $(VENV) (once, about half a minute)"
	@$(PIP) -e '.[dev]'
	@touch $@

clean: ## remove the virtual environment and everything made by the demo
	rm -rf $(VENV) demo-output build dist *.egg-info
