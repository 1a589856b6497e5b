# Everything a contributor does has a name here. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
# The first Python that is new enough; name another with `make setup PYTHON=...`.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
PYTEST_ARGS ?=
DEMO_ARGS   ?=

.PHONY: help setup assets browser run test check lint types texts tests fmt campaign pictures lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: $(STAMPS)/installed $(STAMPS)/compiled assets browser ## everything needed, into .venv; quick the second time

run: setup ## the demo: a simulated world, and the console that watches it
	$(BIN)/amends demo $(DEMO_ARGS)

test: setup ## set-up and the whole gate
	@$(MAKE) --no-print-directory check

check: lint types texts tests ## the whole gate, without set-up

lint: ## format, lint, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

types: ## strict types
	$(BIN)/mypy

texts: ## every text translated, no translation out of date
	$(BIN)/python scripts/messages.py --check

tests: ## tests alone, such as: make tests PYTEST_ARGS="-m 'not slow'"
	$(BIN)/pytest $(PYTEST_ARGS)

campaign: setup ## the long ones: every invariant at its whole figure
	AMENDS_CONVERGENCE=10000 $(BIN)/pytest --campaign $(PYTEST_ARGS)

fmt: ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pictures: setup ## the pictures of the documents, taken anew from the demo
	$(BIN)/python scripts/take_pictures.py

lock: $(STAMPS)/installed ## choose the newest versions that fit pyproject.toml, and note them
	$(BIN)/uv pip compile --quiet --universal --upgrade --all-extras --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		pyproject.toml -o requirements.lock

clean: ## away with everything that can be made again
	rm -rf $(VENV) node_modules src/amends/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@scripts/make_venv.sh "$(PYTHON)" $(VENV)

$(STAMPS)/installed: pyproject.toml requirements.lock | $(BIN)/python
	@scripts/install.sh $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# What the kernel runs, as machine code: half a minute, once for each version of it.
$(STAMPS)/compiled: $(STAMPS)/installed $(wildcard src/amends/detection/machine/*.py src/amends/detection/learning/*.py)
	@$(BIN)/python -c "from amends.detection import make_ready; make_ready()"
	@touch $@

assets: $(STAMPS)/installed ## what the console needs from npm
	@$(BIN)/python scripts/fetch_assets.py

browser: | $(BIN)/python ## Chromium for the browser tests, where it may be installed
	@scripts/install_chromium.sh
