# Everything a person types. `make help` lists it.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9
WORKERS ?= 2

# What failed is tried once more: with real processes on two busy cores a wait runs out now and then, and says nothing of
# the code. What fails twice is broken.
define twice
$(VENV)/bin/pytest $(1) || { echo "== Once more, what failed ==" && $(VENV)/bin/pytest --last-failed --last-failed-no-failures none $(1); }
endef

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint unit end-to-end bench soak up down clean lock screenshots

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready ## Make .venv with everything that is pinned in requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	@./include/slipway_local/system_packages.sh
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet uv==$(UV_VERSION)
	$(UV) pip sync --quiet --compile-bytecode --python $(PYTHON) requirements.lock
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --editable .
	@touch $@

demo: setup ## Bring everything up; deliver, judge and heal the sample service (STEPS=1-2: some of it)
	./slipway demo

test: lint unit end-to-end ## Lint, types, unit tests, DAG integrity, and a delivery on a real cluster

lint: setup ## ruff, mypy, import-linter, codespell
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/codespell

unit: setup ## The quick tests: no network, no root
	$(call twice,-n $(WORKERS) -m "not end_to_end and not browser and not soak")

end-to-end: setup ## A delivery by a real Airflow on the embedded cluster (root)
	$(call twice,-m "(end_to_end or browser) and not soak" tests)

soak: setup ## Long tests, not part of `make test`
	$(VENV)/bin/pytest -rP -m soak tests

bench: setup ## Parsing beside plain Python and dag-factory; verdicts a second; a gate; lanes and alerts (root)
	@# Apart from .venv: Airflow would load it in every process, as it does with all that is installed beside it.
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --target .slipway/bench dag-factory==1.1.0
	PYTHONPATH=.slipway/bench $(PYTHON) tests/bench/parse.py
	PYTHONPATH=.slipway/bench $(PYTHON) tests/bench/many_projects.py
	$(PYTHON) tests/bench/verdicts.py
	$(PYTHON) tests/bench/gate.py
	$(PYTHON) tests/bench/lane_handover.py
	$(PYTHON) tests/bench/on_a_running_airflow.py

screenshots: setup ## Take the pictures in docs/ anew, with a real browser (root)
	SLIPWAY_SCREENSHOTS=docs $(VENV)/bin/pytest -m "browser and not soak" tests/end_to_end/test_pages.py

up: setup ## Cluster, images, monitoring, Airflow
	./slipway up

down: ## Stop Airflow and the cluster; their data stays
	./slipway down --cluster

clean: ## Stop and delete everything that this checkout made, .venv included
	@if [ -x $(PYTHON) ]; then ./slipway down && ./slipway cluster delete; fi
	rm -rf .slipway $(VENV)

lock: setup ## Resolve requirements*.txt anew into requirements.lock
	$(UV) pip compile --quiet --universal --python $(PYTHON) --no-annotate --no-header -o requirements.lock requirements-dev.txt
