# The two commands that matter: `make demo` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test test-fast check format setup models sample page browser bench clean help

help:
	@echo "make demo      watch the sample clip, print its timeline, answer three questions"
	@echo "make test      run every test that this machine can run, the browser's included"
	@echo "make test-fast run the tests that need no models and no browser"
	@echo "make check     format, lint and type checks"
	@echo "make page      build the web page that 'omnilive serve' shows"
	@echo "make bench     run the benchmarks of this machine"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "OmniLive needs Python 3.11 or newer: set PYTHON=python3.11 or install it"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV): apt-get install python3-venv"; exit 2; }
	$(PIP) install -q -q --upgrade pip

$(STAMPS)/run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -q -q -c constraints.txt -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(STAMPS)/run
	$(PIP) install -q -q -c constraints.txt -e '.[sample,torch]' --group dev
	@touch $@

$(STAMPS)/models: src/omnilive/catalog/models.py $(STAMPS)/run
	$(BIN)/omnilive models pull
	@touch $@

setup: $(STAMPS)/run

models: $(STAMPS)/models

demo: $(STAMPS)/models
	@$(BIN)/python examples/demo.py

sample: $(STAMPS)/dev
	$(BIN)/python examples/make_sample.py

# The page

web/node_modules: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

src/omnilive/server/page/index.html: web/node_modules $(shell find web/src web/index.html -type f 2>/dev/null)
	cd web && npm run build
	@touch $@

page: src/omnilive/server/page/index.html

# Tests

$(STAMPS)/system:
	@sh tests/system-packages.sh
	@mkdir -p $(STAMPS) && touch $@

test: $(STAMPS)/dev $(STAMPS)/models $(STAMPS)/system page
	$(BIN)/python -m pytest
	cd web && npm run check
	cd web && npm run e2e

test-fast: $(STAMPS)/dev
	$(BIN)/python -m pytest -m "not slow and not models and not rtmp and not browser and not shared"

check: $(STAMPS)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: $(STAMPS)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMPS)/dev $(STAMPS)/models
	$(BIN)/python bench/asr.py
	$(BIN)/python bench/nothing.py
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/qa.py

clean:
	rm -rf $(VENV) $(STAMPS) web/node_modules src/omnilive/server/page
