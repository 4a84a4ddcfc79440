# Every target does its own set-up on a fresh machine; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check fix bench soak docs lock setup-demo setup-test
PYTHON := .venv/bin/python
TYPED := assets firmware_stubs tests
QUICK := tests/unit tests/architecture

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | column -t -s "$$(printf '\t')"

demo: setup-demo ## a filled programme with live simulated trackers; prints the address and a login per role; PORT=N
	@.venv/bin/assets demo $(if $(PORT),--port $(PORT))

test: setup-test check ## all checks and the whole suite; what CI runs
	@$(PYTHON) -m pytest tests $(QUICK:%=--ignore=%) -n auto --dist loadgroup

check: setup-test ## format, lint, types, layers and the quick tests
	@$(PYTHON) -m ruff format --check $(TYPED)
	@$(PYTHON) -m ruff check $(TYPED)
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m pytest $(QUICK) -n auto

fix: setup-test ## format and mend what can be mended by itself
	@$(PYTHON) -m ruff check --fix $(TYPED)
	@$(PYTHON) -m ruff format $(TYPED)

bench: setup-test ## the measurements, against a temporary database and broker
	@.venv/bin/assets bench register
	@.venv/bin/assets bench labels
	@.venv/bin/assets bench summary
	@.venv/bin/assets bench ingest

soak: setup-test ## the fault drills at full size, and every test on both engines
	@SOAK=1 $(PYTHON) -m pytest tests/e2e -k "kill or survive"
	@SOAK=1 $(PYTHON) -m pytest tests/web/custody/test_command_storms.py -n 2 -rP
	@SOAK=1 $(PYTHON) -m pytest tests/db/safekeeping/test_upgrade.py -k killed
	@BOTH_ENGINES=1 $(PYTHON) -m pytest tests/web -n auto

docs: setup-test ## the pictures of the docs and the manual, taken from a running demo
	@$(PYTHON) -m tests.e2e.pictures docs/pictures --manual docs/manual/pictures

lock: ## newest versions that fit, into the lock files (maintainers)
	@$(PYTHON) -m pip install -q uv
	@.venv/bin/uv pip compile -q --no-header --no-annotate pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile -q --no-header --no-annotate --extra quality pyproject.toml -o .ci/quality.lock

setup-demo:
	@.ci/setup demo

setup-test:
	@.ci/setup test
