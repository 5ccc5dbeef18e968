# `make` alone lists the verbs. PYTHON chooses the interpreter that the environment is made from.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n logical --maxprocesses 8

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP_OF = $(1)/bin/python -m pip --quiet --disable-pip-version-check --no-input
PIP := $(call PIP_OF,$(VENV))

MODELSCOPE_VERSION ?= 1.40.2
MODELSCOPE_VENV := $(VENV)/modelscope-$(MODELSCOPE_VERSION)

DEMO_RUN := experiments/demo/make
DEMO_MODEL := $(DEMO_RUN)/output_best
DEMO_ENGLISH := "Northwind Energy said on Tuesday that it would open a second plant near Lisbon."
DEMO_CHINESE := "李明于今年3月加入远山科技有限公司，担任研发总监。"

.DEFAULT_GOAL := help
.PHONY: help install demo test torture modelscope lint format docs bench clean

help:  ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

torture: $(INSTALLED_DEV)  ## the tests of what a run must survive in their long form, one after the other
	ADASEQ_TORTURE=long $(BIN)/python -m pytest tests/torture --timeout 3600 $(TORTURE_ARGS)

# The framework narrows the versions of other libraries.
$(MODELSCOPE_VENV)/.installed: setup.py pyproject.toml requirements-dev.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(MODELSCOPE_VENV)
	grep -v '^modelscope==' requirements.txt > $(MODELSCOPE_VENV)/requirements.txt
	grep -E '^(hypothesis|pytest|pytest-timeout)==' requirements-dev.txt >> $(MODELSCOPE_VENV)/requirements.txt
	$(call PIP_OF,$(MODELSCOPE_VENV)) install -r $(MODELSCOPE_VENV)/requirements.txt
	$(call PIP_OF,$(MODELSCOPE_VENV)) install --editable . 'modelscope[framework]==$(MODELSCOPE_VERSION)'
	touch $@

modelscope: $(MODELSCOPE_VENV)/.installed  ## test ModelScope's pipelines with its framework, in an environment of its own
	$(MODELSCOPE_VENV)/bin/python -m pytest tests/hub/modelscope_framework $(MODELSCOPE_ARGS)

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

bench: $(INSTALLED_DEV)  ## run the benchmark book and write docs/benchmarks.md; BENCH_ARGS goes to benchmarks/book.py
	$(BIN)/python benchmarks/book.py $(BENCH_ARGS)

clean:  ## remove the environment and the caches of the tools
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
