# `make` alone lists the verbs. PYTHON chooses the interpreter that the environment is made from.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n logical --maxprocesses 8

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

DEMO_RUN := experiments/demo/make
DEMO_MODEL := $(DEMO_RUN)/output_best
DEMO_ENGLISH := "Northwind Energy said on Tuesday that it would open a second plant near Lisbon."
DEMO_CHINESE := "李明于今年3月加入远山科技有限公司，担任研发总监。"

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format docs bench clean

help:  ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("The tested versions need Python 3.11 or later: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# The pinned set goes in first: it holds the torch that everything else is then resolved around.
$(INSTALLED): setup.py pyproject.toml requirements.txt | $(BIN)/python
	$(PIP) install -r requirements.txt
	$(PIP) install --editable .
	touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(PIP) install -r requirements-dev.txt
	touch $@

install: $(INSTALLED)  ## make the environment in .venv and install AdaSeq in it

# The model is so small that threads would only wait for each other.
demo: export OMP_NUM_THREADS ?= 1
demo: $(INSTALLED)  ## train on the bundled corpus, evaluate, predict two sentences, show the results
	$(BIN)/adaseq train -c adaseq/demo/demo.yaml -w $(DEMO_RUN) --force --device cpu
	$(BIN)/adaseq test -w $(DEMO_RUN) --device cpu
	$(BIN)/adaseq predict -m $(DEMO_MODEL) --device cpu --text $(DEMO_ENGLISH)
	$(BIN)/adaseq predict -m $(DEMO_MODEL) --device cpu --text $(DEMO_CHINESE)
	@echo
	@echo "The run is in $(DEMO_RUN):"
	@ls $(DEMO_RUN)
	@echo "The model, complete in itself, is in $(DEMO_MODEL):"
	@ls $(DEMO_MODEL)

test: $(INSTALLED_DEV)  ## run the tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(INSTALLED_DEV)  ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED_DEV)  ## let ruff format the code and sort the imports
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(INSTALLED)  ## write docs/configuration.md and its Chinese twin from the schema
	$(BIN)/python scripts/configuration_reference.py

bench: $(INSTALLED_DEV)  ## measure speed; BENCH_ARGS goes to the scripts
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script $(BENCH_ARGS) || exit 1; done

clean:  ## remove the environment and the caches of the tools
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
