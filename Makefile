# Everything runs in .venv, which is made from the lock files; nothing is installed elsewhere.
PYTHON ?= python3
PORT ?= 5100
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTEST := DEBUG=1 $(PY) -m pytest
PARALLEL := -n logical --dist worksteal

.PHONY: help run test test-quick e2e lint types check format bench map psql reset lock screenshots messages
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: $(STAMP) ## start Opost with its database and demo data at http://localhost:5100 (PORT= changes it)
	@DEBUG=1 exec $(PY) manage.py serve --port $(PORT)

test: $(STAMP) ## run every test, unit to browser, on real PostgreSQL and Chromium
	@failed=; \
	$(PYTEST) tests $(PARALLEL) || failed=1; \
	$(PY) -m e2e.browser --install && $(PYTEST) e2e $(PARALLEL) || failed=1; \
	test -z "$$failed"

test-quick: $(STAMP) ## run the tests that are done within two minutes
	@$(PYTEST) tests $(PARALLEL) -m "not (hypothesis or storm or schemathesis or process)"

e2e: $(STAMP) ## run the browser tests only
	@$(PY) -m e2e.browser --install
	@$(PYTEST) e2e $(PARALLEL)

lint: $(STAMP) ## check style: ruff, djade, and that no migration is missing
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@git ls-files -z 'templates/*.html' | xargs -0 -r $(VENV)/bin/djade --target-version 6.0 --check
	@DEBUG=1 $(PY) manage.py makemigrations --check --dry-run

types: $(STAMP) ## check types: mypy, strict
	@DEBUG=1 $(PY) -m mypy

check: lint types test ## all of lint, types and test

format: $(STAMP) ## format the code and the templates
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@git ls-files -z 'templates/*.html' | xargs -0 -r $(VENV)/bin/djade --target-version 6.0

bench: $(STAMP) ## measure against peers; QUICK=1 takes under two minutes
	@$(PY) -m e2e.browser --install
	@$(PY) -m benchmarks $(if $(QUICK),--quick)

map: $(STAMP) ## print figures of the code: modules, floors, functions, and walks of requests
	@$(PY) -m benchmarks.structure

psql: $(STAMP) ## open a shell on the embedded database
	@DEBUG=1 exec $(PY) -m config.embedded psql

reset: $(STAMP) ## delete the embedded database, after asking
	@DEBUG=1 exec $(PY) -m config.embedded reset

screenshots: $(STAMP) ## take the documents' pictures anew
	@$(PY) -m e2e.browser --install
	@DEBUG=1 $(PY) -m pytest -q e2e/screenshots.py

messages: $(STAMP) ## bring the catalogues of translated texts up to date, and say what is missing
	@DEBUG=1 $(PY) -m config.messages

lock: $(STAMP) ## make the lock files anew from pyproject.toml
	@$(PY) -m uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header \
		pyproject.toml -o requirements.lock
	@$(PY) -m uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header \
		pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

# A new lock makes a new environment, so that it holds exactly what the lock says.
$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
		echo "Opost needs Python 3.12 or newer as $(PYTHON): install it, or say make $(MAKECMDGOALS) PYTHON=python3.13." >&2; exit 1; }
	@echo "Installing into $(VENV) ..."
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

.DEFAULT:
	@echo "There is no target '$@'; make help lists them." >&2; exit 2
