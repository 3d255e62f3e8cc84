# Two commands matter: `make demo` and `make test`. Both make .venv and install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check results-check fix bench docs notebooks clean help

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/train: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "glifo needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train]'
	@touch $@

$(VENV)/dev: $(VENV)/train
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(VENV)/bench: $(VENV)/train
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

setup: $(VENV)/dev       ## make .venv with everything a developer needs

demo: $(VENV)/train      ## train on the embedded digits, test, read pictures, write report.html
	$(BIN)/glifo demo

test: $(VENV)/dev        ## run the tests, a worker for each core (those that need data run where GLIFO_DATA names it)
	$(BIN)/python -m pytest -n auto

check: $(VENV)/dev       ## format, lint, types, import layers, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

fix: $(VENV)/dev         ## format, mend what lint can mend, generate the pages anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/generate.py

results-check: $(VENV)/dev   ## fail when docs/results.md does not say what benchmarks/results holds
	$(BIN)/python docs/generate.py --check docs/results.md

bench: $(VENV)/bench     ## training speed beside Keras and plain PyTorch, reading time
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/reading_time.py

docs: $(VENV)/dev        ## write the generated pages and plots under docs/
	$(BIN)/python docs/generate.py

notebooks: $(VENV)/dev   ## run the notebooks in place, outputs kept (real letters where GLIFO_DATA names them)
	$(BIN)/python notebooks/execute.py

clean:           ## remove .venv and what the demo wrote
	rm -rf $(VENV) demo report.html
