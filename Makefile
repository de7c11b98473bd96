# Everything people do with SmartScale. Needs Python 3.11 to 3.13 with pip, and make; the rest is
# bootstrapped below .tools and .venv.

UV_VERSION := 0.13.9
TOOLS := .tools/uv
UV := $(TOOLS)/bin/uv

# The newest Python in range that is on this machine; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3 python,$(if \
	$(shell $(name) -c 'import sys; print((3, 11) <= sys.version_info[:2] <= (3, 13) or "")' 2>/dev/null),$(name))))

export UV_PYTHON_DOWNLOADS := never
# An environment that exists keeps its Python.
ifeq ($(wildcard .venv/pyvenv.cfg),)
export UV_PYTHON = $(PYTHON)
endif
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help run install tensorflow test run-tests check run-quick-tests chaos containers growth peers lint style types format openapi layers sam-validate checkov sam-build clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

$(UV):
	@test -n "$(PYTHON)" || { echo "SmartScale needs Python 3.11, 3.12 or 3.13: install one, or name it by PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "$(PYTHON) has no pip: install it (Debian: apt install python3-pip)" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-cache-dir --target $(TOOLS) --upgrade "uv==$(UV_VERSION)"

# Compiled at once, for a service that may not write here.
install: $(UV) ## install what running needs, for a service of another user too
	@$(UV) sync --frozen --quiet --compile-bytecode --no-default-groups --inexact

tensorflow: $(UV) ## install what importing a Keras model needs (2 GB)
	@$(UV) sync --frozen --quiet --compile-bytecode --no-default-groups --group tensorflow --inexact

# What is imported is compiled then, and kept also where the environment says otherwise: all of it would
# take a fresh clone longer, and 60 MB more.
run: $(UV) ## run everything here: emulated cloud, API and kiosk
	@$(UV) sync --frozen --quiet --no-default-groups --inexact
	@exec env PYTHONDONTWRITEBYTECODE= .venv/bin/smartscale run

.venv/.test: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --quiet --compile-bytecode --all-groups
	@touch $@

# Compiled code is kept, also where the environment says otherwise: each process of the tests, and of
# the product that they start, would compile all of ours again. Schemathesis is for tests/chaos alone.
PYTEST := PYTHONDONTWRITEBYTECODE= .venv/bin/pytest -p no:schemathesis

# What these hold would be left out by its marks; to read it takes seconds in each process.
NOT_TESTED := tests/chaos/test_growth.py tests/chaos/test_kills.py tests/chaos/test_routes.py tests/containers

# And here all of these would be.
NOT_CHECKED := tests/chaos tests/containers tests/e2e tests/integration tests/sam

# One process more than cores, up to four: much of what they do is to wait for what they started, and
# each that uses the emulator has one of its own.
PROCESSES := $$(($$(getconf _NPROCESSORS_ONLN) + 1))
TWO_AT_ONCE := @$(MAKE) --no-print-directory --jobs=2

# Types are looked at while the tests run: where nothing was looked at before that takes half a minute.
test: style ## everything CI runs
	$(TWO_AT_ONCE) types run-tests

run-tests: .venv/.test
	$(PYTEST) --numprocesses $(PROCESSES) --maxprocesses 4 $(addprefix --ignore=,$(NOT_TESTED)) $(PYTEST_ARGS)

# One after the other: what is measured is this machine with one run on it.
chaos: .venv/.test ## kill, fill and flood a whole run for up to 20 minutes, and count what was lost
	.venv/bin/pytest -m "" tests/chaos tests/operations/test_restored_tables.py $(PYTEST_ARGS)

# It ends after 15 minutes and takes down what it began, whatever hangs.
containers: .venv/.test ## build the images, and try everything of docker-compose.yml on a Docker engine
	timeout --foreground --signal=INT 900 .venv/bin/pytest -m containers tests/containers $(PYTEST_ARGS)

check: style ## what to run before a commit: all that needs no emulator, browser or TensorFlow
	$(TWO_AT_ONCE) types run-quick-tests

run-quick-tests: .venv/.test
	$(PYTEST) --numprocesses $(PROCESSES) --hypothesis-profile=quick -m "not integration and not browser and not training and not chaos" $(addprefix --ignore=,$(NOT_CHECKED)) $(PYTEST_ARGS)

growth: .venv/.test ## what a shop of some months meets: start, answers, memory and stop by what is stored
	.venv/bin/python benchmarks/growth.py stored

peers: .venv/.test ## weigh side by side with FastAPI, Celery, RabbitMQ, PostgreSQL and VGG16
	.venv/bin/python -m benchmarks.peers $(PEERS_ARGS)

lint: style types ## style, who imports whom, and types

style: .venv/.test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports --no-logo

types: .venv/.test
	.venv/bin/mypy

format: .venv/.test ## format the code
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

openapi: .venv/.test ## write docs/openapi.json from the routes, and the event's schema
	.venv/bin/python -m infra.schemas

layers: $(UV) ## write the layers' and the importer's requirements from uv.lock
	$(UV) export --frozen --quiet --no-annotate --no-header --only-group lambda \
		--output-file layers/runtime/requirements.txt
	$(UV) export --frozen --quiet --no-annotate --no-header --only-group lambda-recognition \
		--no-emit-package typing-extensions \
		--output-file layers/runtime/requirements-recognition.txt
	$(UV) export --frozen --quiet --no-annotate --no-header --only-group tensorflow \
		--output-file functions/model_import/tensorflow.txt

# The newest linter, in an environment of its own: SAM CLI holds ours below it.
sam-validate: .venv/.test ## check template.yaml
	.venv/bin/sam validate --lint
	$(UV) tool run cfn-lint template.yaml

# An environment of its own: its pins are older than ours.
checkov: $(UV) ## look for weak spots in template.yaml and the images
	$(UV) tool run checkov==3.3.30 --quiet --compact --skip-download \
		--framework cloudformation dockerfile \
		--file template.yaml Dockerfile functions/model_import/Dockerfile

sam-build: .venv/.test ## build functions and layers for AWS
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/sam build

clean: ## remove what was built; state and logs in .smartscale stay
	rm -rf .venv .tools .aws-sam .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
