# `make help` lists what can be done. Everything a target needs is set up first, and again when its source has changed.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# The project's own paths only: another program's settings must not reach in.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

PYTHON := .venv/bin/python
VENV := .venv/.complete
STUBS := protos/gen/.complete
STACK := $(PYTHON) -m deploy.local

# make test SERVICE=auth runs one part, make test ARGS="-k resume -x" hands anything to pytest.
SERVICE :=
ARGS :=
TESTS = $(if $(SERVICE),$(or $(wildcard tests/*/$(SERVICE)),$(error there are no tests of "$(SERVICE)")))

run: $(STUBS) ## Start the platform; Ctrl-C ends it
	@exec $(STACK) run

status: $(VENV) ## Show what runs, from any terminal
	@$(STACK) status

logs: $(VENV) ## Follow the logs, of one process with P=gateway
	@exec $(STACK) logs $(P)

stop: $(VENV) ## End a platform that runs elsewhere
	@$(STACK) stop

admin: $(STUBS) ## Make the first admin: EMAIL=you@example.org (and USERNAME=you)
	@$(STACK) admin $(if $(EMAIL),--email $(EMAIL)) $(if $(USERNAME),--username $(USERNAME))

test: $(STUBS) ## Run the suite on a stack of its own; SERVICE=auth for one part
ifeq ($(SERVICE)$(ARGS),)
	$(PYTHON) -m pytest --cov --cov-report=
	$(PYTHON) -m tests.support.coverage_floors
else
	$(PYTHON) -m pytest $(TESTS) $(ARGS)
endif

test-unit: $(STUBS) ## Run the tests that need no server
	$(PYTHON) -m pytest tests/unit $(ARGS)

coverage: $(VENV) ## Show what the last `make test` covered
	@$(PYTHON) -m coverage report
	@$(PYTHON) -m tests.support.coverage_floors

bench: $(STUBS) ## Measure speed and cost, all or ARGS="paced fanout"; YARDSTICK=<directory> compares with a bare path
	@$(HAVE_WRK)
	$(LOADING) -m tests.load.bench $(ARGS)

load: $(STUBS) ## Measure one part alone: SERVICE=conversations, or gateway, auth, users, notifications, search
	@$(HAVE_WRK)
	$(LOADING) -m tests.load.$(if $(filter search,$(SERVICE)),search,alone $(SERVICE)) $(ARGS)

faults: $(STUBS) ## Kill processes at chosen places under load: ARGS="--point K3 --kills 100"
	$(LOADING) -m tests.faults.failpoints $(ARGS)

returns: $(STUBS) ## End a gateway under its sockets and see them come back: ARGS="--sockets 1000 --way kill drain elsewhere"
	$(LOADING) -m tests.faults.returns $(ARGS)

check: $(STUBS) ## Check format, lint, types, import arrows and the project's own rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -q tests/contract

fix: $(VENV) ## Format and mend what can be mended by itself
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

protos: $(VENV) ## Generate the stubs anew
	@rm -f $(STUBS)
	@$(MAKE) $(STUBS)

lock: $(VENV) ## Resolve pyproject.toml anew into requirements/*.lock
	.venv/bin/uv pip compile $(LOCKED) pyproject.toml -o requirements/runtime.lock
	.venv/bin/uv pip compile $(LOCKED) pyproject.toml --group dev -o requirements/dev.lock

clean: ## Remove what was installed and generated, never the data
	rm -rf .venv protos/gen .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
LOADING = PYTHONPATH=.:protos/gen $(PYTHON)
HAVE_WRK = command -v wrk >/dev/null || [ "$$(id -u)" != 0 ] || $(INSTALL) wrk || { apt-get update && $(INSTALL) wrk; }
LOCKED := --system-certs --quiet --universal --generate-hashes --no-header --python-version 3.11 --upgrade

$(VENV): requirements/dev.lock
	@sh deploy/local/setup.sh $<
	@touch $@

$(STUBS): $(VENV) protos/generate.py $(shell find protos/messaging -name '*.proto')
	@printf '%-20s | %s\n' setup 'generating the stubs'
	@$(PYTHON) -m protos.generate
	@touch $@

.PHONY: run status logs stop admin test test-unit coverage bench load faults returns check fix protos lock clean help
